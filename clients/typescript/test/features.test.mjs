// The features that both clients have: each of `clients/features.json` is tried here and in the tests of Python.

import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { get } from "node:https";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";

import { Clock, Inbox, Parcels, Problem, Sandbox, Server, UnmetExpectations, Unreachable, withSandbox } from "../dist/index.js";

const TABLE = JSON.parse(await readFile(new URL("../../features.json", import.meta.url), "utf8"));
const ADDRESS = { name: "Ada", street1: "215 Clayton St.", city: "San Francisco", state: "CA", zip: "94117", country: "US" };
const PARCEL = { length: "5", width: "5", height: "5", distance_unit: "in", weight: "2", mass_unit: "lb" };
const START = "2026-01-05T09:00:00Z";
const EVENTS = { events: ["transaction_created"] };

async function post(sandbox, path, body) {
  const headers = { "content-type": "application/json", authorization: `ShippoToken ${sandbox.credential("shippo", "token")}` };
  const answer = await fetch(sandbox.url("shippo") + path, { method: "POST", headers, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`status ${answer.status}`);
  return answer.json();
}

async function buy(sandbox) {
  const shipment = { address_from: ADDRESS, address_to: ADDRESS, parcels: [PARCEL], async: false };
  const { rates } = await post(sandbox, "/shipments/", shipment);
  const rate = rates.find((rate) => rate.provider === "USPS").object_id;
  return (await post(sandbox, "/transactions/", { rate, async: false })).tracking_number;
}

async function startedWith(url) {
  process.env.SEATRIAL_URL = url;
  try {
    return await Server.start();
  } finally {
    delete process.env.SEATRIAL_URL;
  }
}

let server;
const made = [];
before(async () => {
  server = await Server.start();
});
after(async () => {
  await Promise.all(made.map((sandbox) => sandbox.delete()));
  await server.stop();
});

async function open(wanted) {
  const sandbox = await server.sandbox(wanted);
  made.push(sandbox);
  return sandbox;
}

const named = async (sandbox) => (await sandbox.ask("GET", "/scenario")).name;

const TESTS = {
  "a parcel is put on another timeline": async () => {
    const sandbox = await open({ frozenAt: START });
    const number = await buy(sandbox);
    await sandbox.parcels.timeline(number, "lost");
    await sandbox.clock.advance("1000h");
    assert.equal((await sandbox.parcels.get(number)).status, "lost");
  },
  "an inbox receives, waits and is emptied": async () => {
    const [one, two] = [await open(), await open()];
    const [inbox, other] = [await one.inbox(), await two.inbox()];
    await one.webhook("shippo", inbox.url, EVENTS);
    await buy(one);
    assert.equal((await inbox.wait())[0].json.event, "transaction_created");
    assert.deepEqual(await other.letters(), []);
    await inbox.clear();
    assert.deepEqual(await inbox.letters(), []);
    await assert.rejects(inbox.wait({ seconds: 0.01, count: 2 }), /0 of 2 letters/);
  },
  "a delivery is sent again": async () => {
    const sandbox = await open();
    const inbox = await sandbox.inbox();
    await sandbox.webhook("shippo", inbox.url, EVENTS);
    await buy(sandbox);
    const [delivery] = await sandbox.deliveries({ progress: "delivered", wait: "5s" });
    assert.equal((await sandbox.redeliver(delivery.id)).id, delivery.id);
    assert.equal(await sandbox.redeliverFailed({ event: "ORDER_NOTIFY" }), 0);
    assert.ok(Array.isArray(await sandbox.agenda({ kind: "webhook" })));
    assert.ok(Array.isArray(await sandbox.log({ limit: "5" })));
    assert.equal((await inbox.wait({ count: 2 })).length, 2);
  },
  "a paused subscription is resumed": async () => {
    const sandbox = await open();
    const inbox = await sandbox.inbox();
    const webhook = await sandbox.webhook("shippo", `${inbox.url}?status=410`, EVENTS);
    await buy(sandbox);
    await sandbox.deliveries({ progress: "failed", wait: "5s" });
    assert.notEqual((await sandbox.ask("GET", "/webhooks")).webhooks[0].paused, null);
    const { id, active, paused } = await sandbox.resume(webhook.id);
    assert.deepEqual([id, active, paused], [webhook.id, true, null]);
    await assert.rejects(sandbox.resume("nobody"), (problem) => problem instanceof Problem && problem.status === 404);
  },
  "a subscription tells its secret": async () => {
    const sandbox = await open();
    const { url } = await sandbox.inbox();
    const { id, secret } = await sandbox.webhook("shipmate", url);
    assert.ok(secret);
    assert.equal((await sandbox.resume(id)).secret, secret);
    assert.equal((await sandbox.webhook("shippo", url, { secret: "mine" })).secret, "mine");
  },
  "a scenario is a file, a text, an object or a name": async () => {
    const folder = await mkdtemp(join(tmpdir(), "seatrial-"));
    const file = join(folder, "mine.yaml");
    await writeFile(file, "name: mine\n");
    for (const scenario of [file, pathToFileURL(file), "name: mine\n", { name: "mine" }]) {
      assert.equal(await named(await open({ scenario })), "mine");
      const sandbox = await open({ scenario: "lost-parcel" });
      assert.equal(await named(sandbox), "lost-parcel");
      await sandbox.load(scenario);
      assert.equal(await named(sandbox), "mine");
    }
    await rm(folder, { recursive: true });
  },
  "a scenario file brings the files that it includes": async () => {
    const folder = await mkdtemp(join(tmpdir(), "seatrial-"));
    const file = join(folder, "mine.yaml");
    await mkdir(join(folder, "shared"));
    await writeFile(join(folder, "shared", "base.yaml"), "include: seed.yaml\nname: base\n");
    await writeFile(join(folder, "shared", "seed.yaml"), "seed: 77");
    for (const include of [" [shared/base.yaml, lost-parcel]", " # others\n  - 'shared/base.yaml' # one\n\n  - lost-parcel"]) {
      await writeFile(file, `include:${include}\nname: mine\n`);
      const sandbox = await open({ scenario: file });
      assert.equal(await named(sandbox), "mine");
      assert.equal((await sandbox.ask("GET", "")).seed, 77);
      await sandbox.load(pathToFileURL(file));
    }
    // Names by which the files would be others', what is built in between files, one file by two names, and JSON.
    await mkdir(join(folder, "other"));
    await writeFile(join(folder, "other", "base.yaml"), "include: seed.yaml\n");
    await symlink("../shared/seed.yaml", join(folder, "other", "seed.yaml"));
    await writeFile(join(folder, "lost-parcel.yaml"), "description: a file");
    const include = ["other/base.yaml", "lost-parcel.yaml", "lost-parcel", "shared/base.yaml"];
    await writeFile(file, JSON.stringify({ include, name: "mine" }, null, 2));
    const { source } = await (await open({ scenario: file })).ask("GET", "/scenario");
    const expected = ["other/seed.yaml", "other/base.yaml", "lost-parcel.yaml", "built in: lost-parcel"];
    const parts = [...source.matchAll(/^--- # file: (.*)$/gm)].map(([, name]) => name);
    assert.deepEqual(parts, [...expected, "shared/seed.yaml", "shared/base.yaml", "mine.yaml"]);
    await writeFile(file, "include: shared/nothing.yaml\n");
    await assert.rejects(open({ scenario: file }), /--- # file: /);
    await rm(folder, { recursive: true });
  },
  "a clock starts at an instant and runs": async () => {
    for (const instant of [START, new Date(START)]) {
      const sandbox = await open({ startAt: instant });
      assert.ok((await sandbox.clock.now()) - new Date(START) < 300_000);
      assert.equal((await sandbox.ask("GET", "/clock")).mode, "realtime");
      assert.deepEqual(await (await open({ frozenAt: instant })).clock.now(), new Date(START));
    }
  },
  "a seed repeats what comes after reset and fork": async () => {
    const sandbox = await open({ frozenAt: START });
    const reset = async (seed) => {
      await sandbox.reset({ seed });
      return buy(sandbox);
    };
    const fork = async (seed) => {
      const copy = await sandbox.fork("forked-ts", { seed });
      return buy(copy).finally(() => copy.delete());
    };
    for (const drawn of [reset, fork]) {
      const first = await drawn(7);
      assert.equal(await drawn(7), first);
      assert.notEqual(await drawn(8), first);
    }
  },
  "a call tells what went over the wire and what fault it met": async () => {
    const sandbox = await open();
    const cut = { on: "shippo.CreateAddress", fault: "reset" };
    await assert.rejects(sandbox.fault("cut", cut, () => post(sandbox, "/addresses/", ADDRESS)));
    const [{ status, wire, effect }] = await sandbox.calls();
    assert.deepEqual([status, wire.end, effect.name], [null, "reset", "cut"]);
  },
  "a fault stays on until it is switched off": async () => {
    const sandbox = await open();
    const off = await sandbox.fault("down", { on: "shippo.CreateAddress", fault: 503 });
    for (let turn = 0; turn < 2; turn++) await assert.rejects(post(sandbox, "/addresses/", ADDRESS), /503/);
    await off();
    await post(sandbox, "/addresses/", ADDRESS);
  },
  "an instant that is none is told in the client's words": async () => {
    for (const wrong of ["5 Jan 2026", "2026-01-05", "2026-01-05T09:00:00", "2026-02-30T09:00:00Z", "", new Date(NaN)])
      for (const name of ["frozenAt", "startAt"])
        await assert.rejects(server.sandbox({ [name]: wrong }), { message: new RegExp(`^.${name}. is an instant such as .*found "${wrong}"`) });
    await assert.rejects(server.sandbox({ frozenAt: START, startAt: START }), /only one/);
  },
  "an address that is none is named with its variable": async () => {
    for (const wrong of ["127.0.0.1:7447", "localhost:7447", "seatrial", "http://", "ftp://127.0.0.1"])
      await assert.rejects(startedWith(wrong), { message: new RegExp(`found .${wrong}.*SEATRIAL_URL`) });
  },
  "a server that is not there is named with its variable": async () => {
    const taken = createServer();
    await new Promise((resolve) => taken.listen(0, "127.0.0.1", resolve));
    const dead = `http://127.0.0.1:${taken.address().port}`;
    await new Promise((resolve) => taken.close(resolve));
    const refused = (error) => error instanceof Unreachable && error.message.includes(dead) && /SEATRIAL_URL.*REFUSED/.test(error.message);
    await assert.rejects(startedWith(dead), refused);
    await assert.rejects(startedWith(`${server.address}/shippo`), /SEATRIAL_URL is no Seatrial/);
    await (await (await startedWith(server.address)).sandbox()).delete();
  },
  "a vendor that is none is named beside those that there are": async () => {
    const sandbox = await open();
    for (const wrong of ["shipo", "Shippo", "", "toString"]) {
      const named = { name: "RangeError", message: new RegExp(`no vendor .${wrong}., only .*shippo`) };
      assert.throws(() => sandbox.url(wrong), named);
      assert.throws(() => sandbox.credential(wrong, "token"), named);
    }
    assert.throws(() => sandbox.credential("shippo", "password"), /no credential of .shippo. has .password., only .*token/);
  },
  "a mistake in expectations is told before the test": async () => {
    let ran = false;
    const judged = withSandbox({ expect: [{ call: "shippo.CreateAdress" }] }, async () => {
      ran = true;
    });
    await assert.rejects(judged(), /did you mean `shippo.CreateAddress`/);
    assert.equal(ran, false);
  },
  "unmet expectations show the calls": async () => {
    const report = { verdict: "failed", findings: [], dropped: 0, unused: [] };
    assert.ok(new UnmetExpectations(report, [TABLE.call]).message.includes(`\n  ${TABLE.call_line}`));
    assert.match(new UnmetExpectations(report, Array(100).fill(TABLE.call)).message, /50 more before/);
    const sandbox = await open();
    await post(sandbox, "/addresses/", ADDRESS);
    await assert.rejects(sandbox.expect([{ call: "shippo.CreateRefund" }]), /POST \/.*addresses\/ 201 shippo.CreateAddress/);
  },
  "events tell of calls and of the clock": async () => {
    const sandbox = await open();
    const seen = [];
    for await (const [name, data] of sandbox.events("calls", "clock")) {
      seen.push([name, data.mode ?? data.operation]);
      if (seen.length === 2) break;
      await post(sandbox, "/addresses/", ADDRESS);
    }
    assert.deepEqual(seen, [["clock", "realtime"], ["call", "shippo.CreateAddress"]]);
  },
  "a call tells its trace": async () => {
    const sandbox = await open();
    const [trace, span] = ["4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"];
    const authorization = `ShippoToken ${sandbox.credential("shippo", "token")}`;
    await fetch(sandbox.url("shippo") + "/addresses/", { headers: { authorization, traceparent: `00-${trace}-${span}-01` } });
    await post(sandbox, "/addresses/", ADDRESS);
    assert.deepEqual((await sandbox.calls()).map((call) => call.trace), [{ trace_id: trace, parent_id: span }, undefined]);
  },
  "a server listens for HTTPS": async () => {
    const folder = await mkdtemp(join(tmpdir(), "seatrial-ca-"));
    const secure = await Server.start({ arguments: ["--ca-dir", folder], tls: true });
    const ca = await readFile(secure.authority);
    const status = await new Promise((resolve, reject) => {
      get(`${secure.https}/_seatrial/livez`, { ca, agent: false }, (answer) => resolve(answer.resume().statusCode)).on("error", reject);
    });
    await secure.stop();
    await rm(folder, { recursive: true });
    assert.equal(status, 200);
    assert.equal(server.https, undefined);
  },
};

test("members are those of the table", () => {
  const snake = (name) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  for (const kind of [Server, Sandbox, Clock, Parcels, Inbox]) {
    const members = Object.entries(Object.getOwnPropertyDescriptors(kind.prototype));
    const methods = members.filter(([name, { value }]) => name !== "constructor" && typeof value === "function");
    assert.deepEqual(methods.map(([name]) => snake(name)).sort(), TABLE.members[kind.name].toSorted(), kind.name);
  }
});

test("features are those of the table", () => assert.deepEqual(Object.keys(TESTS), TABLE.features));

for (const [name, run] of Object.entries(TESTS)) test(name, run);
