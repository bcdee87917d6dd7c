"""The fixtures: `seatrial_server`, started once, and `seatrial`, a sandbox for each test.

    @pytest.mark.seatrial(seed=7, scenario="lost.yaml", expect=[{"never": "shippo.CreateRefund"}])
    def test_something(seatrial):
        ...

Expectations of the mark and of the scenario are judged when the test has passed; unmet ones fail it. What was prepared and had no
effect is a warning, `SeatrialWarning`.
"""

from __future__ import annotations

import warnings
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from . import Sandbox, Server

_PASSED = pytest.StashKey[bool]()


class SeatrialWarning(pytest.PytestWarning):
    """An override, a timeline or a fault had no effect in a test that passed."""


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "seatrial(name, scenario, seed, frozen_at, ttl, expect): what this test's sandbox is like")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.when == "call":
        item.stash[_PASSED] = report.passed
    return report


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
        wanted.update(mark.kwargs)
    expect = wanted.pop("expect", None)
    scenario = wanted.get("scenario")
    if isinstance(scenario, Path) or (isinstance(scenario, str) and scenario.endswith((".yaml", ".yml")) and "\n" not in scenario):
        wanted["scenario"] = (request.path.parent / scenario).read_text()
    with seatrial_server.sandbox(**wanted) as sandbox:
        yield sandbox
        if request.node.stash.get(_PASSED, False):
            report = sandbox.verify()
            for unused in report.unused:
                warnings.warn(f"{request.node.nodeid}: {unused}", SeatrialWarning, stacklevel=1)
            report.check()
            if expect is not None:
                sandbox.expect(expect)
