"""Where the server's binary is: the wheels of most platforms carry it; otherwise it is on the path."""

from __future__ import annotations

import importlib.metadata
import os
import shutil
from pathlib import Path


def find(named: str | None = None) -> str:
    """The binary that is named here or in `SEATRIAL_BINARY`, else the one of this package, else `seatrial` of the path."""
    named = named or os.environ.get("SEATRIAL_BINARY")
    found = shutil.which(named) if named else _of_package() or shutil.which("seatrial")
    if found is None:
        raise FileNotFoundError(_missing(named))
    return found


def _of_package() -> str | None:
    file = "seatrial.exe" if os.name == "nt" else "seatrial"
    try:
        installed = importlib.metadata.files("seatrial") or []
    except importlib.metadata.PackageNotFoundError:
        installed = []
    places = [Path(str(path.locate())) for path in installed if path.name == file]
    # `pip install --target` moves programs without writing down where to.
    places.append(Path(__file__).parents[1] / "bin" / file)
    return next((os.path.abspath(place) for place in places if os.access(place, os.X_OK) and place.is_file()), None)


def _missing(named: str | None) -> str:
    """What to do about a binary that is not there."""
    if named is None:
        found = "there is no `seatrial` in this package or on the path"
    elif os.path.exists(named):
        found = f"`{named}` cannot be run"
    else:
        found = f"there is no `{named}`"
    return (
        f"{found}; install it with `pip install --force-reinstall seatrial` or `cargo install seatrial`, name its binary in SEATRIAL_BINARY, "
        "or the address of a server that runs in SEATRIAL_URL"
    )
