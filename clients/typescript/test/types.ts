// What compiles and what does not: `types.test.mjs` has it compiled.

import type { Expectation, Override, Sandbox, Scenario } from "seatrial";

export const expected: Expectation[] = [
  { call: "shippo.CreateTransaction", count: 2 },
  { call: "shippo.*", count: "1..2", when: { any: ["$call.nth == 1", { not: '$request.body.country == "US"' }] } },
  { never: "*" },
  { order: ["shippo.CreateShipment", "shippo.CreateTransaction"] },
  { webhook: { event: "track_updated", min: 1, answered: "2xx" } },
  { call: "shippo.CreateRefund", after: "shippo.CreateTransaction", within: "24h" },
  { order: ["shippo.CreateShipment", { call: "shippo.CreateTransaction", when: "$answer.status == 201" }], within: "1h" },
  { valid: "shippo.*", except: ["unknown-member"] },
  { webhook: { event: "track_updated", answered: "2xx", within: "5m" } },
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
  { on: "shippo.CreateAddress", latency: { median: "200ms", p99: "3s", per_byte: "20us" } },
  { on: "shiptime.*", rate_limit: { per: ["credential", "operation"], limit: 10, window: "1s" } },
  { on: "shippo.CreateTransaction", fault: { then: "carrier_refuses", text: "No." }, times: 1 },
  { on: "shippo.CreateTransaction", refuse: "The depot is closed", when: { all: [{ chance: 0.2 }, { clock: { days: ["sat"], daily: "09:00..17:30" } }] } },
  { on: "shippo.*", when: { request: { headers: { "User-Agent": "shop/*" }, body: { weight: "10.." } } }, patch: { set: { "/rates": [] }, remove: ["/x"] } },
  { on: "shippo.GetAddress", respond: { status: 200, body: {}, off_spec: true } },
  // @ts-expect-error a day has a name of three letters
  { on: "*", fault: 500, when: { clock: { days: ["saturday"] } } },
  // @ts-expect-error nothing is counted by that
  { on: "*", rate_limit: { per: "account", limit: 1, window: "1s" } },
  // @ts-expect-error nothing goes wrong
  { on: "shippo.CreateAddress" },
  // @ts-expect-error no such fault
  { on: "shippo.CreateAddress", fault: "broken" },
  // @ts-expect-error an answer has a status
  { on: "shippo.CreateAddress", respond: { body: {} } },
];

export const scenario: Scenario = { name: "mine", expect: expected, overrides, include: "lost-parcel", "x-mine": 1 };

export const whole: Scenario = {
  clock: { start: "2026-01-05T09:00:00Z", mode: { speed: 3600 } },
  accounts: { shippo: [{ token: "shippo_test_mine", mode: "test", revoked: true, rotates_to: "shippo_test_new" }] },
  given: [{ "shipmate.createSku": { sku: "A1" } }, { "shiptheory.viewShipment": null, parameters: { reference: "A1" }, as: "seen", until: "delivered" }],
  timelines: { slow: { for: { vendor: "shippo" }, steps: [{ at: "+6h", status: "in_transit", location: { city: "Bath" } }], then: "hold" } },
  webhooks: { drop: 0.1, wrong_secret: 0.1, subscriptions: [{ vendor: "shipmate", url: "http://127.0.0.1:9/hook", format: "form" }] },
  rate_limits: "vendor",
};

export const wrong: Scenario[] = [
  // @ts-expect-error no such status
  { timelines: { slow: { steps: [{ at: "+6h", status: "on_its_way" }] } } },
  // @ts-expect-error no such member
  { overides: [] },
];

export async function use(sandbox: Sandbox): Promise<void> {
  // Vendors are completed by an editor, and others are taken as well.
  sandbox.url("shippo");
  sandbox.url("a-vendor-of-ours");
  await sandbox.webhook("shipmate", "http://127.0.0.1:9/hook", { format: "form", events: ["SHIPMENT_CREATED"] });
  // @ts-expect-error no such format
  await sandbox.webhook("shipmate", "http://127.0.0.1:9/hook", { format: "xml" });
  await sandbox.expect(expected);
}
