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
export declare class Inbox {
    #private;
    private readonly admin;
    readonly url: string;
    private constructor();
    /** A server with a token receives in those inboxes only that were read once. */
    static open(admin: Admin, name: string): Promise<Inbox>;
    /** What came, oldest first; with `secrets` so that signatures can be checked. */
    letters({ secrets }?: {
        secrets?: boolean | undefined;
    }): Promise<Letter[]>;
    /** The same, as soon as there are so many; an error if there never are. */
    wait({ seconds, count, secrets }?: {
        seconds?: number | undefined;
        count?: number | undefined;
        secrets?: boolean | undefined;
    }): Promise<Letter[]>;
    clear(): Promise<void>;
}
