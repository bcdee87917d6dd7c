import { readFile, realpath, stat } from "node:fs/promises";
import { basename, dirname, isAbsolute, posix, resolve } from "node:path";
import { fileURLToPath } from "node:url";

import type { Json } from "./admin.js";

// A type that names what there is, for an editor to complete, and still takes what a server has beside it.
type Open<Known extends string> = Known | (string & {});

/** The id of a vendor, in one version of its API. */
export type Vendor = Open<"shipmate" | "shipmate_v1_2" | "shippo" | "shipstation_v1" | "shipstation_v2" | "shiptheory" | "shiptime">;

/** The first segment of a vendor's paths, which its versions share. */
export type Mount = Open<"shipmate" | "shippo" | "shipstation" | "shiptheory" | "shiptime">;

/** Operations: `shippo.CreateTransaction`, all of a vendor by `shippo.*`, or all by `*`. */
export type Operation = "*" | `${string}.${string}`;

/** An instant, such as `2026-01-05T09:00:00Z`. */
type Instant = string;

/** A duration such as `90s`, `6h` or `2d`. */
type Duration = string;

/** A text; `{{ expressions }}` in it are filled in where it is part of an answer. */
type Text = string | number;

type Headers = Record<string, string | number | boolean>;

/** What a request looks like, in part: texts may be globs, `~/expressions/` or ranges. */
// schema: request
export interface RequestShape {
  method?: Json;
  path?: Json;
  parameters?: Record<string, Json>;
  query?: Record<string, Json>;
  headers?: Record<string, Json>;
  body?: Json;
}

/** Some time of the virtual clock. */
// schema: window
export interface TimeWindow {
  from?: Instant;
  until?: Instant;
  /** Hours of the day: `09:00..17:30`; `22:00..06:00` is a night. */
  daily?: `${string}..${string}`;
  days?: ("mon" | "tue" | "wed" | "thu" | "fri" | "sat" | "sun")[];
  /** A time zone such as `America/New_York`; UTC otherwise. */
  zone?: string;
}

/** An expression such as `$request.body.country == "US"`, several of them, or one of the conditions that have a form of their own. */
// schema: conditions
export type Condition =
  | string | boolean
  | { all: Condition[] } | { any: Condition[] } | { not: Condition }
  | { request: RequestShape }
  | { chance: number }
  | { clock: TimeWindow };

/** How often: exactly so many, or a range such as `1..2` or `1..`. */
export type Count = number | `${number}` | `${number}..` | `${number}..${number}`;

// schema: ordered
export interface Ordered {
  call: Operation;
  when?: Condition;
}

// schema: webhook
export interface ExpectedWebhook {
  event: string;
  min?: number;
  max?: number;
  answered?: number | `${number}xx` | `${number}`;
  within?: Duration;
  forged?: boolean;
}

/** What is expected of calls and of webhooks: an entry of a scenario's `expect`. */
// schema: expectation
export type Expectation =
  | { call: Operation; count?: Count; when?: Condition; after?: Operation; within?: Duration }
  | { never: Operation; when?: Condition; after?: Operation; within?: Duration }
  | { order: (Operation | Ordered)[]; within?: Duration }
  | { valid: Operation; except?: string[] }
  | { webhook: ExpectedWebhook };

/** What a vendor, or a carrier behind it, says no to. */
export type BusinessFailure = Open<
  "carrier_refuses" | "address_undeliverable" | "insufficient_funds" | "label_pending" | "rate_unavailable" | "void_window_over"
>;

type WireFailure =
  | "reset" | "empty" | "timeout" | "truncate" | "length_short" | "length_long" | "garbage" | "bad_chunk" | "drip" | "stall"
  | "html_gateway" | "wrong_type" | "bad_json" | "duplicate_header" | "tls_alert" | "h2_reset" | "h2_goaway";

/** What a caller gets in place of an answer, or of it: a status, what goes wrong on the wire, or a business failure of the vendor. */
export type Failure =
  | number | WireFailure
  | "carrier_refuses" | "address_undeliverable" | "insufficient_funds" | "label_pending" | "rate_unavailable" | "void_window_over";

