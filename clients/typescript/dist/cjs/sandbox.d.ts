import { Admin, type Json } from "./admin.js";
import { Inbox, type Subscription, type Webhook } from "./inbox.js";
import { type Expectation, type Mount, type Override, type Scenario, type Vendor } from "./scenario.js";
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
export type HeaderText = string | {
    base64: string;
};
/** How an exchange ended for its caller. */
export type End = "sent" | "reset" | "empty" | "timeout" | "truncated" | "length_short" | "length_long" | "garbage" | "bad_chunk" | "drip" | "stall" | "html_gateway" | "wrong_type" | "bad_json" | "duplicate_header" | "tls_alert" | "h2_reset" | "h2_goaway" | "abandoned" | "under_way" | "unknown";
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
    wire: {
        end: End;
        status: number | null;
        bytes: number;
    };
    notes: {
        code: string;
        where: string;
        detail: string;
        blame: "caller" | "sandbox" | "scenario" | "vendor";
    }[];
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
    trace?: {
        trace_id: string;
        parent_id: string;
        state?: string;
    };
    request: {
        headers: Headers;
        body: Json;
        base64: boolean;
        length: number;
        cut: boolean;
    };
    /** The answer that was made, whether it went out or not; `null` if none was made. */
    answer: {
        status: number;
        headers: Headers;
        body: Json;
        base64: boolean;
        length: number;
        cut: boolean;
    } | null;
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
    parameters: {
        name: string;
        in: "path" | "query" | "header";
        required: boolean;
        description: string;
    }[];
    statuses: number[];
    example: {
        url: string;
        headers: Record<string, string>;
        body: Json;
        status: number;
        before: string[];
        after: string | null;
        values: {
            name: string;
            operation: string;
            member: string;
        }[];
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
    steps: {
        step: string;
        status: number | null;
        problems: string[];
    }[];
    /** How many steps were made beyond those that the report has room for. */
    unlisted: number;
}
/** Expectations that do not hold, or cannot be shown to. */
export declare class UnmetExpectations extends Error {
    readonly report: Report;
    constructor(report: Report, calls?: Call[]);
}
/** The newest calls, in a line each. */
export declare function inLines(calls: Call[]): string[];
/** What is to be said about something that had no effect. */
export declare function inWords({ what, name, line, detail }: Unused): string;
/** The virtual clock of a sandbox. */
export declare class Clock {
    private readonly sandbox;
    constructor(sandbox: Sandbox);
    now(): Promise<Date>;
    /** Moves the time by a span such as `72h`; how much happened on the way. */
    advance(by: string): Promise<number>;
    advanceTo(to: Date): Promise<number>;
    freeze(): Promise<void>;
}
/** The parcels of a sandbox. */
export declare class Parcels {
    #private;
    private readonly sandbox;
    constructor(sandbox: Sandbox);
    /** All of them, or those that fit: `vendor`, `status` (several with commas), `timeline`, `q`. */
    all(filters?: Record<string, string>): Promise<Parcel[]>;
    get(trackingNumber: string): Promise<Parcel>;
    /** Has the next step of its timeline happen now. */
    next(trackingNumber: string): Promise<Parcel>;
    /** Has something happen to it now; `code`, `message` and `location` may say more. */
    event(trackingNumber: string, status: string, more?: Record<string, Json>): Promise<Parcel>;
    /** Puts it on another timeline of the scenario, or a built-in one, from its beginning. */
    timeline(trackingNumber: string, name: string): Promise<Parcel>;
}
/** A sandbox that belongs to one test. */
export declare class Sandbox implements AsyncDisposable {
    readonly admin: Admin;
    readonly name: string;
    readonly urls: Record<string, string>;
    readonly credentials: Record<string, Credential[]>;
    readonly clock: Clock;
    readonly parcels: Parcels;
    constructor(admin: Admin, made: Json);
    static make(admin: Admin, { frozenAt, startAt, scenario, ...wanted }?: Wanted): Promise<Sandbox>;
    /** Asks a route of the admin API below `/sandboxes/{name}`. */
    ask(method: string, path: string, body?: Json): Promise<Json>;
    /** Where a vendor is in this sandbox; its own paths follow. */
    url(vendor: Mount): string;
    /** What is known of an operation such as `shippo.CreateRefund`, with an example that works in this sandbox. */
    operation(name: string): Promise<OperationDetails>;
    /** A member of the first credential that has it, such as `token`, `api_key` or `password`. */
    credential(vendor: Mount, member: string): string;
    /** The calls that were made, oldest first; filters are those of the admin API: `{ operation: "shippo.CreateAddress" }`. */
    calls(filters?: Record<string, string>): Promise<Call[]>;
    /** The same, as soon as there are so many; an error if there never are. */
    waitForCall(filters?: Record<string, string>, { seconds, count }?: {
        seconds?: number | undefined;
        count?: number | undefined;
    }): Promise<Call[]>;
    /**
     * What happens from now on, as it does: `call`, `scan`, `delivery` and `clock`, at most one burst in a second. Topics are some of `calls`,
     * `scans`, `deliveries` and `clock`; the stream ends when the loop over it does.
     */
    events(...topics: ("calls" | "scans" | "deliveries" | "clock")[]): AsyncGenerator<[name: string, data: Json]>;
    forgetCalls(filters?: Record<string, string>): Promise<void>;
    /** Has something go wrong while `during` runs, or until the function that is returned without it is called. */
    fault(name: string, override: Override): Promise<() => Promise<void>>;
    fault<T>(name: string, override: Override, during: () => Promise<T>): Promise<T>;
    /** Judges expectations; without any, those of the scenario at work. */
    verify(expectations?: Expectation[]): Promise<Report>;
    /** Throws {@link UnmetExpectations} unless they hold. */
    expect(expectations?: Expectation[]): Promise<Report>;
    /** The journal as `har`, `ndjson`, `curl` or `conversation`; with `secrets` so that the calls can be made again. */
    exportCalls(format?: "har" | "ndjson" | "curl" | "conversation", { secrets }?: {
        secrets?: boolean | undefined;
    }): Promise<Json>;
    /** Makes the calls of a conversation, with this sandbox's credentials, and tells where it goes otherwise. */
    play(vendor: Vendor | Mount, conversation: string): Promise<Played>;
    /** Begins anew under another scenario. */
    load(scenario: Scenario): Promise<void>;
    /** Back to the beginning; what comes next is drawn from `seed`, if there is one. */
    reset({ seed }?: {
        seed?: number;
    }): Promise<void>;
    snapshot(name?: string): Promise<void>;
    restore(name?: string): Promise<void>;
    /** A copy that goes its own way, with credentials of its own. */
    fork(name?: string, { seed }?: {
        seed?: number;
    }): Promise<Sandbox>;
    /** The sandbox as a file, for `Server.loadSandbox`; with `"journal"` and `"log"` also what was called and done, for `seatrial view`. */
    export(...include: ("journal" | "deliveries" | "log")[]): Promise<Json>;
    /** Subscribes as the vendor's portal does; `account`, `events`, `format` and `secret` may say more. */
    webhook(vendor: Vendor, url: string, more?: Subscription): Promise<Webhook>;
    /** Ends the pause of a subscription; what waited is sent. */
    resume(webhookId: string): Promise<Webhook>;
    /** What subscribers were told. */
    deliveries(filters?: Record<string, string>): Promise<Json[]>;
    /** Sends a delivery again. */
    redeliver(deliveryId: string): Promise<Json>;
    /** Sends the deliveries that have failed again, or those that fit the filters, at most a thousand; how many. */
    redeliverFailed(filters?: Record<string, string>): Promise<number>;
    /** What will happen, soonest first: steps of parcels, attempts of webhooks, and what vendors have planned. */
    agenda(filters?: Record<string, string>): Promise<Json[]>;
    /** What was done to the sandbox besides calls: moves of its clock, resets, snapshots, scenarios, faults. */
    log(filters?: Record<string, string>): Promise<Json[]>;
    /** A receiver of webhooks that only this sandbox has. */
    inbox(name?: string): Promise<Inbox>;
    /** Removes it, and tells what was not as it should be; nothing when it was gone already. */
    delete(): Promise<Report | undefined>;
    [Symbol.asyncDispose](): Promise<void>;
}
