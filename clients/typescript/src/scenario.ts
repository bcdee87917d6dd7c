import { readFile } from "node:fs/promises";

import type { Json } from "./admin.js";

// A type that names what there is, for an editor to complete, and still takes what a server has beside it.
type Open<Known extends string> = Known | (string & {});

/** The id of a vendor, in one version of its API. */
export type Vendor = Open<"shipmate" | "shipmate_v1_2" | "shippo" | "shipstation_v1" | "shipstation_v2" | "shiptheory" | "shiptime">;

/** The first segment of a vendor's paths, which its versions share. */
export type Mount = Open<"shipmate" | "shippo" | "shipstation" | "shiptheory" | "shiptime">;

/** Operations: `shippo.CreateTransaction`, all of a vendor by `shippo.*`, or all by `*`. */
export type Operation = "*" | `${string}.${string}`;

/** An expression such as `$request.body.country == "US"`, or several of them. */
export type Condition = string | boolean | { all: Condition[] } | { any: Condition[] } | { not: Condition };

/** How often: exactly so many, or a range such as `1..2` or `1..`. */
export type Count = number | `${number}` | `${number}..` | `${number}..${number}`;

/** What is expected of calls and of webhooks: an entry of a scenario's `expect`. */
export type Expectation =
  | { call: Operation; count?: Count; when?: Condition }
  | { never: Operation; when?: Condition }
  | { order: Operation[] }
  | { webhook: { event: string; min?: number; max?: number; answered?: number | `${number}xx` | `${number}` } };

/** What a caller gets in place of an answer, or of it: a status, or what goes wrong on the wire. */
export type Failure =
  | number | "reset" | "empty" | "timeout" | "truncate" | "length_short" | "length_long" | "garbage" | "bad_chunk" | "drip" | "stall"
  | "html_gateway" | "wrong_type" | "bad_json" | "duplicate_header" | "tls_alert" | "h2_reset" | "h2_goaway";

/** What calls meet: an entry of a scenario's `overrides`, and what {@link Sandbox.fault} takes. */
export type Override = {
  on: Operation;
  when?: Condition;
  /** How often it applies; without end otherwise. */
  times?: number;
  /** How many calls it leaves alone first. */
  skip?: number;
  /** How long an answer is held, such as `2s` or `1s..3s`. */
  latency?: string;
} & (
  | { fault: Failure | { commit?: boolean; then: Failure; for?: string; status?: 502 | 503 | 504 } }
  | { respond: { status: number; headers?: Record<string, string | number | boolean>; body?: Json } }
  | { patch: { status?: number; headers?: Record<string, string | number | boolean>; body?: Json; set?: Record<string, Json>; remove?: string[] } }
  | { rate_limit: { per?: "credential" | "sandbox"; limit: number; window: string } }
  | { latency: string }
);

/** A scenario, its text in YAML, the name of a built-in one, or a file: a `file:` URL, or a text that ends in `.yaml` or `.yml`. */
export type Scenario = string | URL | ScenarioObject;

/** A scenario as an object; members that are not typed here are read by the server all the same. */
export interface ScenarioObject {
  name?: string;
  seed?: number;
  overrides?: Override[];
  expect?: Expectation[];
  [member: string]: Json;
}

/** What the server is told of a scenario: a file is read, from the working directory unless its path is absolute. */
export async function readScenario(scenario: Scenario): Promise<string | ScenarioObject> {
  const isFile = scenario instanceof URL || (typeof scenario === "string" && /^[^\n]*\.ya?ml$/.test(scenario));
  return isFile ? readFile(scenario, "utf8") : scenario;
}
