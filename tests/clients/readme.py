"""The commands of the README's first screen, as pasted: each `curl` answers what the comment below it promises."""

import os
import re
import subprocess
import sys
from pathlib import Path

BASE = os.environ["SEATRIAL_BASE_URL"]
ROOT = Path(__file__).resolve().parents[2]


MARK = "-- as promised --"


def promises(block: str) -> list[tuple[str, str]]:
    """Every command of a block with the answer that the comment below it promises; `…` stands for anything."""
    return re.findall(r"^(curl (?:.*\\\n)*.*)\n# (.*)$", block, re.M)


def play(block: str) -> list[str]:
    """What the commands of a block answer, in one shell."""
    script = re.sub(r"^# .*$", f"echo; echo '{MARK}'", block.replace("http://127.0.0.1:7447", BASE), flags=re.M)
    played = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False)
    return [answer.strip() for answer in played.stdout.split(MARK)]


def main() -> int:
    failed = 0
    blocks = re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(), re.S)
    blocks = [block for block in blocks if promises(block)]
    rows = [(*row, answer) for block in blocks for row, answer in zip(promises(block), play(block))]
    for command, promise, answer in rows:
        pattern = ".*".join(re.escape(part) for part in promise.split("…"))
        name = command.split("127.0.0.1:7447", 1)[1].split()[0].rstrip("'\"")
        if re.fullmatch(pattern, answer, re.S):
            print(f"ok {name}")
        else:
            failed += 1
            print(f"FAILED {name}\n  promised {promise}\n  answered {answer[:500]}")
    if len(rows) < 5:
        failed += 1
        print(f"FAILED only {len(rows)} commands were found")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
