"""The server under test, seen from a client script: where it is, how its clock is moved, how a check is reported.

Started by `cargo xtask test`, which sets SEATRIAL_BASE_URL. To run one script by hand, start `seatrial` and set the
variable to `http://127.0.0.1:7447`.
"""

import atexit
import contextlib
import datetime
import os
import sys
import traceback

import requests

BASE = os.environ["SEATRIAL_BASE_URL"].rstrip("/")

_failed = []


@contextlib.contextmanager
def check(name):
    """Reports the block as one check; a failure is told and the script goes on to its next check."""
    try:
        yield
    except Exception as error:
        _failed.append(name)
        print(f"failed {name}: {type(error).__name__}: {error}", flush=True)
        traceback.print_exc()
    else:
        print(f"ok {name}", flush=True)


def equal(found, wanted):
    assert found == wanted, f"found {found!r}, wanted {wanted!r}"


def answer(response, status=200):
    """The response's JSON, once its status is the wanted one."""
    assert response.status_code == status, f"status {response.status_code}, wanted {status}: {response.text[:500]}"
    return response.json()


def now():
    """The sandbox's time, in whole seconds since 1970."""
    clock = answer(requests.get(f"{BASE}/_seatrial/sandboxes/default/clock", timeout=10))
    return int(datetime.datetime.fromisoformat(clock["now"]).timestamp())


def advance(by):
    """Moves the virtual clock, for example by `61m`."""
    answer(requests.post(f"{BASE}/_seatrial/sandboxes/default/clock/advance", json={"by": by}, timeout=10))


@atexit.register
def _verdict():
    if _failed:
        sys.stdout.flush()
        os._exit(1)
