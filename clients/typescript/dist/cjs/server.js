"use strict";
Object.defineProperty(exports, "__esModule", { value: true });
exports.Server = void 0;
const node_child_process_1 = require("node:child_process");
const node_readline_1 = require("node:readline");
const admin_js_1 = require("./admin.js");
const binary_cjs_1 = require("./binary.cjs");
const sandbox_js_1 = require("./sandbox.js");
/** A Seatrial server. */
class Server {
    admin;
    /** Where the same is served over TLS, if it was started so. */
    https;
    /** The file of the certificate authority to trust then. */
    authority;
    #process;
    constructor(address, token, process, variable, tls) {
        this.admin = new admin_js_1.Admin(address, token, variable);
        this.#process = process;
        this.https = tls?.https;
        this.authority = tls?.authority;
    }
    get address() {
        return this.admin.address;
    }
    /**
     * Starts the binary on a free port and waits until it is ready. When `SEATRIAL_URL` names a server that runs already, nothing
     * is started and that one is used, with the token of `SEATRIAL_ADMIN_TOKEN`.
     */
    static async start({ binary, arguments: more = [], tls = false, timeout = 30_000 } = {}) {
        const running = process.env["SEATRIAL_URL"];
        if (binary === undefined && running) {
            const server = new Server(running, process.env["SEATRIAL_ADMIN_TOKEN"], undefined, "SEATRIAL_URL");
            await server.admin.check();
            return server;
        }
        const found = binary ?? (0, binary_cjs_1.findBinary)();
        if (found === undefined)
            throw new Error(binary_cjs_1.MISSING);
        const flags = ["serve", "--listen", "127.0.0.1:0", ...(tls ? ["--tls", "127.0.0.1:0"] : []), "--exit-with-stdin", ...more];
        const child = (0, node_child_process_1.spawn)(found, flags, { stdio: ["pipe", "pipe", "inherit"] });
        const line = await firstLine(child, found, timeout);
        const address = /^seatrial ready .*?\bhttp=(\S+)/.exec(line)?.[1];
        if (address === undefined) {
            child.kill("SIGKILL");
            throw new Error(`${found} did not become ready within ${timeout} ms; it said ${JSON.stringify(line)}`);
        }
        // A forgotten server does not keep the tests from ending. It leaves when its standard input ends, and so with this process,
        // however that ends.
        child.unref();
        for (const pipe of [child.stdin, child.stdout])
            pipe.unref?.();
        const https = /\bhttps=(\S+)/.exec(line)?.[1];
        const secure = tls && https !== undefined ? { https: `https://${https}`, authority: authorityOf(found, more) } : undefined;
        return new Server(`http://${address}`, undefined, child, undefined, secure);
    }
    /** Makes a sandbox. */
    sandbox(wanted = {}) {
        return sandbox_js_1.Sandbox.make(this.admin, wanted);
    }
    /** Makes a sandbox what a file of `Sandbox.export` says. */
    async loadSandbox(name, file) {
        return new sandbox_js_1.Sandbox(this.admin, await this.admin.ask("POST", `/sandboxes/${encodeURIComponent(name)}/import`, file));
    }
    /** Ends a server that was started here; one that ran already goes on. */
    async stop() {
        const child = this.#process;
        this.#process = undefined;
        if (child === undefined || child.exitCode !== null)
            return;
        child.ref();
        await new Promise((resolve) => {
            const hard = setTimeout(() => child.kill("SIGKILL"), 5_000);
            child.once("exit", () => {
                clearTimeout(hard);
                resolve();
            });
            child.kill("SIGTERM");
        });
    }
    async [Symbol.asyncDispose]() {
        await this.stop();
    }
}
exports.Server = Server;
/** The file of the local certificate authority of a server with these arguments. */
function authorityOf(binary, more) {
    const at = more.indexOf("--ca-dir");
    return (0, node_child_process_1.execFileSync)(binary, ["ca", "--path", ...(at < 0 ? [] : more.slice(at, at + 2))], { encoding: "utf8" }).trim();
}
/** What the process says first; empty when it ends or says nothing in time. */
function firstLine(child, binary, timeout) {
    return new Promise((resolve, reject) => {
        const lines = (0, node_readline_1.createInterface)({ input: child.stdout });
        const clock = setTimeout(() => done(""), timeout);
        const done = (line) => {
            clearTimeout(clock);
            lines.close();
            child.stdout?.resume();
            resolve(line);
        };
        lines.once("line", done);
        child.once("exit", () => done(""));
        child.once("error", (error) => {
            clearTimeout(clock);
            reject(new Error(`${binary} cannot be started; name it in SEATRIAL_BINARY, or a running server in SEATRIAL_URL`, { cause: error }));
        });
    });
}
