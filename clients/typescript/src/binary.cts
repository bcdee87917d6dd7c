// Where the server's binary is. CommonJS in both builds, because only there a module can resolve packages from its own place.

import { accessSync, constants, realpathSync } from "node:fs";
import { delimiter, join } from "node:path";

/** The optional package with the binary for this machine. */
const PACKAGE = `@seatrial/${process.platform}-${process.arch}`;

/** What to do where there is none. */
export const MISSING =
  `there is no \`seatrial\` in ${PACKAGE} or on the path; install it with \`npm install seatrial\` (without --omit=optional) or ` +
  "`cargo install seatrial`, name its binary in SEATRIAL_BINARY, or the address of a server that runs in SEATRIAL_URL";

/** The binary that `SEATRIAL_BINARY` names, else the one that was installed beside this package, else `seatrial` of the path. */
export function findBinary(): string | undefined {
  const named = process.env["SEATRIAL_BINARY"];
  if (named) return named;
  const file = process.platform === "win32" ? "seatrial.exe" : "seatrial";
  try {
    return require.resolve(`${PACKAGE}/bin/${file}`);
  } catch {
    // No build for this platform, or packages were installed without the optional ones.
  }
  return (process.env["PATH"] ?? "").split(delimiter).map((folder) => join(folder, file)).find(isServer);
}

/** A program that is not this package's own, which would lead back here. */
function isServer(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
  } catch {
    return false;
  }
  return !path.includes(join("node_modules", ".bin")) && !realpathSync(path).endsWith(".js");
}
