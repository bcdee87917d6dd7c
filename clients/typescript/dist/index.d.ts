/**
 * Carrier APIs on localhost for tests: a Seatrial sandbox for each test. Thin over the admin API, nothing but Node.
 *
 * ```ts
 * const server = await Server.start();
 * const sandbox = await server.sandbox({ seed: 7 });
 * // … call the code under test with sandbox.url("shippo") and sandbox.credential("shippo", "token") …
 * await sandbox.clock.advance("72h");
 * await sandbox.expect([{ call: "shippo.CreateTransaction", count: 1 }]);
 * await sandbox.delete();
 * await server.stop();
 * ```
 *
 * With Vitest, Jest or `node:test`, {@link withSandbox} does all of that for one test.
 */
export { Admin, Problem, Unreachable, type Json } from "./admin.js";
export { Inbox, type Letter, type Subscription, type Webhook } from "./inbox.js";
export { Clock, Parcels, Sandbox, UnmetExpectations, type Call, type Credential, type Finding, type Headers, type HeaderText, type OperationDetails, type Parcel, type Played, type Report, type Unused, type Wanted, } from "./sandbox.js";
export type { AccountRow, BusinessFailure, ClockSetting, Condition, Count, Expectation, ExpectedWebhook, Failure, Latency, Mount, Operation, Ordered, Override, ParcelStatus, Patch, RateLimit, RequestShape, Respond, Scenario, ScenarioObject, Timeline, TimelineStep, TimeWindow, Vendor, Webhooks, WebhookSubscription, } from "./scenario.js";
export { Server, type Launch } from "./server.js";
export { sharedServer, withSandbox, type Judged } from "./testing.js";
