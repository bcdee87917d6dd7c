"use strict";
Object.defineProperty(exports, "__esModule", { value: true });
exports.sharedServer = sharedServer;
exports.withSandbox = withSandbox;
const sandbox_js_1 = require("./sandbox.js");
const server_js_1 = require("./server.js");
let shared;
/** The server of this process, started by whoever asks first. It ends with the process. */
function sharedServer() {
    shared ??= server_js_1.Server.start();
    return shared;
}
function withSandbox(first, second) {
    const { expect, ...wanted } = typeof first === "function" ? {} : first;
    const run = typeof first === "function" ? first : second;
    if (typeof run !== "function" || (typeof first === "function" && second !== undefined)) {
        throw new TypeError("`withSandbox` takes the test last, behind what its sandbox is like");
    }
    return async () => {
        const sandbox = await (await sharedServer()).sandbox(wanted);
        try {
            // A mistake in them is told before the test.
            if (expect !== undefined)
                await sandbox.verify(expect);
            await run(sandbox);
            const { unused } = await sandbox.expect();
            for (const row of unused)
                process.emitWarning((0, sandbox_js_1.inWords)(row), "SeatrialWarning");
            if (expect !== undefined)
                await sandbox.expect(expect);
        }
        catch (error) {
            await showCalls(error, sandbox);
            await sandbox.delete().catch(() => undefined);
            throw error;
        }
        await sandbox.delete();
    };
}
/** Puts the calls under the message of what a test threw, for every runner to print. Unmet expectations have them. */
async function showCalls(error, sandbox) {
    if (error instanceof sandbox_js_1.UnmetExpectations || typeof error !== "object" || error === null || !("message" in error))
        return;
    const { message, stack } = error;
    const lines = await sandbox.calls().then(sandbox_js_1.inLines, (problem) => [problem.message]);
    const told = [message, `calls of ${sandbox.name}:`, ...(lines.length > 0 ? lines : ["none"]).map((line) => `  ${line}`)].join("\n");
    Reflect.set(error, "message", told);
    // The stack has the message as it was when the error was made.
    if (stack !== undefined)
        Reflect.set(error, "stack", stack.replace(message, () => told));
}
