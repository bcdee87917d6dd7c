import { Admin, Problem, type Json } from "./admin.js";
import { Inbox, type Subscription, type Webhook } from "./inbox.js";
import { readScenario, type Expectation, type Mount, type Override, type Scenario, type Vendor } from "./scenario.js";

/** How a sandbox differs from the default one. */
export interface Wanted {
  name?: string;
  scenario?: Scenario;
  seed?: number;
  /** Stops the clock at an instant such as `2026-01-05T09:00:00Z`. */
  frozenAt?: string | Date;
  /** Starts the clock at an instant and lets it run. */
  startAt?: string | Date;
  /** How long it is kept when nobody uses it, such as `30m`. */
  ttl?: string;
}

/** What a caller presents to a vendor: `token`, `api_key`, `username`, `password`, … */
export type Credential = Record<string, Json>;

/** Headers by name: a text, base64 where it is not UTF-8, or a list of what was sent several times. */
export type Headers = Record<string, HeaderText | HeaderText[]>;
export type HeaderText = string | { base64: string };

/** How an exchange ended for its caller. */
export type End =
  | "sent" | "reset" | "empty" | "timeout" | "truncated" | "length_short" | "length_long" | "garbage" | "bad_chunk" | "drip" | "stall"
  | "html_gateway" | "wrong_type" | "bad_json" | "duplicate_header" | "tls_alert" | "h2_reset" | "h2_goaway" | "abandoned" | "under_way" | "unknown";

/** A call that was made to a vendor. `base64` says that a body is not UTF-8, so that its bytes are in base64. */
export interface Call {
  id: string;
  at: string;
  vendor: Vendor;
  operation: string | null;
  method: string;
  target: string;
  /** What the caller received; `null` if no answer went out. */
  status: number | null;
  /** What went over the wire. */
  wire: { end: End; status: number | null; bytes: number };
  notes: { code: string; where: string; detail: string; blame: "caller" | "sandbox" | "scenario" | "vendor" }[];
  effect: {
    kind: "respond" | "patch" | "fault" | "refuse" | "rate_limit" | "latency";
    name: string;
    line: number | null;
    nth: number;
    committed: boolean;
    /** The status of an answer of the vendor, or the name of a business failure. */
    failure?: string;
    /** How long a silence or a drip takes, such as `1m 30s`. */
    for?: string;
    /** How long the answer is held back, as it was drawn. */
    latency?: string;
  } | null;
  /** The trace that it belongs to, by its header `traceparent`. */
  trace?: { trace_id: string; parent_id: string; state?: string };
  request: { headers: Headers; body: Json; base64: boolean; length: number; cut: boolean };
  /** The answer that was made, whether it went out or not; `null` if none was made. */
  answer: { status: number; headers: Headers; body: Json; base64: boolean; length: number; cut: boolean } | null;
}

/** An operation of a vendor, with a call that works once those in `before` were made. */
export interface OperationDetails {
  operation: string;
  method: string;
  path: string;
  tag: string;
  summary: string;
  evidence: "recorded" | "documented" | "client" | "inferred";
  behavior: "stateful" | "sampled";
  deprecated: boolean;
  parameters: { name: string; in: "path" | "query" | "header"; required: boolean; description: string }[];
  statuses: number[];
  example: {
    url: string;
    headers: Record<string, string>;
    body: Json;
    status: number;
    before: string[];
    after: string | null;
    values: { name: string; operation: string; member: string }[];
    curl: string;
  };
}

/** A parcel of any vendor. */
export interface Parcel {
  vendor: Vendor;
  account: string;
  tracking_number: string;
  carrier: string;
  service: string;
  subject: string;
  status: string;
  created: string;
  timeline: string;
  step: number;
  from: Json;
  to: Json;
  events: Json[];
  /** What its timeline holds for it; in lists only the next step. */
  upcoming: Json[];
}

/** The verdict on one expectation: `unknown` when the evidence does not suffice. */
export interface Finding {
  expectation: string;
  file: string;
  /** Where it stands in its file, from 1. */
  line: number;
  column: number;
  verdict: "passed" | "unknown" | "failed";
  detail: string;
  evidence: string[];
  /** The first calls that it is based on, in a line each. */
  calls: string[];
  /** How many more there are. */
  more: number;
  /** Unless it passed, others that do not count, and why. */
  others: string[];
}

