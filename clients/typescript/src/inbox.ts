import type { Admin, Json } from "./admin.js";
import type { Headers } from "./sandbox.js";
import type { Vendor } from "./scenario.js";

/** What a new subscription says beside vendor and address. */
export interface Subscription {
  /** The account of the vendor's first credential when left out. */
  account?: string;
  /** The vendor's names of the events; all of them when left out. */
  events?: string[];
  format?: "json" | "form";
  secret?: string;
}

/** A subscription. */
export interface Webhook {
  id: string;
  vendor: Vendor;
  account: string;
  url: string;
  events: string[];
  /** What bodies are signed with, or what is sent along. */
  secret: string | null;
  active: boolean;
  paused: Json;
  /** Why nothing will reach its address. */
  warnings: string[];
}

/** A request that an inbox received. `text` is its body, in base64 where `base64` says so; `json` is `null` unless it is JSON. */
export interface Letter {
  number: number;
  received: string;
  /** The sandbox whose webhook it is; `null` for what others have sent. */
  sandbox: string | null;
  query: string;
  headers: Headers;
  text: string;
  base64: boolean;
  json: Json;
}

/** A receiver of webhooks that the server has built in; `url` is where it receives. */
export class Inbox {
  readonly url: string;
  readonly #path: string;

  private constructor(
    private readonly admin: Admin,
    name: string,
  ) {
    this.#path = `/inbox/${encodeURIComponent(name)}`;
    this.url = `${admin.address}/_seatrial${this.#path}`;
  }

  /** A server with a token receives in those inboxes only that were read once. */
  static async open(admin: Admin, name: string): Promise<Inbox> {
    const inbox = new Inbox(admin, name);
    await inbox.letters();
    return inbox;
  }

  /** What came, oldest first; with `secrets` so that signatures can be checked. */
  letters({ secrets = false } = {}): Promise<Letter[]> {
    return this.#read({}, secrets);
  }

  /** The same, as soon as there are so many; an error if there never are. */
  async wait({ seconds = 5, count = 1, secrets = false } = {}): Promise<Letter[]> {
    const letters = await this.#read({ wait: `${Math.round(seconds * 1000)}ms`, min: String(count) }, secrets);
    if (letters.length < count) throw new Error(`${letters.length} of ${count} letters came within ${seconds} seconds`);
    return letters;
  }

  async clear(): Promise<void> {
    await this.admin.ask("DELETE", this.#path);
  }

  async #read(query: Record<string, string>, secrets: boolean): Promise<Letter[]> {
    return (await this.admin.ask("GET", `${this.#path}?${new URLSearchParams({ ...query, secrets: secrets ? "show" : "hide" })}`)).letters;
  }
}
