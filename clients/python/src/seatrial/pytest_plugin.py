"""The fixtures: `seatrial_server`, started once, and `seatrial`, a sandbox for each test.

    @pytest.mark.seatrial(seed=7, scenario="lost.yaml", expect=[{"never": "shippo.CreateRefund"}])
    def test_something(seatrial):
        ...

Expectations of the mark are read before the test, so that a mistake in them is told at once. They and those of the scenario are judged
when the test has passed; unmet ones fail it. A failed test shows its calls. What was prepared and had no effect is a warning,
`SeatrialWarning`.
"""

from __future__ import annotations

import difflib
import warnings
from collections.abc import Generator
from typing import Any

import pytest

from . import Problem, Sandbox, Server, UnmetExpectations
from ._client import in_lines, read_scenario

_WANTED = ("name", "scenario", "seed", "frozen_at", "start_at", "ttl", "expect")
_PASSED = pytest.StashKey[bool]()
_SANDBOX = pytest.StashKey[Sandbox]()


class SeatrialWarning(pytest.PytestWarning):
    """An override, a timeline or a fault had no effect in a test that passed."""


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", f"seatrial({', '.join(_WANTED)}): what this test's sandbox is like")


def pytest_runtest_setup(item: pytest.Item) -> None:
    # A mark of a whole module or class may be for some of its tests only.
    is_marked = any(mark.name == "seatrial" for mark in item.own_markers)
    if is_marked and "seatrial" not in getattr(item, "fixturenames", ("seatrial",)):
        raise pytest.UsageError("the mark `seatrial` has no effect without the fixture `seatrial`, which this test does not take")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.when == "call":
        item.stash[_PASSED] = report.passed
    sandbox = item.stash.get(_SANDBOX, None)
    # Unmet expectations show the calls themselves.
    if sandbox is not None and report.failed and not (call.excinfo and call.excinfo.errisinstance(UnmetExpectations)):
        report.sections.append((f"seatrial calls of {sandbox.name}", _calls(sandbox)))
    return report


def _calls(sandbox: Sandbox) -> str:
    try:
        return "\n".join(in_lines(sandbox.calls())) or "none"
    except (Problem, OSError) as error:
        return str(error)


@pytest.fixture(scope="session")
def seatrial_server() -> Generator[Server, None, None]:
    """The server of this run."""
    with Server.start() as server:
        yield server


@pytest.fixture
def seatrial(request: pytest.FixtureRequest, seatrial_server: Server) -> Generator[Sandbox, None, None]:
    """A sandbox that only this test has."""
    wanted: dict[str, Any] = {}
    for mark in reversed(list(request.node.iter_markers("seatrial"))):
        if mark.args:
            raise pytest.UsageError(f"the mark `seatrial` takes names, as in `scenario={mark.args[0]!r}`, not {mark.args[0]!r} alone")
        wanted.update(mark.kwargs)
    unknown = [name for name in wanted if name not in _WANTED]
    if unknown:
        near = difflib.get_close_matches(unknown[0], _WANTED, 1)
        known = f"did you mean `{near[0]}`?" if near else f"it takes {', '.join(_WANTED)}"
        raise pytest.UsageError(f"the mark `seatrial` has no `{unknown[0]}`: {known}")
    expect = wanted.pop("expect", None)
    if "scenario" in wanted:
        wanted["scenario"] = read_scenario(wanted["scenario"], request.path.parent)
    with seatrial_server.sandbox(**wanted) as sandbox:
        if expect is not None:
            sandbox.verify(expect)
        request.node.stash[_SANDBOX] = sandbox
        yield sandbox
        del request.node.stash[_SANDBOX]
        if request.node.stash.get(_PASSED, False):
            for unused in sandbox.expect().unused:
                warnings.warn(f"{request.node.nodeid}: {unused}", SeatrialWarning, stacklevel=1)
            if expect is not None:
                sandbox.expect(expect)
