/** What JSON can be. */
export type Json = any;
/** The server says no; `status` and `detail` are its own words. */
export declare class Problem extends Error {
    readonly status: number;
    readonly detail: string;
    readonly document?: Json | undefined;
    constructor(status: number, detail: string, document?: Json | undefined);
}
/** No server answers, or what answers is none. */
export declare class Unreachable extends Error {
    constructor(message: string, options?: ErrorOptions);
}
/** The admin API of a running server. `variable` is the environment variable that named its address. */
export declare class Admin {
    #private;
    readonly address: string;
    constructor(address: string, token?: string, variable?: string);
    /** Asks a route below `/_seatrial`. A text as body is YAML, anything else JSON. */
    ask(method: string, path: string, body?: Json): Promise<Json>;
    /** Server-sent events below `/_seatrial`, each with its name. */
    stream(path: string): AsyncGenerator<[name: string, data: Json]>;
    /** Throws {@link Unreachable} unless a Seatrial server answers. */
    check(): Promise<void>;
}
