// Builds the package: `node build.mjs`, into `dist` or into the folder that is named. What is built is kept with the sources, so that
// `npm install <folder>` needs nothing more; `test/built.test.mjs` compares.

import { execFileSync } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));
const folder = resolve(process.argv[2] ?? join(here, "dist"));
const compiler = createRequire(import.meta.url).resolve("typescript/bin/tsc");

rmSync(folder, { recursive: true, force: true });
for (const [project, to] of [["tsconfig.json", folder], ["tsconfig.cjs.json", join(folder, "cjs")]])
  execFileSync(process.execPath, [compiler, "-p", join(here, project), "--outDir", to], { stdio: "inherit" });
writeFileSync(join(folder, "cjs", "package.json"), '{"type": "commonjs"}\n');
