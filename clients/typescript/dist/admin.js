/** The server says no; `status` and `detail` are its own words. */
export class Problem extends Error {
    status;
    detail;
    document;
    constructor(status, detail, document) {
        super(`${status}: ${detail}`);
        this.status = status;
        this.detail = detail;
        this.document = document;
        this.name = "Problem";
    }
}
/** No server answers, or what answers is none. */
export class Unreachable extends Error {
    constructor(message, options) {
        super(message, options);
        this.name = "Unreachable";
    }
}
/** The admin API of a running server. `variable` is the environment variable that named its address. */
export class Admin {
    address;
    #token;
    #place;
    constructor(address, token, variable) {
        this.address = address.replace(/\/+$/, "");
        this.#token = token;
        this.#place = `\`${address}\`` + (variable === undefined ? "" : `, the address in ${variable}`);
        if (!/^https?:\/\/[^/]/i.test(address) || !URL.canParse(address))
            throw new TypeError(`an address such as \`http://127.0.0.1:7447\` is expected, found ${this.#place}`);
    }
    /** Asks a route below `/_seatrial`. A text as body is YAML, anything else JSON. */
    async ask(method, path, body) {
        const headers = {};
        if (body !== undefined || method === "POST")
            headers["content-type"] = typeof body === "string" ? "application/yaml" : "application/json";
        if (this.#token !== undefined)
            headers["authorization"] = `Bearer ${this.#token}`;
        const sent = body === undefined ? null : typeof body === "string" ? body : JSON.stringify(body);
        const answer = await fetch(`${this.address}/_seatrial${path}`, { method, headers, body: sent }).catch((error) => {
            const reason = error.cause instanceof Error ? error.cause.message || error.cause.code : error.message;
            throw new Unreachable(`no Seatrial server answers at ${this.#place}: ${reason}`, { cause: error });
        });
        const kind = answer.headers.get("content-type") ?? "";
        const text = await answer.text();
        const isJson = /^application\/(problem\+)?json/.test(kind) && text !== "";
        const read = isJson ? JSON.parse(text) : text === "" ? undefined : text;
        if (!answer.ok)
            throw new Problem(answer.status, isJson ? String(read.detail ?? "") : text, read);
        return read;
    }
    /** Server-sent events below `/_seatrial`, each with its name. */
    async *stream(path) {
        const headers = this.#token === undefined ? {} : { authorization: `Bearer ${this.#token}` };
        const ended = new AbortController();
        try {
            const answer = await fetch(`${this.address}/_seatrial${path}`, { headers, signal: ended.signal });
            if (!answer.ok || answer.body === null)
                throw new Problem(answer.status, await answer.text());
            const decoder = new TextDecoder();
            let text = "";
            for await (const bytes of answer.body) {
                text += decoder.decode(bytes, { stream: true });
                const events = text.split("\n\n");
                text = events.pop() ?? "";
                for (const event of events) {
                    const name = /^event: (.*)$/m.exec(event)?.[1];
                    const data = /^data: (.*)$/m.exec(event)?.[1];
                    if (name !== undefined && data !== undefined)
                        yield [name, JSON.parse(data)];
                }
            }
        }
        finally {
            ended.abort();
        }
    }
    /** Throws {@link Unreachable} unless a Seatrial server answers. */
    async check() {
        const version = await this.ask("GET", "/version").catch((problem) => {
            if (!(problem instanceof Problem) || problem.status === 401)
                throw problem;
            return problem.message;
        });
        if (typeof version !== "object")
            throw new Unreachable(`what answers at ${this.#place} is no Seatrial server: ${version}`);
    }
}
