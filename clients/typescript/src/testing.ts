import { inLines, inWords, UnmetExpectations, type Sandbox, type Wanted } from "./sandbox.js";
import type { Expectation } from "./scenario.js";
import { Server } from "./server.js";

/** What a test's sandbox is like, and what is expected at its end. */
export interface Judged extends Wanted {
  expect?: Expectation[];
}

let shared: Promise<Server> | undefined;

/** The server of this process, started by whoever asks first. It ends with the process. */
export function sharedServer(): Promise<Server> {
  shared ??= Server.start();
  return shared;
}

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
export function withSandbox(run: (sandbox: Sandbox) => Promise<void>): () => Promise<void>;
export function withSandbox(wanted: Judged, run: (sandbox: Sandbox) => Promise<void>): () => Promise<void>;
export function withSandbox(
  first: Judged | ((sandbox: Sandbox) => Promise<void>),
  second?: (sandbox: Sandbox) => Promise<void>,
): () => Promise<void> {
  const { expect, ...wanted }: Judged = typeof first === "function" ? {} : first;
  const run = typeof first === "function" ? first : second;
  if (typeof run !== "function" || (typeof first === "function" && second !== undefined)) {
    throw new TypeError("`withSandbox` takes the test last, behind what its sandbox is like");
  }
  return async () => {
    const sandbox = await (await sharedServer()).sandbox(wanted);
    try {
      // A mistake in them is told before the test.
      if (expect !== undefined) await sandbox.verify(expect);
      await run(sandbox);
      const { unused } = await sandbox.expect();
      for (const row of unused) process.emitWarning(inWords(row), "SeatrialWarning");
      if (expect !== undefined) await sandbox.expect(expect);
    } catch (error) {
      await showCalls(error, sandbox);
      await sandbox.delete().catch(() => undefined);
      throw error;
    }
    await sandbox.delete();
  };
}

/** Puts the calls under the message of what a test threw, for every runner to print. Unmet expectations have them. */
async function showCalls(error: unknown, sandbox: Sandbox): Promise<void> {
  if (error instanceof UnmetExpectations || typeof error !== "object" || error === null || !("message" in error)) return;
  const { message, stack } = error as Error;
  const lines = await sandbox.calls().then(inLines, (problem: Error) => [problem.message]);
  const told = [message, `calls of ${sandbox.name}:`, ...(lines.length > 0 ? lines : ["none"]).map((line) => `  ${line}`)].join("\n");
  Reflect.set(error, "message", told);
  // The stack has the message as it was when the error was made.
  if (stack !== undefined) Reflect.set(error, "stack", stack.replace(message, () => told));
}
