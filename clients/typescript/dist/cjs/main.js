#!/usr/bin/env node
"use strict";
// `npx seatrial`: the command line of the server, with its exit code.
Object.defineProperty(exports, "__esModule", { value: true });
const node_child_process_1 = require("node:child_process");
const node_tty_1 = require("node:tty");
const binary_cjs_1 = require("./binary.cjs");
const binary = (0, binary_cjs_1.findBinary)();
if (binary === undefined) {
    console.error(`error: ${binary_cjs_1.MISSING}`);
    process.exitCode = 127;
}
else {
    const child = (0, node_child_process_1.spawn)(binary, process.argv.slice(2), { stdio: "inherit" });
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"])
        process.on(signal, () => {
            // A terminal sends Ctrl-C to the server too.
            if (signal !== "SIGINT" || !(0, node_tty_1.isatty)(0))
                child.kill(signal);
        });
    child.once("error", (error) => {
        console.error(`error: ${binary} cannot be started: ${error.message}`);
        process.exitCode = 127;
    });
    child.once("exit", (code, signal) => {
        if (signal === null)
            process.exitCode = code ?? 1;
        // The parent sees the same end: without a listener the signal ends this process too.
        else
            process.removeAllListeners(signal).kill(process.pid, signal);
    });
}
