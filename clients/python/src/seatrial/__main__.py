"""`python -m seatrial`: the command line of the server, with its exit code."""

import os
import subprocess
import sys

from ._binary import find


def main() -> None:
    try:
        binary = find()
    except FileNotFoundError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(127)
    command = [binary, *sys.argv[1:]]
    if os.name == "nt":
        sys.exit(subprocess.run(command).returncode)
    # In place of this process, so that signals and open files are the server's.
    os.execv(binary, command)


if __name__ == "__main__":
    main()
