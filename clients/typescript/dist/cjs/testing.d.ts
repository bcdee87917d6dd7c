import { type Sandbox, type Wanted } from "./sandbox.js";
import type { Expectation } from "./scenario.js";
import { Server } from "./server.js";
/** What a test's sandbox is like, and what is expected at its end. */
export interface Judged extends Wanted {
    expect?: Expectation[];
}
/** The server of this process, started by whoever asks first. It ends with the process. */
export declare function sharedServer(): Promise<Server>;
/**
 * A test function with a sandbox of its own, for `test()` of Vitest, Jest and `node:test` alike. When the test has passed, the
 * expectations given here and those of the scenario are judged; when it fails, the message of its error ends with the calls, in a line
 * each. The sandbox is removed either way. What was prepared and had no effect is a warning of the process, a `SeatrialWarning`.
 *
 * ```ts
 * test("a label is bought", withSandbox({ seed: 7, expect: [{ call: "shippo.CreateTransaction", count: 1 }] }, async (sandbox) => {
 *   await shop(sandbox.url("shippo"), sandbox.credential("shippo", "token")).buyLabel();
 * }));
 * ```
 */
export declare function withSandbox(run: (sandbox: Sandbox) => Promise<void>): () => Promise<void>;
export declare function withSandbox(wanted: Judged, run: (sandbox: Sandbox) => Promise<void>): () => Promise<void>;
