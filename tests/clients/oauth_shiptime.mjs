// simple-oauth2, a generic client for Node, gets a ShipTime token, keeps it, sees that it ran out and gets another.

import { ClientCredentials } from "simple-oauth2";

import { BASE, advance, check, equal, finish } from "./sandbox/index.mjs";

const BOXES = `${BASE}/shiptime/rest/boxes`;

const client = (secret, options = {}) =>
  new ClientCredentials({
    client: { id: "seatrial", secret },
    auth: { tokenHost: `${BASE}/shiptime`, tokenPath: `${new URL(BASE).pathname.replace(/\/$/, "")}/shiptime/oauth2/token` },
    options: { authorizationMethod: "body", ...options },
  });

const boxes = (held) => fetch(BOXES, { headers: { authorization: `Bearer ${held.token.access_token}` } });

let held;

await check("a client gets a bearer token for an hour", async () => {
  held = await client("seatrial-secret").getToken({});
  equal(held.token.token_type, "Bearer");
  equal(held.token.expires_in, 3600);
  equal(held.expired(), false);
});

await check("the token is kept and used again", async () => {
  equal((await boxes(held)).status, 200);
  equal((await boxes(held)).status, 200);
});

await check("a token that was stored as JSON is read back", async () => {
  const stored = client("seatrial-secret").createToken(JSON.parse(JSON.stringify(held)));
  equal(stored.expired(), false);
  equal((await boxes(stored)).status, 200);
});

await check("after an hour of the sandbox's clock the token is refused, and a new one is not", async () => {
  await advance("61m");
  equal((await boxes(held)).status, 401);
  const renewed = await client("seatrial-secret").getToken({});
  if (renewed.token.access_token === held.token.access_token) throw new Error("the renewed token is the old one");
  equal((await boxes(renewed)).status, 200);
});

await check("a client that calls ahead of the hour is let in with its old and its new token", async () => {
  held = await client("seatrial-secret").getToken({});
  await advance("59m");
  equal((await boxes(held)).status, 200);
  const renewed = await client("seatrial-secret").getToken({});
  await advance("2m");
  equal((await boxes(held)).status, 401);
  equal((await boxes(renewed)).status, 200);
});

await check("a wrong secret is an invalid client", async () => {
  const refused = await client("wrong").getToken({}).then(
    () => undefined,
    (error) => error,
  );
  equal(refused?.output?.statusCode, 401);
  equal(refused.data.payload.error, "invalid_client");
});

await check("the library's own way, a Basic pair without credentials in the form, works as well", async () => {
  const other = await client("seatrial-secret", { authorizationMethod: "header" }).getToken({});
  equal((await boxes(other)).status, 200);
});

finish();
