// What compiles and what does not: `types.test.mjs` has it compiled.

import type { Expectation, Override, Sandbox, Scenario } from "seatrial";

export const expected: Expectation[] = [
  { call: "shippo.CreateTransaction", count: 2 },
  { call: "shippo.*", count: "1..2", when: { any: ["$call.nth == 1", { not: '$request.body.country == "US"' }] } },
  { never: "*" },
  { order: ["shippo.CreateShipment", "shippo.CreateTransaction"] },
  { webhook: { event: "track_updated", min: 1, answered: "2xx" } },
  // @ts-expect-error an operation is one of a vendor
  { call: "CreateTransaction" },
  // @ts-expect-error a count is a number or a range
  { call: "shippo.CreateTransaction", count: "twice" },
  // @ts-expect-error no such member
  { call: "shippo.CreateTransaction", conut: 2 },
  // @ts-expect-error it expects nothing
  { when: "true" },
  // @ts-expect-error an event has a name
  { webhook: { min: 1 } },
];

export const overrides: Override[] = [
  { on: "shippo.CreateTransaction", fault: 503, times: 1, latency: "2s" },
  { on: "*", fault: { commit: true, then: "reset" } },
  { on: "shiptheory.*", respond: { status: 200, body: { a: [1] } } },
  { on: "shippo.CreateAddress", rate_limit: { limit: 2, window: "1m", per: "sandbox" } },
  { on: "shippo.CreateAddress", latency: "1s..3s" },
  // @ts-expect-error nothing goes wrong
  { on: "shippo.CreateAddress" },
  // @ts-expect-error no such fault
  { on: "shippo.CreateAddress", fault: "broken" },
  // @ts-expect-error an answer has a status
  { on: "shippo.CreateAddress", respond: { body: {} } },
];

export const scenario: Scenario = { name: "mine", expect: expected, overrides, timelines: [{ name: "slow" }] };

export async function use(sandbox: Sandbox): Promise<void> {
  // Vendors are completed by an editor, and others are taken as well.
  sandbox.url("shippo");
  sandbox.url("a-vendor-of-ours");
  await sandbox.webhook("shipmate", "http://127.0.0.1:9/hook", { format: "form", events: ["SHIPMENT_CREATED"] });
  // @ts-expect-error no such format
  await sandbox.webhook("shipmate", "http://127.0.0.1:9/hook", { format: "xml" });
  await sandbox.expect(expected);
}
