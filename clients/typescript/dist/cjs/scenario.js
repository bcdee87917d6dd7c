"use strict";
Object.defineProperty(exports, "__esModule", { value: true });
exports.readScenario = readScenario;
const promises_1 = require("node:fs/promises");
const node_path_1 = require("node:path");
const node_url_1 = require("node:url");
/** In front of the name of each part. */
const PART = "--- # file: ";
/** The member `include` with one path, or with a list of them, in one line or in several. */
const INCLUDE = /^(?:include|"include"|'include') *:[ \t]*(?:#.*)?(\n?(?:[ \t]*- .*\n?|[ \t]*#.*\n|[ \t]*\n)+|\n?[ \t]*\[[^\]]*\]|.*)/m;
/** A path, in quotes or without. */
const PATH = /"([^"\n]*)"|'([^'\n]*)'|([^\s,[\]"'#][^,[\]\n#]*)/g;
/** The paths that a file includes. */
function included(text) {
    if (text.trimStart().startsWith("{")) {
        try {
            const { include } = JSON.parse(text);
            return [include].flat().filter((row) => typeof row === "string");
        }
        catch {
            return [];
        }
    }
    const found = text.startsWith(PART) ? null : INCLUDE.exec(text);
    const value = (found?.[1] ?? "").replace(/^[ \t]*- /gm, "").replace(/(^|\s)#.*/g, "");
    return [...value.matchAll(PATH)].map((row) => (row[1] ?? row[2] ?? row[3] ?? "").trim());
}
/**
 * A file of a scenario with those that it includes in front of it, each behind a line with its name: where it is, seen from the folder of the
 * first one. What is no file is built in, and added by the server where it belongs.
 */
async function gathered(path) {
    const begun = new Set();
    const parts = new Map();
    const add = async (file, name) => {
        const path = await (0, promises_1.realpath)(file);
        if (begun.has(path)) {
            // By another name, such as that of a link.
            if (!parts.has(name))
                parts.set(name, "{}");
            return;
        }
        begun.add(path);
        const text = (await (0, promises_1.readFile)(path, "utf8")).replace(/^\uFEFF/, "");
        for (const other of included(text)) {
            const below = (0, node_path_1.resolve)((0, node_path_1.dirname)(path), other);
            const isFile = await (0, promises_1.stat)(below).then((found) => found.isFile(), () => false);
            if (isFile)
                await add(below, node_path_1.posix.join((0, node_path_1.isAbsolute)(other) ? "" : node_path_1.posix.dirname(name), other.replaceAll("\\", "/")));
        }
        parts.set(name, text);
    };
    await add(path, (0, node_path_1.basename)(path));
    const [first] = parts.values();
    if (parts.size === 1 && first !== undefined)
        return first;
    const texts = [...parts].map(([name, text]) => (text.startsWith(PART) ? `${text.trimEnd()}\n${PART}${name}\n{}\n` : `${PART}${name}\n${text.trimEnd()}\n`));
    return texts.join("");
}
/** What the server is told of a scenario: a file is read, from the working directory unless its path is absolute. */
async function readScenario(scenario) {
    const isFile = scenario instanceof URL || (typeof scenario === "string" && /^[^\n]*\.ya?ml$/.test(scenario));
    return isFile ? gathered(scenario instanceof URL ? (0, node_url_1.fileURLToPath)(scenario) : scenario) : scenario;
}