// schema: failure
export interface Fault {
  /** Whether the work is done all the same. */
  commit?: boolean;
  then: Failure;
  /** How long a silence lasts, or an answer drips. */
  for?: Duration;
  /** The status of the page of `html_gateway`. */
  status?: 502 | 503 | 504;
  /** What the vendor says of a business failure. */
  text?: Text;
  /** Which of several things fail, such as the labels of a batch: their numbers from 1, ranges such as `2..4`, or a share of them. */
  items?: number | string | (number | string)[] | Items;
}

// schema: items
export interface Items {
  chance: number;
}

// schema: respond
export interface Respond {
  status: number;
  headers?: Headers;
  body?: Json;
  /** The bytes of a body that is no text, in place of `body`. */
  base64?: string;
  /** Whether it is meant to break the vendor's document. */
  off_spec?: boolean;
}

// schema: patch
export interface Patch {
  status?: number;
  headers?: Headers;
  /** Merged into the body (RFC 7396). */
  body?: Json;
  /** Values by JSON pointer. */
  set?: Record<string, Json>;
  /** JSON pointers to what is left out. */
  remove?: string[];
}

/** How long answers are held: evenly spread, or log-normal by the median and the time that one in a hundred exceeds. */
// schema: latency
export interface Latency {
  /** A time, or two for anything between. */
  time?: Duration;
  median?: Duration;
  p99?: Duration;
  per_byte?: Duration;
}

// schema: rate_limit
export interface RateLimit {
  /** What calls are counted by. */
  per?: "credential" | "operation" | "sandbox" | ("credential" | "operation")[];
  limit: number;
  window: Duration;
}

/** What calls meet: an entry of a scenario's `overrides`, and what {@link Sandbox.fault} takes. */
// schema: override
export type Override = {
  on: Operation;
  when?: Condition;
  /** From when on it holds: `2h` after the scenario came, `2h..3h`, or behind a call of an operation. */
  after?: Duration | Operation;
  /** How often it applies; without end otherwise. */
  times?: number;
  /** How many calls it leaves alone first. */
  skip?: number;
  /** What `times` and `skip` count by, such as `$request.parameters.TransactionId` or `credential`. */
  per?: string | string[];
  /** How long an answer is held, such as `2s` or `1s..3s`. */
  latency?: Duration | Latency;
} & (
  | { fault: Failure | Fault }
  | { respond: Respond }
  | { patch: Patch }
  | { refuse: Text }
  | { rate_limit: RateLimit }
  | { latency: Duration | Latency }
);

// schema: clock
export interface ClockSetting {
  start?: Instant;
  mode?: "frozen" | "realtime" | Speed;
}

// schema: speed
export interface Speed {
  speed: number;
}

/** A row of `accounts`: what the mount has, and these. */
// schema: account
export interface AccountRow {
  /** Rows of one name share their data. */
  account?: string;
  expires?: Instant;
  revoked?: boolean;
  rotates_to?: Text | Record<string, Text>;
  [member: string]: Json;
}

/** What will happen to parcels: steps of its own, or `use` of a life that parcels commonly have. */
// schema: timeline
export interface Timeline {
  for?: ParcelsFor;
  from?: Anchor;
  use?: string;
  steps?: TimelineStep[];
  then?: "hold" | "repeat";
}

type Anchor = "label" | "batch" | "manifest" | "pickup";

// schema: for
export interface ParcelsFor {
  vendor?: Vendor;
  when?: Condition;
}

// schema: step
export interface TimelineStep {
  at?: Duration;
  from?: Anchor;
  after_reads?: number;
  on?: Operation;
  status: ParcelStatus;
  code?: Text;
  location?: ParcelLocation;
  message?: Text;
}

/** The statuses of parcels, the same for all vendors. */
export type ParcelStatus =
  | "created" | "pre_transit" | "manifested" | "collected" | "in_transit" | "out_for_delivery" | "delivery_failed" | "available_for_pickup"
  | "exception" | "delivered" | "returned" | "cancelled" | "lost" | "unknown";

// schema: location
export interface ParcelLocation {
  city?: Text;
  state?: Text;
  postcode?: Text;
  country?: string;
}

// schema: webhooks
export interface Webhooks {
  duplicate?: number;
  reorder?: number;
  delay?: Duration;
  drop?: number;
  forged_signature?: number;
  stale_timestamp?: number;
  wrong_secret?: number;
  subscriptions?: WebhookSubscription[];
}

