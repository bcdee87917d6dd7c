import { type ChildProcess } from "node:child_process";
import { Admin, type Json } from "./admin.js";
import { Sandbox, type Wanted } from "./sandbox.js";
/** How a server is started. */
export interface Launch {
    /** The binary; that of `SEATRIAL_BINARY`, of this package, or of the path otherwise. */
    binary?: string;
    arguments?: string[];
    /** Whether it listens for HTTPS as well. */
    tls?: boolean;
    /** How long it may take to become ready, in milliseconds. */
    timeout?: number;
}
/** A Seatrial server. */
export declare class Server implements AsyncDisposable {
    #private;
    readonly admin: Admin;
    /** Where the same is served over TLS, if it was started so. */
    readonly https: string | undefined;
    /** The file of the certificate authority to trust then. */
    readonly authority: string | undefined;
    constructor(address: string, token?: string, process?: ChildProcess, variable?: string, tls?: {
        https: string;
        authority: string;
    });
    get address(): string;
    /**
     * Starts the binary on a free port and waits until it is ready. When `SEATRIAL_URL` names a server that runs already, nothing
     * is started and that one is used, with the token of `SEATRIAL_ADMIN_TOKEN`.
     */
    static start({ binary, arguments: more, tls, timeout }?: Launch): Promise<Server>;
    /** Makes a sandbox. */
    sandbox(wanted?: Wanted): Promise<Sandbox>;
    /** Makes a sandbox what a file of `Sandbox.export` says. */
    loadSandbox(name: string, file: Json): Promise<Sandbox>;
    /** Ends a server that was started here; one that ran already goes on. */
    stop(): Promise<void>;
    [Symbol.asyncDispose](): Promise<void>;
}