/** Something that was prepared and had no effect. */
export interface Unused {
  what: "override" | "timeline" | "fault";
  name: string;
  line: number | null;
  detail: string;
}

/** The verdict on all of them. What is unused changes no verdict. */
export interface Report {
  verdict: "passed" | "unknown" | "failed";
  findings: Finding[];
  /** The latest requests that met no vendor, unless it passed. */
  unmatched?: string[];
  dropped: number;
  unused: Unused[];
}

/** What came of a conversation. */
export interface Played {
  about: string | null;
  verdict: "passed" | "failed";
  steps: { step: string; status: number | null; problems: string[] }[];
  /** How many steps were made beyond those that the report has room for. */
  unlisted: number;
}

/** Expectations that do not hold, or cannot be shown to. */
export class UnmetExpectations extends Error {
  constructor(
    readonly report: Report,
    calls: Call[] = [],
  ) {
    const rows = report.findings.filter((row) => row.verdict !== "passed");
    const told = rows.flatMap((row) => [
      `  ${row.verdict}: ${row.file}:${row.line}: ${row.expectation}\n    ${row.detail}`,
      ...row.calls.map((call) => `      ${call}`),
      ...(row.more > 0 ? [`      and ${row.more} more`] : []),
      ...row.others.map((other) => `      does not count: ${other}`),
    ]);
    told.push(...report.unused.map((row) => `  note: ${inWords(row)}`));
    told.push(...(report.unmatched ?? []).map((line) => `  met no vendor: ${line}`));
    if (calls.length > 0) told.push("calls:", ...inLines(calls).map((line) => `  ${line}`));
    super(["expectations are not met", ...told].join("\n"));
    this.name = "UnmetExpectations";
  }
}

/** How many calls a failed test shows. */
const SHOWN = 50;

/** The newest calls, in a line each. */
export function inLines(calls: Call[]): string[] {
  const before = calls.length - SHOWN;
  return [...(before > 0 ? [`${before} more before these`] : []), ...calls.slice(-SHOWN).map(inLine)];
}

function inLine({ method, target, status, wire, operation, vendor, notes, effect }: Call): string {
  const codes = notes.map(({ code, where }) => `${code} ${where}`.trimEnd()).join(", ");
  const words = [method, target, status ?? wire.end, operation ?? vendor, codes && `(${codes})`, effect && `${effect.kind} \`${effect.name}\``];
  return words.filter(Boolean).join(" ");
}

/** What is to be said about something that had no effect. */
export function inWords({ what, name, line, detail }: Unused): string {
  return `${what} \`${name}\`${line === null ? "" : ` in line ${line} of the scenario`} had no effect: ${detail}`;
}

/** The virtual clock of a sandbox. */
export class Clock {
  constructor(private readonly sandbox: Sandbox) {}

  async now(): Promise<Date> {
    return new Date((await this.sandbox.ask("GET", "/clock")).now);
  }

  /** Moves the time by a span such as `72h`; how much happened on the way. */
  async advance(by: string): Promise<number> {
    return (await this.sandbox.ask("POST", "/clock/advance", { by, wait: true })).fired;
  }

  async advanceTo(to: Date): Promise<number> {
    return (await this.sandbox.ask("POST", "/clock/advance", { to: to.toISOString(), wait: true })).fired;
  }

  async freeze(): Promise<void> {
    await this.sandbox.ask("PUT", "/clock", { mode: "frozen" });
  }
}

/** The parcels of a sandbox. */
export class Parcels {
  constructor(private readonly sandbox: Sandbox) {}

  /** All of them, or those that fit: `vendor`, `status` (several with commas), `timeline`, `q`. */
  async all(filters: Record<string, string> = {}): Promise<Parcel[]> {
    const parcels: Parcel[] = [];
    for (let query = filters; ; ) {
      const page = await this.sandbox.ask("GET", `/parcels?${new URLSearchParams(query)}`);
      parcels.push(...page.parcels);
      if (!page.next) return parcels;
      query = { ...filters, after: page.next };
    }
  }

