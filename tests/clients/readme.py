"""The commands of the README's first screen, as pasted: each `curl` answers what the comment below it promises."""

import os
import re
import subprocess
import sys
from pathlib import Path

BASE = os.environ["SEATRIAL_BASE_URL"]
ROOT = Path(__file__).resolve().parents[2]


def promises(text: str) -> list[tuple[str, str]]:
    """Every command with the answer that the comment promises; `…` stands for anything."""
    found = []
    for block in re.findall(r"```sh\n(.*?)```", text, re.S):
        for command, promise in re.findall(r"^(curl (?:.*\\\n)*.*)\n# (.*)$", block, re.M):
            found.append((command, promise))
    return found


def main() -> int:
    failed = 0
    rows = promises((ROOT / "README.md").read_text())
    for command, promise in rows:
        here = command.replace("http://127.0.0.1:7447", BASE)
        answer = subprocess.run(["bash", "-c", here], capture_output=True, text=True, check=False).stdout.strip()
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
