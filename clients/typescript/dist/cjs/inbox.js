"use strict";
Object.defineProperty(exports, "__esModule", { value: true });
exports.Inbox = void 0;
/** A receiver of webhooks that the server has built in; `url` is where it receives. */
class Inbox {
    admin;
    url;
    #path;
    constructor(admin, name) {
        this.admin = admin;
        this.#path = `/inbox/${encodeURIComponent(name)}`;
        this.url = `${admin.address}/_seatrial${this.#path}`;
    }
    /** A server with a token receives in those inboxes only that were read once. */
    static async open(admin, name) {
        const inbox = new Inbox(admin, name);
        await inbox.letters();
        return inbox;
    }
    /** What came, oldest first; with `secrets` so that signatures can be checked. */
    letters({ secrets = false } = {}) {
        return this.#read({}, secrets);
    }
    /** The same, as soon as there are so many; an error if there never are. */
    async wait({ seconds = 5, count = 1, secrets = false } = {}) {
        const letters = await this.#read({ wait: `${Math.round(seconds * 1000)}ms`, min: String(count) }, secrets);
        if (letters.length < count)
            throw new Error(`${letters.length} of ${count} letters came within ${seconds} seconds`);
        return letters;
    }
    async clear() {
        await this.admin.ask("DELETE", this.#path);
    }
    async #read(query, secrets) {
        return (await this.admin.ask("GET", `${this.#path}?${new URLSearchParams({ ...query, secrets: secrets ? "show" : "hide" })}`)).letters;
    }
}
exports.Inbox = Inbox;