  async get(trackingNumber: string): Promise<Parcel> {
    return this.#ask("GET", trackingNumber, "");
  }

  /** Has the next step of its timeline happen now. */
  async next(trackingNumber: string): Promise<Parcel> {
    return this.#ask("POST", trackingNumber, "/next", {});
  }

  /** Has something happen to it now; `code`, `message` and `location` may say more. */
  async event(trackingNumber: string, status: string, more: Record<string, Json> = {}): Promise<Parcel> {
    return this.#ask("POST", trackingNumber, "/events", { status, ...more });
  }

  /** Puts it on another timeline of the scenario, or a built-in one, from its beginning. */
  async timeline(trackingNumber: string, name: string): Promise<Parcel> {
    return this.#ask("PUT", trackingNumber, "/timeline", { name });
  }

  #ask(method: string, trackingNumber: string, what: string, body?: Json): Promise<Parcel> {
    const sandbox = encodeURIComponent(this.sandbox.name);
    return this.sandbox.admin.ask(method, `/parcels/${encodeURIComponent(trackingNumber)}${what}?sandbox=${sandbox}`, body);
  }
}

/** A sandbox that belongs to one test. */
export class Sandbox implements AsyncDisposable {
  readonly name: string;
  readonly urls: Record<string, string>;
  readonly credentials: Record<string, Credential[]>;
  readonly clock = new Clock(this);
  readonly parcels = new Parcels(this);

  constructor(
    readonly admin: Admin,
    made: Json,
  ) {
    this.name = made.name;
    this.urls = made.urls;
    this.credentials = made.credentials;
  }

  static async make(admin: Admin, { frozenAt, startAt, scenario, ...wanted }: Wanted = {}): Promise<Sandbox> {
    if (frozenAt !== undefined && startAt !== undefined)
      throw new TypeError("`frozenAt` stops the clock and `startAt` lets it run: only one of them can be given");
    const unknown = Object.keys(wanted).filter((name) => !["name", "seed", "ttl"].includes(name));
    if (unknown.length > 0)
      throw new TypeError(`a sandbox has no option \`${unknown[0]}\`: there are name, scenario, seed, frozenAt, startAt and ttl`);
    const clock = clockStart("frozenAt", frozenAt, "frozen") ?? clockStart("startAt", startAt, "realtime");
    const text = scenario === undefined ? undefined : await readScenario(scenario);
    return new Sandbox(admin, await admin.ask("POST", "/sandboxes", { ...wanted, scenario: text, clock }));
  }

  /** Asks a route of the admin API below `/sandboxes/{name}`. */
  ask(method: string, path: string, body?: Json): Promise<Json> {
    return this.admin.ask(method, `/sandboxes/${encodeURIComponent(this.name)}${path}`, body);
  }

  /** Where a vendor is in this sandbox; its own paths follow. */
  url(vendor: Mount): string {
    return ofVendor(this.urls, vendor);
  }

  /** What is known of an operation such as `shippo.CreateRefund`, with an example that works in this sandbox. */
  operation(name: string): Promise<OperationDetails> {
    const [vendor = "", ...rest] = name.split(".");
    const path = `/vendors/${encodeURIComponent(vendor)}/operations/${encodeURIComponent(rest.join("."))}`;
    return this.admin.ask("GET", `${path}?sandbox=${encodeURIComponent(this.name)}`);
  }

  /** A member of the first credential that has it, such as `token`, `api_key` or `password`. */
  credential(vendor: Mount, member: string): string {
    const rows = ofVendor(this.credentials, vendor);
    const row = rows.find((row) => Object.hasOwn(row, member));
    if (row === undefined) {
      const known = new Set(rows.flatMap((row) => Object.keys(row)));
      throw new RangeError(`no credential of \`${vendor}\` has \`${member}\`, only ${[...known].join(", ")}`);
    }
    return row[member];
  }

