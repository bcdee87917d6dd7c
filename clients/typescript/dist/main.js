#!/usr/bin/env node
// `npx seatrial`: the command line of the server, with its exit code.
import { spawn } from "node:child_process";
import { isatty } from "node:tty";
import { findBinary, MISSING } from "./binary.cjs";
const binary = findBinary();
if (binary === undefined) {
    console.error(`error: ${MISSING}`);
    process.exitCode = 127;
}
else {
    const child = spawn(binary, process.argv.slice(2), { stdio: "inherit" });
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"])
        process.on(signal, () => {
            // A terminal sends Ctrl-C to the server too.
            if (signal !== "SIGINT" || !isatty(0))
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
