"""The code in the pages of the manual: each block that says `<!-- run: HOW -->` below it is run, with those that are `<!-- file: NAME -->`, in the language of the block, against a
server that knows nothing yet. How many blocks are not run, and why, is counted by `cargo test`."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BASE = os.environ["SEATRIAL_BASE_URL"]
BINARY = ROOT / "target/quick/seatrial"
BLOCK = re.compile(r"^```(\w+)\n((?:(?!```).*\n)*)```\n<!-- (run|file): ([a-z_.]+) -->", re.M)
DOCS = ROOT / "tests/docs"

ENVIRONMENT = {
    **{name: value for name, value in os.environ.items() if not name.startswith("SEATRIAL_")},
    "SEATRIAL_BINARY": str(BINARY),
    "PATH": f"{BINARY.parent}:{os.environ['PATH']}",
    "PYTHONPATH": str(ROOT / "clients/python/src"),
    "NODE_PATH": str(DOCS / "node_modules"),
    # Where the languages without a client expect a server.
    "SEATRIAL_URL": BASE,
    "GOFLAGS": "-mod=mod",
    "GOCACHE": str(ROOT / "target/docs-go"),
    "GO111MODULE": "on",
}


def blocks() -> Iterator[tuple[str, str, str, dict[str, str]]]:
    """The place of each block that is run, how, what it says, and the files that the blocks before it on the page are."""
    for page in sorted((ROOT / "docs").rglob("*.md")):
        text, files = page.read_text(), {}
        for found in BLOCK.finditer(text):
            line = text.count("\n", 0, found.start()) + 1
            if found[3] == "file":
                files[found[4]] = found[2]
            else:
                yield f"{page.relative_to(ROOT)}:{line}", found[4], found[2], files


# For each way to run a block: the file that it is, and the command. `{}` is the folder.
WAYS: dict[str, tuple[str, list[str]]] = {
    "sh": ("block.sh", ["bash", "-euo", "pipefail", "{}/block.sh"]),
    "pytest": ("test_block.py", [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "seatrial.pytest_plugin", "{}"]),
    "node": ("block.test.mjs", ["node", "--test", "{}/block.test.mjs"]),
    "vitest": ("block.test.mjs", ["node", str(DOCS / "node_modules/vitest/vitest.mjs"), "run", "--root", "{}", "--globals"]),
    "jest": ("block.test.js", ["node", str(DOCS / "node_modules/jest/bin/jest.js"), "--rootDir", "{}"]),
    "go": ("block_test.go", ["go", "test", "./..."]),
    "phpunit": ("ShopTest.php", ["phpunit", "--no-configuration", "{}/ShopTest.php"]),
    "rspec": ("block_spec.rb", ["rspec", "{}/block_spec.rb"]),
    "javac": ("Sandbox.java", ["javac", "-d", "{}/classes", "{}/Sandbox.java"]),
}


def run(way: str, text: str, files: dict[str, str], folder: Path) -> subprocess.CompletedProcess[str]:
    file, command = WAYS[way]
    # Examples name the address that a server has unless told.
    for name, said in {**files, file: text, "package.json": "{}"}.items():
        (folder / name).write_text(said.replace("http://127.0.0.1:7447", BASE))
    if (DOCS / "node_modules").is_dir():
        (folder / "node_modules").symlink_to(DOCS / "node_modules")
    if way == "go":
        (folder / "go.mod").write_text("module shop\n\ngo 1.18\n")
    environment = dict(ENVIRONMENT)
    if way in ("pytest", "node", "vitest", "jest"):
        # Clients start a server of their own.
        del environment["SEATRIAL_URL"]
    filled = [part.replace("{}", str(folder)) for part in command]
    return subprocess.run(filled, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=300)


def main() -> int:
    failed = count = 0
    for place, way, text, files in blocks():
        count += 1
        if way not in WAYS or shutil.which(WAYS[way][1][0]) is None:
            failed += 1
            print(f"FAILED {place}: nothing here runs `{way}`")
            continue
        with tempfile.TemporaryDirectory(prefix="seatrial-docs-") as folder:
            ended = run(way, text, files, Path(folder))
        if ended.returncode == 0:
            print(f"ok {place} by {way}")
        else:
            failed += 1
            print(f"FAILED {place} by {way}\n{ended.stdout[-3000:]}\n{ended.stderr[-3000:]}")
    if count < 10:
        failed += 1
        print(f"FAILED only {count} blocks were found")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
