// The library shipstation-node, which has no setting for the address, and a limiter of its own that would make scripts last for minutes.

import { register } from "node:module";

import { BASE, equal } from "./index.mjs";

// Its modules name each other without their endings, as bundlers resolve them.
const resolve = async (specifier, context, next) => {
  for (const ending of ["", ".js", "/index.js"]) {
    try {
      return await next(specifier + ending, context);
    } catch (error) {
      if (ending === "/index.js" || !specifier.startsWith(".")) throw error;
    }
  }
};
register(`data:text/javascript,${encodeURIComponent(`export const resolve = ${resolve}`)}`);
const { default: ShipStation } = await import("shipstation-node");

function moved(api, path) {
  api.baseURL = `${BASE}/shipstation/${path}`;
  api.limiter = { removeTokens: async () => 1 };
  return api;
}

export const v1 = (apiKey, apiSecret) => moved(new ShipStation({ credentials: { v1: { apiKey, apiSecret } } }).v1, "");
export const v2 = (apiKey) => moved(new ShipStation({ credentials: { v2: { apiKey } } }).v2, "v2");

/** The body of a refusal with that status. */
export async function refused(status, call) {
  try {
    await call();
  } catch (error) {
    equal(error.response?.status ?? `${error}`, status);
    return error.response.data;
  }
  throw new Error("the call was not refused");
}
