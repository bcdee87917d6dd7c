"use strict";
Object.defineProperty(exports, "__esModule", { value: true });
exports.readScenario = readScenario;
const promises_1 = require("node:fs/promises");
/** What the server is told of a scenario: a file is read, from the working directory unless its path is absolute. */
async function readScenario(scenario) {
    const isFile = scenario instanceof URL || (typeof scenario === "string" && /^[^\n]*\.ya?ml$/.test(scenario));
    return isFile ? (0, promises_1.readFile)(scenario, "utf8") : scenario;
}