  /** The calls that were made, oldest first; filters are those of the admin API: `{ operation: "shippo.CreateAddress" }`. */
  async calls(filters: Record<string, string> = {}): Promise<Call[]> {
    return (await this.ask("GET", `/requests?${new URLSearchParams({ limit: "1000000", ...filters })}`)).requests;
  }

  /** The same, as soon as there are so many; an error if there never are. */
  async waitForCall(filters: Record<string, string> = {}, { seconds = 5, count = 1 } = {}): Promise<Call[]> {
    const wait = `${Math.round(seconds * 1000)}ms`;
    const { requests } = await this.ask("GET", `/requests?${new URLSearchParams({ wait, min: String(count), ...filters })}`);
    if (requests.length < count) throw new Error(`${requests.length} of ${count} calls came within ${seconds} seconds`);
    return requests;
  }

  /**
   * What happens from now on, as it does: `call`, `scan`, `delivery` and `clock`, at most one burst in a second. Topics are some of `calls`,
   * `scans`, `deliveries` and `clock`; the stream ends when the loop over it does.
   */
  events(...topics: ("calls" | "scans" | "deliveries" | "clock")[]): AsyncGenerator<[name: string, data: Json]> {
    const query = topics.length === 0 ? "" : `?topics=${topics.join(",")}`;
    return this.admin.stream(`/sandboxes/${encodeURIComponent(this.name)}/stream${query}`);
  }

  async forgetCalls(filters: Record<string, string> = {}): Promise<void> {
    await this.ask("DELETE", `/requests?${new URLSearchParams(filters)}`);
  }

  /** Has something go wrong while `during` runs, or until the function that is returned without it is called. */
  async fault(name: string, override: Override): Promise<() => Promise<void>>;
  async fault<T>(name: string, override: Override, during: () => Promise<T>): Promise<T>;
  async fault<T>(name: string, override: Override, during?: () => Promise<T>): Promise<T | (() => Promise<void>)> {
    const path = `/faults/${encodeURIComponent(name)}`;
    await this.ask("PUT", path, override);
    const off = async (): Promise<void> => {
      await this.ask("DELETE", path);
    };
    if (during === undefined) return off;
    try {
      return await during();
    } finally {
      await off();
    }
  }

  /** Judges expectations; without any, those of the scenario at work. */
  verify(expectations?: Expectation[]): Promise<Report> {
    return this.ask("POST", "/verify", expectations === undefined ? undefined : { expect: expectations });
  }

  /** Throws {@link UnmetExpectations} unless they hold. */
  async expect(expectations?: Expectation[]): Promise<Report> {
    const report = await this.verify(expectations);
    if (report.verdict !== "passed") throw new UnmetExpectations(report, await this.calls());
    return report;
  }

  /** The journal as `har`, `ndjson`, `curl` or `conversation`; with `secrets` so that the calls can be made again. */
  exportCalls(format: "har" | "ndjson" | "curl" | "conversation" = "har", { secrets = false } = {}): Promise<Json> {
    return this.ask("GET", `/requests/export?format=${format}&secrets=${secrets ? "show" : "hide"}`);
  }

  /** Makes the calls of a conversation, with this sandbox's credentials, and tells where it goes otherwise. */
  play(vendor: Vendor | Mount, conversation: string): Promise<Played> {
    return this.ask("POST", `/conversations?vendor=${encodeURIComponent(vendor)}`, conversation);
  }

  /** Begins anew under another scenario. */
  async load(scenario: Scenario): Promise<void> {
    await this.ask("PUT", "/scenario", await readScenario(scenario));
  }

  /** Back to the beginning; what comes next is drawn from `seed`, if there is one. */
  async reset({ seed }: { seed?: number } = {}): Promise<void> {
    await this.ask("POST", "/reset", seed === undefined ? undefined : { seed });
  }

  async snapshot(name = "default"): Promise<void> {
    await this.ask("POST", "/snapshot", { name });
  }

  async restore(name = "default"): Promise<void> {
    await this.ask("POST", "/restore", { name });
  }

  /** A copy that goes its own way, with credentials of its own. */
  async fork(name?: string, { seed }: { seed?: number } = {}): Promise<Sandbox> {
    return new Sandbox(this.admin, await this.ask("POST", "/fork", { name, seed }));
  }

