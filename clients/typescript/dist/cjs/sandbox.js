"use strict";
Object.defineProperty(exports, "__esModule", { value: true });
exports.Sandbox = exports.Parcels = exports.Clock = exports.UnmetExpectations = void 0;
exports.inLines = inLines;
exports.inWords = inWords;
const admin_js_1 = require("./admin.js");
const inbox_js_1 = require("./inbox.js");
const scenario_js_1 = require("./scenario.js");
/** Expectations that do not hold, or cannot be shown to. */
class UnmetExpectations extends Error {
    report;
    constructor(report, calls = []) {
        const rows = report.findings.filter((row) => row.verdict !== "passed");
        const told = rows.flatMap((row) => [
            `  ${row.verdict}: ${row.file}:${row.line}: ${row.expectation}\n    ${row.detail}`,
            ...row.calls.map((call) => `      ${call}`),
            ...(row.more > 0 ? [`      and ${row.more} more`] : []),
            ...row.others.map((other) => `      does not count: ${other}`),
        ]);
        told.push(...report.unused.map((row) => `  note: ${inWords(row)}`));
        told.push(...(report.unmatched ?? []).map((line) => `  met no vendor: ${line}`));
        if (calls.length > 0)
            told.push("calls:", ...inLines(calls).map((line) => `  ${line}`));
        super(["expectations are not met", ...told].join("\n"));
        this.report = report;
        this.name = "UnmetExpectations";
    }
}
exports.UnmetExpectations = UnmetExpectations;
/** How many calls a failed test shows. */
const SHOWN = 50;
/** The newest calls, in a line each. */
function inLines(calls) {
    const before = calls.length - SHOWN;
    return [...(before > 0 ? [`${before} more before these`] : []), ...calls.slice(-SHOWN).map(inLine)];
}
function inLine({ method, target, status, wire, operation, vendor, notes, effect }) {
    const codes = notes.map(({ code, where }) => `${code} ${where}`.trimEnd()).join(", ");
    const words = [method, target, status ?? wire.end, operation ?? vendor, codes && `(${codes})`, effect && `${effect.kind} \`${effect.name}\``];
    return words.filter(Boolean).join(" ");
}
/** What is to be said about something that had no effect. */
function inWords({ what, name, line, detail }) {
    return `${what} \`${name}\`${line === null ? "" : ` in line ${line} of the scenario`} had no effect: ${detail}`;
}
/** The virtual clock of a sandbox. */
class Clock {
    sandbox;
    constructor(sandbox) {
        this.sandbox = sandbox;
    }
    async now() {
        return new Date((await this.sandbox.ask("GET", "/clock")).now);
    }
    /** Moves the time by a span such as `72h`; how much happened on the way. */
    async advance(by) {
        return (await this.sandbox.ask("POST", "/clock/advance", { by, wait: true })).fired;
    }
    async advanceTo(to) {
        return (await this.sandbox.ask("POST", "/clock/advance", { to: to.toISOString(), wait: true })).fired;
    }
    async freeze() {
        await this.sandbox.ask("PUT", "/clock", { mode: "frozen" });
    }
}
exports.Clock = Clock;
/** The parcels of a sandbox. */
class Parcels {
    sandbox;
    constructor(sandbox) {
        this.sandbox = sandbox;
    }
    /** All of them, or those that fit: `vendor`, `status` (several with commas), `timeline`, `q`. */
    async all(filters = {}) {
        const parcels = [];
        for (let query = filters;;) {
            const page = await this.sandbox.ask("GET", `/parcels?${new URLSearchParams(query)}`);
            parcels.push(...page.parcels);
            if (!page.next)
                return parcels;
            query = { ...filters, after: page.next };
        }
    }
    async get(trackingNumber) {
        return this.#ask("GET", trackingNumber, "");
    }
    /** Has the next step of its timeline happen now. */
    async next(trackingNumber) {
        return this.#ask("POST", trackingNumber, "/next", {});
    }
    /** Has something happen to it now; `code`, `message` and `location` may say more. */
    async event(trackingNumber, status, more = {}) {
        return this.#ask("POST", trackingNumber, "/events", { status, ...more });
    }
    /** Puts it on another timeline of the scenario, or a built-in one, from its beginning. */
    async timeline(trackingNumber, name) {
        return this.#ask("PUT", trackingNumber, "/timeline", { name });
    }
    #ask(method, trackingNumber, what, body) {
        const sandbox = encodeURIComponent(this.sandbox.name);
        return this.sandbox.admin.ask(method, `/parcels/${encodeURIComponent(trackingNumber)}${what}?sandbox=${sandbox}`, body);
    }
}
exports.Parcels = Parcels;
/** A sandbox that belongs to one test. */
class Sandbox {
    admin;
    name;
    urls;
    credentials;
    clock = new Clock(this);
    parcels = new Parcels(this);
    constructor(admin, made) {
        this.admin = admin;
        this.name = made.name;
        this.urls = made.urls;
        this.credentials = made.credentials;
    }
    static async make(admin, { frozenAt, startAt, scenario, ...wanted } = {}) {
        if (frozenAt !== undefined && startAt !== undefined)
            throw new TypeError("`frozenAt` stops the clock and `startAt` lets it run: only one of them can be given");
        const unknown = Object.keys(wanted).filter((name) => !["name", "seed", "ttl"].includes(name));
        if (unknown.length > 0)
            throw new TypeError(`a sandbox has no option \`${unknown[0]}\`: there are name, scenario, seed, frozenAt, startAt and ttl`);
        const clock = clockStart("frozenAt", frozenAt, "frozen") ?? clockStart("startAt", startAt, "realtime");
        const text = scenario === undefined ? undefined : await (0, scenario_js_1.readScenario)(scenario);
        return new Sandbox(admin, await admin.ask("POST", "/sandboxes", { ...wanted, scenario: text, clock }));
    }
    /** Asks a route of the admin API below `/sandboxes/{name}`. */
    ask(method, path, body) {
        return this.admin.ask(method, `/sandboxes/${encodeURIComponent(this.name)}${path}`, body);
    }
    /** Where a vendor is in this sandbox; its own paths follow. */
    url(vendor) {
        return ofVendor(this.urls, vendor);
    }
    /** What is known of an operation such as `shippo.CreateRefund`, with an example that works in this sandbox. */
    operation(name) {
        const [vendor = "", ...rest] = name.split(".");
        const path = `/vendors/${encodeURIComponent(vendor)}/operations/${encodeURIComponent(rest.join("."))}`;
        return this.admin.ask("GET", `${path}?sandbox=${encodeURIComponent(this.name)}`);
    }
    /** A member of the first credential that has it, such as `token`, `api_key` or `password`. */
    credential(vendor, member) {
        const rows = ofVendor(this.credentials, vendor);
        const row = rows.find((row) => Object.hasOwn(row, member));
        if (row === undefined) {
            const known = new Set(rows.flatMap((row) => Object.keys(row)));
            throw new RangeError(`no credential of \`${vendor}\` has \`${member}\`, only ${[...known].join(", ")}`);
        }
        return row[member];
    }
    /** The calls that were made, oldest first; filters are those of the admin API: `{ operation: "shippo.CreateAddress" }`. */
    async calls(filters = {}) {
        return (await this.ask("GET", `/requests?${new URLSearchParams({ limit: "1000000", ...filters })}`)).requests;
    }
    /** The same, as soon as there are so many; an error if there never are. */
    async waitForCall(filters = {}, { seconds = 5, count = 1 } = {}) {
        const wait = `${Math.round(seconds * 1000)}ms`;
        const { requests } = await this.ask("GET", `/requests?${new URLSearchParams({ wait, min: String(count), ...filters })}`);
        if (requests.length < count)
            throw new Error(`${requests.length} of ${count} calls came within ${seconds} seconds`);
        return requests;
    }
    /**
     * What happens from now on, as it does: `call`, `scan`, `delivery` and `clock`, at most one burst in a second. Topics are some of `calls`,
     * `scans`, `deliveries` and `clock`; the stream ends when the loop over it does.
     */
    events(...topics) {
        const query = topics.length === 0 ? "" : `?topics=${topics.join(",")}`;
        return this.admin.stream(`/sandboxes/${encodeURIComponent(this.name)}/stream${query}`);
    }
    async forgetCalls(filters = {}) {
        await this.ask("DELETE", `/requests?${new URLSearchParams(filters)}`);
    }
    async fault(name, override, during) {
        const path = `/faults/${encodeURIComponent(name)}`;
        await this.ask("PUT", path, override);
        const off = async () => {
            await this.ask("DELETE", path);
        };
        if (during === undefined)
            return off;
        try {
            return await during();
        }
        finally {
            await off();
        }
    }
    /** Judges expectations; without any, those of the scenario at work. */
    verify(expectations) {
        return this.ask("POST", "/verify", expectations === undefined ? undefined : { expect: expectations });
    }
    /** Throws {@link UnmetExpectations} unless they hold. */
    async expect(expectations) {
        const report = await this.verify(expectations);
        if (report.verdict !== "passed")
            throw new UnmetExpectations(report, await this.calls());
        return report;
    }
    /** The journal as `har`, `ndjson`, `curl` or `conversation`; with `secrets` so that the calls can be made again. */
    exportCalls(format = "har", { secrets = false } = {}) {
        return this.ask("GET", `/requests/export?format=${format}&secrets=${secrets ? "show" : "hide"}`);
    }
    /** Makes the calls of a conversation, with this sandbox's credentials, and tells where it goes otherwise. */
    play(vendor, conversation) {
        return this.ask("POST", `/conversations?vendor=${encodeURIComponent(vendor)}`, conversation);
    }
    /** Begins anew under another scenario. */
    async load(scenario) {
        await this.ask("PUT", "/scenario", await (0, scenario_js_1.readScenario)(scenario));
    }
    /** Back to the beginning; what comes next is drawn from `seed`, if there is one. */
    async reset({ seed } = {}) {
        await this.ask("POST", "/reset", seed === undefined ? undefined : { seed });
    }
    async snapshot(name = "default") {
        await this.ask("POST", "/snapshot", { name });
    }
    async restore(name = "default") {
        await this.ask("POST", "/restore", { name });
    }
    /** A copy that goes its own way, with credentials of its own. */
    async fork(name, { seed } = {}) {
        return new Sandbox(this.admin, await this.ask("POST", "/fork", { name, seed }));
    }
    /** The sandbox as a file, for `Server.loadSandbox`; with `"journal"` and `"log"` also what was called and done, for `seatrial view`. */
    export(...include) {
        return this.ask("GET", include.length ? `/export?include=${include.join(",")}` : "/export");
    }
    /** Subscribes as the vendor's portal does; `account`, `events`, `format` and `secret` may say more. */
    async webhook(vendor, url, more = {}) {
        return { warnings: [], ...(await this.ask("POST", "/webhooks", { vendor, url, ...more })) };
    }
    /** Ends the pause of a subscription; what waited is sent. */
    async resume(webhookId) {
        const path = `/webhooks/${encodeURIComponent(webhookId)}/resume?sandbox=${encodeURIComponent(this.name)}&secrets=show`;
        return { warnings: [], ...(await this.admin.ask("POST", path)) };
    }
    /** What subscribers were told. */
    async deliveries(filters = {}) {
        return (await this.ask("GET", `/deliveries?${new URLSearchParams(filters)}`)).deliveries;
    }
    /** Sends a delivery again. */
    redeliver(deliveryId) {
        const path = `/deliveries/${encodeURIComponent(deliveryId)}/redeliver?sandbox=${encodeURIComponent(this.name)}`;
        return this.admin.ask("POST", path);
    }
    /** Sends the deliveries that have failed again, or those that fit the filters, at most a thousand; how many. */
    async redeliverFailed(filters = {}) {
        return (await this.ask("POST", `/deliveries/redeliver?${new URLSearchParams({ limit: "1000", ...filters })}`)).redelivered;
    }
    /** What will happen, soonest first: steps of parcels, attempts of webhooks, and what vendors have planned. */
    async agenda(filters = {}) {
        return (await this.ask("GET", `/agenda?${new URLSearchParams(filters)}`)).tasks;
    }
    /** What was done to the sandbox besides calls: moves of its clock, resets, snapshots, scenarios, faults. */
    async log(filters = {}) {
        return (await this.ask("GET", `/log?${new URLSearchParams(filters)}`)).log;
    }
    /** A receiver of webhooks that only this sandbox has. */
    inbox(name = "inbox") {
        return inbox_js_1.Inbox.open(this.admin, `${this.name}-${name}`);
    }
    /** Removes it, and tells what was not as it should be; nothing when it was gone already. */
    async delete() {
        try {
            return await this.ask("DELETE", "");
        }
        catch (problem) {
            if (!(problem instanceof admin_js_1.Problem && problem.status === 404))
                throw problem;
            return undefined;
        }
    }
    async [Symbol.asyncDispose]() {
        await this.delete();
    }
}
exports.Sandbox = Sandbox;
function ofVendor(rows, vendor) {
    if (!Object.hasOwn(rows, vendor))
        throw new RangeError(`there is no vendor \`${vendor}\`, only ${Object.keys(rows).join(", ")}`);
    return rows[vendor];
}
const INSTANT = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/i;
/** What the server is told about the clock; `name` is the option that says it. */
function clockStart(name, instant, mode) {
    if (instant === undefined)
        return undefined;
    const time = new Date(instant);
    if (Number.isNaN(time.getTime()) || (typeof instant === "string" && !isInstant(instant)))
        throw new TypeError(`\`${name}\` is an instant such as \`2026-01-05T09:00:00Z\`, found ${JSON.stringify(String(instant))}`);
    return { start: typeof instant === "string" ? instant : time.toISOString(), mode };
}
/** Whether it has a time zone and a day that there is: `Date` takes the 30th of February for a day of March. */
function isInstant(text) {
    const day = text.slice(0, 10);
    return INSTANT.test(text) && new Date(`${day}T00:00:00Z`).toISOString().startsWith(day);
}
