// The server under test, seen from a script for Node: where it is, how its clock is moved, how a check is reported.

import { isDeepStrictEqual } from "node:util";

export const BASE = process.env.SEATRIAL_BASE_URL?.replace(/\/+$/, "") ?? "http://127.0.0.1:7447";

let failed = 0;

/// Reports a block as one check; a failure is told and the script goes on to its next check.
export async function check(name, block) {
  try {
    await block();
    console.log(`ok ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`failed ${name}: ${error.message}`);
    console.error(error);
  }
}

export function equal(found, wanted) {
  if (!isDeepStrictEqual(found, wanted)) throw new Error(`found ${JSON.stringify(found)}, wanted ${JSON.stringify(wanted)}`);
}

/// Moves the virtual clock, for example by `61m`.
export async function advance(by) {
  const answer = await fetch(`${BASE}/_seatrial/sandboxes/default/clock/advance`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ by }),
  });
  equal(answer.status, 200);
}

/// Ends the script with the verdict.
export function finish() {
  process.exitCode = failed === 0 ? 0 : 1;
}
