// Documents that other people wrote, mounted by `--vendor`: each is served or refused with a place, every operation that can be called
// answers as its document says, and what paths show as things is kept.

import { spawn, spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const BINARY = process.env.SEATRIAL_BINARY ?? "target/quick/seatrial";
const EXAMPLES = dirname(createRequire(import.meta.url).resolve("@readme/oas-examples/package.json"));
const METHODS = ["get", "put", "post", "delete", "patch"];
// Documents that are refused, each with what is said.
const REFUSED = {
  "3.0/json/response-http-behavior.json": "there is no security scheme `api_key`",
  "3.1/json/webhooks.json": "no `paths`, so that nothing can be called",
};
// Documents of which answers depart, each with why.
const DEPARTING = {
  "3.0/json/response-schemas.json": "alternatives of which exactly one may fit overlap, and the document has no discriminator",
  "3.1/json/train-travel.json": "its own examples of UUIDs are none",
};

let failed = 0;
const check = (name, holds, found) => {
  console.log(`${holds ? "ok" : "not ok"} ${name}${holds ? "" : `: ${found}`}`);
  failed += holds ? 0 : 1;
};

const documents = ["3.0", "3.1"].flatMap((version) => {
  const folder = join(EXAMPLES, version, "json");
  return readdirSync(folder).filter((file) => file.endsWith(".json")).map((file) => join(folder, file));
});

/** A server with one document, once it listens; `undefined` if it refuses the document. */
const serve = (file) =>
  new Promise((resolve) => {
    const child = spawn(BINARY, ["serve", "--listen", "127.0.0.1:0", "--exit-with-stdin", "--conform", "all", "--vendor", `mine=${file}`]);
    let ready = "";
    child.stdout.on("data", (data) => {
      ready += data;
      const address = /http=(\S+)/.exec(ready);
      if (address) resolve({ base: `http://${address[1]}/mine`, end: () => child.stdin.end() });
    });
    child.on("exit", () => resolve(undefined));
  });

/** Answers of all operations that need no body, with every credential that there is. */
const callAll = async (base, document) => {
  const headers = { authorization: "Bearer seatrial" };
  const query = new URLSearchParams();
  for (const scheme of Object.values(document.components?.securitySchemes ?? {})) {
    if (scheme.in === "header") headers[scheme.name] = "seatrial";
    if (scheme.in === "query") query.set(scheme.name, "seatrial");
  }
  const wrong = [];
  let calls = 0;
  for (const [path, item] of Object.entries(document.paths ?? {})) {
    for (const method of METHODS.filter((method) => item[method])) {
      const url = `${base}${path.replace(/\{[^}]*\}/g, "1")}?${query}`;
      const body = ["put", "post", "patch"].includes(method) ? "{}" : undefined;
      const answer = await fetch(url, { method, body, headers: { ...headers, ...(body ? { "content-type": "application/json" } : {}) }, redirect: "manual" });
      await answer.arrayBuffer();
      calls += 1;
      const notes = answer.headers.get("seatrial-notes") ?? "";
      const is_ours = notes.includes("sandbox-broken") || (answer.status < 400 && notes.includes("answer-invalid"));
      if (is_ours) wrong.push(`${method} ${path} ${answer.status} ${notes}`);
    }
  }
  return { calls, wrong };
};

let calls = 0;
for (const file of documents) {
  const name = file.slice(EXAMPLES.length + 1);
  const server = await serve(file);
  if (!server) {
    const said = spawnSync(BINARY, ["coverage", "--vendor", `mine=${file}`], { encoding: "utf8" }).stderr;
    check(`${name} is refused with a place`, name in REFUSED && said.includes(REFUSED[name]) && /--> .*:\d+:\d+/.test(said), said);
    continue;
  }
  const result = await callAll(server.base, JSON.parse(readFileSync(file, "utf8")));
  server.end();
  calls += result.calls;
  check(`${name} is served as it says`, (result.wrong.length > 0) === name in DEPARTING && !(name in REFUSED), result.wrong.join("; "));
}
check("many operations were called", calls > 300, calls);

const pets = await serve(join(EXAMPLES, "3.1/json/petstore.json"));
const send = async (method, path, body) => {
  const headers = { "content-type": "application/json", authorization: "Bearer seatrial", api_key: "seatrial" };
  const answer = await fetch(`${pets.base}${path}`, { method, headers, body: body && JSON.stringify(body) });
  return { status: answer.status, body: await answer.json().catch(() => undefined) };
};
const made = await send("POST", "/pet", { name: "Rex", photoUrls: ["https://example.com/rex.png"] });
const read = await send("GET", "/pet/1");
check("a pet is kept", made.status === 204 && read.body?.name === "Rex", JSON.stringify([made, read]));
const gone = await send("DELETE", "/pet/1");
check("a pet is gone", (await send("GET", "/pet/1")).status === 404, JSON.stringify(gone));
pets.end();

process.exit(failed === 0 ? 0 : 1);
