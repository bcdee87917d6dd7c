// The package as it lies in the repository: it is built, up to date, typed, and can be installed from its folder.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

const PACKAGE = fileURLToPath(new URL("..", import.meta.url));
const COMPILER = createRequire(import.meta.url).resolve("typescript/bin/tsc");

let folder;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "seatrial-"));
});
after(() => rm(folder, { recursive: true }));

async function files(root) {
  const found = (await readdir(root, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  const paths = found.map((entry) => join(entry.parentPath, entry.name)).sort();
  return Object.fromEntries(await Promise.all(paths.map(async (path) => [path.slice(root.length), await readFile(path, "utf8")])));
}

test("what is kept is what the sources build", async () => {
  const fresh = join(folder, "fresh");
  execFileSync(process.execPath, [join(PACKAGE, "build.mjs"), fresh]);
  assert.deepEqual(await files(join(PACKAGE, "dist")), await files(fresh), "`npm run build` and commit `dist`");
});

test("types tell mistakes", () => {
  const settings = ["--noEmit", "--strict", "--module", "NodeNext", "--target", "ES2022", "--lib", "ES2022,ESNext.Disposable"];
  execFileSync(process.execPath, [COMPILER, ...settings, join(PACKAGE, "test/types.ts")], { cwd: PACKAGE, stdio: "inherit" });
});

for (const [kind, flags] of [["a link", []], ["a copy", ["--install-links"]]])
  test(`npm install <folder> makes ${kind} that can be imported`, async () => {
    const project = await mkdtemp(join(folder, "project-"));
    await writeFile(join(project, "package.json"), "{}");
    const quiet = ["--offline", "--no-audit", "--no-fund"];
    execFileSync("npm", ["install", ...quiet, ...flags, PACKAGE], { cwd: project });
    for (const [name, code] of [
      ["a.mjs", 'import { Server } from "seatrial"; console.log(typeof Server.start);'],
      ["b.cjs", 'console.log(typeof require("seatrial").Server.start);'],
    ]) {
      await writeFile(join(project, name), code);
      assert.equal(execFileSync(process.execPath, [name], { cwd: project, encoding: "utf8" }), "function\n");
    }
  });
