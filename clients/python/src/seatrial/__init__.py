"""Carrier APIs on localhost for tests: a Seatrial sandbox for each test.

    from seatrial import Server

    with Server.start() as server, server.sandbox(seed=7) as sandbox:
        url, token = sandbox.url("shippo"), sandbox.credential("shippo", "token")
        ...                                   # call the code under test
        sandbox.clock.advance("72h")
        sandbox.expect([{"call": "shippo.CreateTransaction", "count": 1}])

With pytest there is nothing to start: ask for the fixture `seatrial`.
"""

from ._client import Admin, Call, Clock, Finding, Parcel, Parcels, Problem, Report, Sandbox, Unused
from ._server import Server

__all__ = ["Admin", "Call", "Clock", "Finding", "Parcel", "Parcels", "Problem", "Report", "Sandbox", "Server", "Unused"]
