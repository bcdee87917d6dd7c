// The client against a real server, as a user of the package has it.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";

import { Problem, Server, UnmetExpectations, withSandbox } from "../dist/index.js";

const ADDRESS = { name: "Ada", street1: "215 Clayton St.", city: "San Francisco", state: "CA", zip: "94117", country: "US" };
const PARCEL = { length: "5", width: "5", height: "5", distance_unit: "in", weight: "2", mass_unit: "lb" };

/** The code under test: a call of Shippo. */
async function post(sandbox, path, body) {
  const headers = { "content-type": "application/json", authorization: `ShippoToken ${sandbox.credential("shippo", "token")}` };
  const answer = await fetch(sandbox.url("shippo") + path, { method: "POST", headers, body: JSON.stringify(body) });
  return { status: answer.status, body: answer.ok ? await answer.json() : await answer.text() };
}

async function buy(sandbox) {
  const shipment = { address_from: ADDRESS, address_to: ADDRESS, parcels: [PARCEL], async: false };
  const { rates } = (await post(sandbox, "/shipments/", shipment)).body;
  const rate = rates.find((rate) => rate.provider === "USPS").object_id;
  return (await post(sandbox, "/transactions/", { rate, async: false })).body.tracking_number;
}

let server;
before(async () => {
  server = await Server.start();
});
after(() => server.stop());

async function within(wanted, run) {
  const sandbox = await server.sandbox(wanted);
  try {
    return await run(sandbox);
  } finally {
    await sandbox.delete();
  }
}

test("time and parcels are in the test's hand", () =>
  within({ seed: 7, frozenAt: "2026-01-05T09:00:00Z" }, async (sandbox) => {
    const number = await buy(sandbox);
    assert.deepEqual((await sandbox.parcels.all()).map((parcel) => parcel.tracking_number), [number]);
    await sandbox.snapshot();
    await sandbox.clock.advance("240h");
    assert.equal((await sandbox.parcels.get(number)).status, "delivered");
    await sandbox.restore();
    assert.equal((await sandbox.clock.now()).toISOString(), "2026-01-05T09:00:00.000Z");
    assert.equal((await sandbox.parcels.event(number, "lost")).status, "lost");
  }));

test("faults, calls and the verdict", () =>
  within({}, async (sandbox) => {
    const down = { on: "shippo.CreateAddress", fault: 503 };
    assert.equal((await sandbox.fault("down", down, () => post(sandbox, "/addresses/", ADDRESS))).status, 503);
    assert.equal((await post(sandbox, "/addresses/", ADDRESS)).status, 201);
    assert.deepEqual((await sandbox.calls({ operation: "shippo.CreateAddress" })).map((call) => call.status), [503, 201]);
    assert.equal((await sandbox.waitForCall({ status: "2xx" })).length, 1);
    await assert.rejects(sandbox.waitForCall({ operation: "shippo.CreateRefund" }, { seconds: 0.01 }), /0 of 1 calls/);
    await sandbox.expect([{ call: "shippo.CreateAddress", count: 2 }]);
    await assert.rejects(sandbox.expect([{ call: "shippo.CreateAddress", count: 3 }]), UnmetExpectations);
    await assert.rejects(sandbox.expect([{ call: "shippo.CreateAddress", count: 3 }]), /failed: \S+:1: /);
    await assert.rejects(server.sandbox({ frozen_at: "2026-01-05T09:00:00Z" }), /no option `frozen_at`: there are name, .* frozenAt/);
    assert.equal((await sandbox.exportCalls("har")).log.entries.length, 2);
    await sandbox.forgetCalls();
    assert.deepEqual(await sandbox.calls(), []);
  }));

test("sandboxes do not see each other", () =>
  within({}, (one) =>
    within({}, async (two) => {
      await buy(one);
      const count = async (sandbox) => (await sandbox.parcels.all()).length;
      const copy = await one.fork();
      const recorded = await one.export("journal", "log");
      assert.equal(recorded.journal.exchanges.length, recorded.journal.written);
      const loaded = await server.loadSandbox("from-a-file", await one.export());
      assert.deepEqual([await count(one), await count(two), await count(copy), await count(loaded)], [1, 0, 1, 1]);
      assert.notEqual(copy.credential("shippo", "token"), one.credential("shippo", "token"));
      await Promise.all([copy.delete(), loaded.delete()]);
      await one.reset();
      assert.equal(await count(one), 0);
    }),
  ));