  /** The sandbox as a file, for `Server.loadSandbox`; with `"journal"` and `"log"` also what was called and done, for `seatrial view`. */
  export(...include: ("journal" | "deliveries" | "log")[]): Promise<Json> {
    return this.ask("GET", include.length ? `/export?include=${include.join(",")}` : "/export");
  }

  /** Subscribes as the vendor's portal does; `account`, `events`, `format` and `secret` may say more. */
  async webhook(vendor: Vendor, url: string, more: Subscription = {}): Promise<Webhook> {
    return { warnings: [], ...(await this.ask("POST", "/webhooks", { vendor, url, ...more })) };
  }

  /** Ends the pause of a subscription; what waited is sent. */
  async resume(webhookId: string): Promise<Webhook> {
    const path = `/webhooks/${encodeURIComponent(webhookId)}/resume?sandbox=${encodeURIComponent(this.name)}&secrets=show`;
    return { warnings: [], ...(await this.admin.ask("POST", path)) };
  }

  /** What subscribers were told. */
  async deliveries(filters: Record<string, string> = {}): Promise<Json[]> {
    return (await this.ask("GET", `/deliveries?${new URLSearchParams(filters)}`)).deliveries;
  }

  /** Sends a delivery again. */
  redeliver(deliveryId: string): Promise<Json> {
    const path = `/deliveries/${encodeURIComponent(deliveryId)}/redeliver?sandbox=${encodeURIComponent(this.name)}`;
    return this.admin.ask("POST", path);
  }

  /** Sends the deliveries that have failed again, or those that fit the filters, at most a thousand; how many. */
  async redeliverFailed(filters: Record<string, string> = {}): Promise<number> {
    return (await this.ask("POST", `/deliveries/redeliver?${new URLSearchParams({ limit: "1000", ...filters })}`)).redelivered;
  }

  /** What will happen, soonest first: steps of parcels, attempts of webhooks, and what vendors have planned. */
  async agenda(filters: Record<string, string> = {}): Promise<Json[]> {
    return (await this.ask("GET", `/agenda?${new URLSearchParams(filters)}`)).tasks;
  }

  /** What was done to the sandbox besides calls: moves of its clock, resets, snapshots, scenarios, faults. */
  async log(filters: Record<string, string> = {}): Promise<Json[]> {
    return (await this.ask("GET", `/log?${new URLSearchParams(filters)}`)).log;
  }

  /** A receiver of webhooks that only this sandbox has. */
  inbox(name = "inbox"): Promise<Inbox> {
    return Inbox.open(this.admin, `${this.name}-${name}`);
  }

  /** Removes it, and tells what was not as it should be; nothing when it was gone already. */
  async delete(): Promise<Report | undefined> {
    try {
      return await this.ask("DELETE", "");
    } catch (problem) {
      if (!(problem instanceof Problem && problem.status === 404)) throw problem;
      return undefined;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.delete();
  }
}

function ofVendor<T>(rows: Record<string, T>, vendor: string): T {
  if (!Object.hasOwn(rows, vendor)) throw new RangeError(`there is no vendor \`${vendor}\`, only ${Object.keys(rows).join(", ")}`);
  return rows[vendor]!;
}

const INSTANT = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/i;

/** What the server is told about the clock; `name` is the option that says it. */
function clockStart(name: string, instant: string | Date | undefined, mode: string): { start: string; mode: string } | undefined {
  if (instant === undefined) return undefined;
  const time = new Date(instant);
  if (Number.isNaN(time.getTime()) || (typeof instant === "string" && !isInstant(instant)))
    throw new TypeError(`\`${name}\` is an instant such as \`2026-01-05T09:00:00Z\`, found ${JSON.stringify(String(instant))}`);
  return { start: typeof instant === "string" ? instant : time.toISOString(), mode };
}

/** Whether it has a time zone and a day that there is: `Date` takes the 30th of February for a day of March. */
function isInstant(text: string): boolean {
  const day = text.slice(0, 10);
  return INSTANT.test(text) && new Date(`${day}T00:00:00Z`).toISOString().startsWith(day);
}