// schema: subscription
export interface WebhookSubscription {
  vendor: Vendor;
  account?: string;
  url: string;
  events?: string[];
  format?: "json" | "form";
  secret?: Text;
}

/** A scenario, its text in YAML, the name of a built-in one, or a file: a `file:` URL, or a text that ends in `.yaml` or `.yml`. */
export type Scenario = string | URL | ScenarioObject;

/** A scenario as an object; members that begin with `x-` are a place for what is used several times. */
// schema: scenario
export interface ScenarioObject {
  apiVersion?: "seatrial/v1";
  kind?: "Scenario";
  name?: Text;
  description?: Text;
  /** Built-in scenarios that it builds upon. */
  include?: string | string[];
  seed?: number;
  clock?: ClockSetting;
  credentials?: "listed" | "any";
  accounts?: { [mount in Mount]?: AccountRow[] };
  /** Calls that are made before the first one: an operation with its body, and what later rows know its answer by. */
  given?: ({ [operation in Operation]?: Json } & { as?: string; parameters?: Record<string, Json>; until?: ParcelStatus })[];
  timelines?: Record<string, Timeline>;
  overrides?: Override[];
  rate_limits?: "off" | "vendor";
  webhooks?: Webhooks;
  expect?: Expectation[];
  [free: `x-${string}`]: Json;
}

/** In front of the name of each part. */
const PART = "--- # file: ";
/** The member `include` with one path, or with a list of them, in one line or in several. */
const INCLUDE =
  /^(?:include|"include"|'include') *:[ \t]*(?:#.*)?(\n?(?:[ \t]*- .*\n?|[ \t]*#.*\n|[ \t]*\n)+|\n?[ \t]*\[[^\]]*\]|.*)/m;
/** A path, in quotes or without. */
const PATH = /"([^"\n]*)"|'([^'\n]*)'|([^\s,[\]"'#][^,[\]\n#]*)/g;

/** The paths that a file includes. */
function included(text: string): string[] {
  if (text.trimStart().startsWith("{")) {
    try {
      const { include } = JSON.parse(text) as { include?: Json };
      return [include].flat().filter((row) => typeof row === "string");
    } catch {
      return [];
    }
  }
  const found = text.startsWith(PART) ? null : INCLUDE.exec(text);
  const value = (found?.[1] ?? "").replace(/^[ \t]*- /gm, "").replace(/(^|\s)#.*/g, "");
  return [...value.matchAll(PATH)].map((row) => (row[1] ?? row[2] ?? row[3] ?? "").trim());
}

/**
 * A file of a scenario with those that it includes in front of it, each behind a line with its name: where it is, seen from the folder of the
 * first one. What is no file is built in, and added by the server where it belongs.
 */
async function gathered(path: string): Promise<string> {
  const begun = new Set<string>();
  const parts = new Map<string, string>();
  const add = async (file: string, name: string): Promise<void> => {
    const path = await realpath(file);
    if (begun.has(path)) {
      // By another name, such as that of a link.
      if (!parts.has(name)) parts.set(name, "{}");
      return;
    }
    begun.add(path);
    const text = (await readFile(path, "utf8")).replace(/^\uFEFF/, "");
    for (const other of included(text)) {
      const below = resolve(dirname(path), other);
      const isFile = await stat(below).then((found) => found.isFile(), () => false);
      if (isFile) await add(below, posix.join(isAbsolute(other) ? "" : posix.dirname(name), other.replaceAll("\\", "/")));
    }
    parts.set(name, text);
  };
  await add(path, basename(path));
  const [first] = parts.values();
  if (parts.size === 1 && first !== undefined) return first;
  const texts = [...parts].map(([name, text]) => (
    text.startsWith(PART) ? `${text.trimEnd()}\n${PART}${name}\n{}\n` : `${PART}${name}\n${text.trimEnd()}\n`
  ));
  return texts.join("");
}

/** What the server is told of a scenario: a file is read, from the working directory unless its path is absolute. */
export async function readScenario(scenario: Scenario): Promise<string | ScenarioObject> {
  const isFile = scenario instanceof URL || (typeof scenario === "string" && /^[^\n]*\.ya?ml$/.test(scenario));
  return isFile ? gathered(scenario instanceof URL ? fileURLToPath(scenario) : scenario) : scenario;
}