test("the same seed and calls give the same bytes", async () => {
  const run = () =>
    within({ name: "twin", seed: 9, frozenAt: "2026-01-05T09:00:00Z" }, async (sandbox) => {
      await buy(sandbox);
      return (await sandbox.calls()).map((call) => call.answer.body);
    });
  assert.deepEqual(await run(), await run());
});

test("recorded calls are played in another sandbox", () => {
  const still = { seed: 7, frozenAt: "2026-01-05T09:00:00Z" };
  return within(still, (one) =>
    within(still, async (two) => {
      await buy(one);
      const played = await two.play("shippo", await one.exportCalls("conversation", { secrets: true }));
      assert.deepEqual(played.steps.map((step) => step.status), [201, 201]);
      assert.equal(played.verdict, "passed");
      assert.equal((await two.calls()).length, 2);
    }),
  );
});

test("an operation is looked up", () =>
  within({}, async (sandbox) => {
    const { method, path, example } = await sandbox.operation("shippo.CreateAddress");
    assert.deepEqual([method, path], ["POST", "/shippo/addresses"]);
    assert.equal((await post(sandbox, "/addresses/", example.body)).status, 201);
    assert.ok(example.headers.Authorization.includes(sandbox.credential("shippo", "token")));
  }));

test("a bad scenario is explained", () =>
  within({}, async (sandbox) => {
    await sandbox.load("name: quiet\n");
    await assert.rejects(sandbox.load("nmae: typo"), (problem) => problem instanceof Problem && problem.status === 422);
  }));

test("withSandbox gives a test a sandbox", withSandbox({ expect: [{ call: "shippo.CreateAddress", count: 1 }] }, async (sandbox) => {
  assert.equal((await post(sandbox, "/addresses/", ADDRESS)).status, 201);
}));

test("withSandbox judges in the end", async () => {
  const judged = withSandbox({ expect: [{ call: "shippo.CreateAddress" }] }, async () => {});
  await assert.rejects(judged(), /expected at least 1/);
  const scenario = { expect: [{ call: "shippo.CreateAddress" }] };
  await assert.rejects(withSandbox({ scenario }, async () => {})(), UnmetExpectations);
});

test("withSandbox takes the test last", () => {
  assert.throws(() => withSandbox(async () => {}, { expect: [] }), /takes the test last/);
  assert.throws(() => withSandbox({ expect: [] }), /takes the test last/);
});

test("a failed test shows its calls", async () => {
  const failing = withSandbox(async (sandbox) => {
    await post(sandbox, "/addresses/", ADDRESS);
    throw new TypeError("no label");
  });
  const shown = /no label\ncalls of .*:\n  POST \/.*addresses\/ 201 shippo.CreateAddress/;
  await assert.rejects(failing(), (error) => error instanceof TypeError && shown.test(error.message) && shown.test(error.stack));
});

test("what had no effect is told at the end", async () => {
  const scenario = { overrides: [{ on: "shippo.CreateRefund", fault: 503 }] };
  const sandbox = await server.sandbox({ scenario });
  await post(sandbox, "/addresses/", ADDRESS);
  assert.deepEqual((await sandbox.delete()).unused, [
    { what: "override", name: "shippo.CreateRefund", line: 1, detail: "no call came to it" },
  ]);
  assert.equal(await sandbox.delete(), undefined);
  const warned = new Promise((resolve) => process.once("warning", resolve));
  await withSandbox({ scenario }, (sandbox) => post(sandbox, "/addresses/", ADDRESS))();
  const { name, message } = await warned;
  assert.deepEqual([name, message.split(":")[0]], ["SeatrialWarning", "override `shippo.CreateRefund` in line 1 of the scenario had no effect"]);
});

test("the example of the README runs", async () => {
  const readme = await readFile(new URL("../README.md", import.meta.url), "utf8");
  const [, example] = /```ts\n(?:import .*\n)*([^]*?)```/.exec(readme);
  class Shop {
    constructor(url, token) {
      this.sandbox = { url: () => url, credential: () => token };
    }
    async buyLabel() {
      for (;;) {
        const number = await buy(this.sandbox).catch(() => undefined);
        if (number !== undefined) return number;
      }
    }
  }
  const tests = [];
  new Function("test", "withSandbox", "Shop", "assert", example)((name, run) => tests.push(run), withSandbox, Shop, assert);
  assert.equal(tests.length, 1);
  await tests[0]();
});

test("a server that cannot start is an error", async () => {
  await assert.rejects(Server.start({ binary: "false" }), /did not become ready/);
  await assert.rejects(Server.start({ binary: "/no/such/binary" }), /cannot be started/);
});
