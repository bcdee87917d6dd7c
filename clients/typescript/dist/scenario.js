import { readFile } from "node:fs/promises";
/** What the server is told of a scenario: a file is read, from the working directory unless its path is absolute. */
export async function readScenario(scenario) {
    const isFile = scenario instanceof URL || (typeof scenario === "string" && /^[^\n]*\.ya?ml$/.test(scenario));
    return isFile ? readFile(scenario, "utf8") : scenario;
}
