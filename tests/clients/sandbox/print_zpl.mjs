// Prints ZPL programs as pictures: the resolution in dots to the inch, then files. Writes a list of PNGs in base64.

import { readFileSync } from "node:fs";

import { ready } from "zpl-renderer-js";

const [dpi, ...files] = process.argv.slice(2);
const { api } = await ready;
const pictures = [];
for (const file of files) {
    pictures.push(await api.zplToBase64Async(readFileSync(file, "utf8"), 101.6, 152.4, Math.round(dpi / 25.4)));
}
process.stdout.write(JSON.stringify(pictures), () => process.exit(0));
