/** What JSON can be. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Json = any;

/** The server says no; `status` and `detail` are its own words. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly detail: string,
    readonly document?: Json,
  ) {
    super(`${status}: ${detail}`);
    this.name = "Problem";
  }
}

/** The admin API of a running server. */
export class Admin {
  readonly address: string;
  readonly #token: string | undefined;

  constructor(address: string, token?: string) {
    this.address = address.replace(/\/+$/, "");
    this.#token = token;
  }

  /** Asks a route below `/_seatrial`. A text as body is YAML, anything else JSON. */
  async ask(method: string, path: string, body?: Json): Promise<Json> {
    const headers: Record<string, string> = {};
    if (body !== undefined || method === "POST") headers["content-type"] = typeof body === "string" ? "application/yaml" : "application/json";
    if (this.#token !== undefined) headers["authorization"] = `Bearer ${this.#token}`;
    const sent = body === undefined ? null : typeof body === "string" ? body : JSON.stringify(body);
    const answer = await fetch(`${this.address}/_seatrial${path}`, { method, headers, body: sent });
    const kind = answer.headers.get("content-type") ?? "";
    const text = await answer.text();
    const isJson = /^application\/(problem\+)?json/.test(kind) && text !== "";
    const read: Json = isJson ? JSON.parse(text) : text === "" ? undefined : text;
    if (!answer.ok) throw new Problem(answer.status, isJson ? String(read.detail ?? "") : text, read);
    return read;
  }
}
