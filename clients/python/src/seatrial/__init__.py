"""Carrier APIs on localhost for tests: a Seatrial sandbox for each test.

    from seatrial import Server

    with Server.start() as server, server.sandbox(seed=7) as sandbox:
        url, token = sandbox.url("shippo"), sandbox.credential("shippo", "token")
        ...                                   # call the code under test
        sandbox.clock.advance("72h")
        sandbox.expect([{"call": "shippo.CreateTransaction", "count": 1}])

With pytest there is nothing to start: ask for the fixture `seatrial`.
"""

from ._admin import Admin, Problem, Unreachable
from ._client import (
    Call,
    Clock,
    Fault,
    Finding,
    Inbox,
    Parcel,
    Parcels,
    Report,
    Sandbox,
    UnmetExpectations,
    Unused,
    Webhook,
)
from ._server import Server

__all__ = [
    "Admin",
    "Call",
    "Clock",
    "Fault",
    "Finding",
    "Inbox",
    "Parcel",
    "Parcels",
    "Problem",
    "Report",
    "Sandbox",
    "Server",
    "UnmetExpectations",
    "Unreachable",
    "Unused",
    "Webhook",
]
