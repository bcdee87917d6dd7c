import { readFile, stat } from "node:fs/promises";
import { basename, dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
/** The member `include` with one path, or with a list of them, in one line or in several. */
const INCLUDE = /^(?:include|"include"|'include') *:[ \t]*(?:#.*)?(\n?(?:[ \t]*- .*\n?|[ \t]*#.*\n|[ \t]*\n)+|\n?[ \t]*\[[^\]]*\]|.*)/m;
/** A path, in quotes or without. */
const PATH = /"([^"\n]*)"|'([^'\n]*)'|([^\s,[\]"'#][^,[\]\n#]*)/g;
/** The paths that a file includes. */
function included(text) {
    const found = text.startsWith("--- # file: ") ? null : INCLUDE.exec(text);
    const value = (found?.[1] ?? "").replace(/^[ \t]*- /gm, "").replace(/(^|\s)#.*/g, "");
    return [...value.matchAll(PATH)].map((row) => (row[1] ?? row[2] ?? row[3] ?? "").trim());
}
/** A file of a scenario with those that it includes in front of it, each behind a line with its name. What is no file is built in. */
async function gathered(path) {
    const begun = new Set();
    const files = [];
    const add = async (path, name) => {
        if (begun.has(path))
            return;
        begun.add(path);
        const text = (await readFile(path, "utf8")).replace(/^\uFEFF/, "");
        for (const other of included(text)) {
            const below = resolve(dirname(path), other);
            if (await stat(below).then((found) => found.isFile(), () => false))
                await add(below, other);
        }
        files.push([name, text]);
    };
    await add(resolve(path), basename(path));
    const [first] = files;
    return files.length === 1 && first ? first[1] : files.map(([name, text]) => `--- # file: ${name}\n${text.trimEnd()}\n`).join("");
}
/** What the server is told of a scenario: a file is read, from the working directory unless its path is absolute. */
export async function readScenario(scenario) {
    const isFile = scenario instanceof URL || (typeof scenario === "string" && /^[^\n]*\.ya?ml$/.test(scenario));
    return isFile ? gathered(scenario instanceof URL ? fileURLToPath(scenario) : scenario) : scenario;
}
