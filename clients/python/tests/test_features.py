"""The features that both clients have: each of `clients/features.json` is tried here and in the tests of TypeScript."""

import json
import os
import re
import socket
import ssl
import tempfile
import unittest
import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from unittest import mock

from seatrial import Call, Clock, Inbox, Parcels, Problem, Report, Sandbox, Server, UnmetExpectations, Unreachable

TABLE = json.loads((Path(__file__).parents[2] / "features.json").read_text(encoding="utf-8"))
ADDRESS = {"name": "Ada", "street1": "215 Clayton St.", "city": "San Francisco", "state": "CA", "zip": "94117", "country": "US"}
PARCEL = {"length": "5", "width": "5", "height": "5", "distance_unit": "in", "weight": "2", "mass_unit": "lb"}
START = "2026-01-05T09:00:00Z"

TESTS: dict[str, Callable[["FeaturesTest"], None]] = {}


def feature(name: str) -> Callable[[Callable[["FeaturesTest"], None]], None]:
    return lambda test: TESTS.update({name: test})


def post(sandbox: Sandbox, path: str, body: dict) -> dict:
    request = urllib.request.Request(sandbox.url("shippo") + path, data=json.dumps(body).encode(), method="POST")
    request.add_header("Content-Type", "application/json")
    request.add_header("Authorization", "ShippoToken " + sandbox.credential("shippo", "token"))
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def buy(sandbox: Sandbox) -> str:
    shipment = {"address_from": ADDRESS, "address_to": ADDRESS, "parcels": [PARCEL], "async": False}
    rate = next(rate for rate in post(sandbox, "/shipments/", shipment)["rates"] if rate["provider"] == "USPS")
    return post(sandbox, "/transactions/", {"rate": rate["object_id"], "async": False})["tracking_number"]


class FeaturesTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.server = Server.start()
        cls.addClassCleanup(cls.server.stop)

    def sandbox(self, **wanted: object) -> Sandbox:
        sandbox = self.server.sandbox(**wanted)
        self.addCleanup(sandbox.delete)
        return sandbox

    def test_members_are_those_of_the_table(self) -> None:
        for kind in (Server, Sandbox, Clock, Parcels, Inbox):
            members = [name for name, value in vars(kind).items() if not name.startswith("_") and not isinstance(value, classmethod)]
            self.assertEqual(sorted(members), sorted(TABLE["members"][kind.__name__]), kind.__name__)

    def test_features_are_those_of_the_table(self) -> None:
        self.assertEqual(list(TESTS), TABLE["features"])
        for name, test in TESTS.items():
            with self.subTest(name):
                test(self)

    @feature("a parcel is put on another timeline")
    def _(self) -> None:
        sandbox = self.sandbox(frozen_at=START)
        number = buy(sandbox)
        sandbox.parcels.timeline(number, "lost")
        sandbox.clock.advance("1000h")
        self.assertEqual(sandbox.parcels.get(number).status, "lost")

    @feature("an inbox receives, waits and is emptied")
    def _(self) -> None:
        one, two = self.sandbox(), self.sandbox()
        inbox, other = one.inbox(), two.inbox()
        one.webhook("shippo", inbox.url, events=["transaction_created"])
        buy(one)
        self.assertEqual(inbox.wait()[0]["json"]["event"], "transaction_created")
        self.assertEqual(other.letters(), [])
        inbox.clear()
        self.assertEqual(inbox.letters(), [])
        with self.assertRaisesRegex(TimeoutError, "0 of 2 letters"):
            inbox.wait(seconds=0.01, count=2)

    @feature("a delivery is sent again")
    def _(self) -> None:
        sandbox = self.sandbox()
        inbox = sandbox.inbox()
        sandbox.webhook("shippo", inbox.url, events=["transaction_created"])
        buy(sandbox)
        (delivery,) = sandbox.deliveries(progress="delivered", wait="5s")
        self.assertEqual(sandbox.redeliver(delivery["id"])["id"], delivery["id"])
        self.assertEqual(sandbox.redeliver_failed(event="ORDER_NOTIFY"), 0)
        self.assertIsInstance(sandbox.agenda(kind="webhook"), list)
        self.assertIsInstance(sandbox.log(limit="5"), list)
        self.assertEqual(len(inbox.wait(count=2)), 2)

    @feature("a paused subscription is resumed")
    def _(self) -> None:
        sandbox = self.sandbox()
        inbox = sandbox.inbox()
        webhook = sandbox.webhook("shippo", inbox.url + "?status=410", events=["transaction_created"])
        buy(sandbox)
        inbox.wait()
        sandbox.deliveries(progress="failed", wait="5s")
        self.assertIsNotNone(sandbox.ask("GET", "/webhooks")["webhooks"][0]["paused"])
        resumed = sandbox.resume(webhook.id)
        self.assertEqual((resumed.id, resumed.active, resumed.paused), (webhook.id, True, None))
        with self.assertRaises(Problem) as caught:
            sandbox.resume("nobody")
        self.assertEqual(caught.exception.status, 404)

    @feature("a subscription tells its secret")
    def _(self) -> None:
        sandbox = self.sandbox()
        made = sandbox.webhook("shipmate", sandbox.inbox().url)
        self.assertTrue(made.secret)
        self.assertEqual(sandbox.resume(made.id).secret, made.secret)
        self.assertEqual(sandbox.webhook("shippo", sandbox.inbox().url, secret="mine").secret, "mine")

    @feature("a scenario is a file, a text, an object or a name")
    def _(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "mine.yaml")
            file.write_text("name: mine\n")
            for scenario in (file, str(file), "name: mine\n", {"name": "mine"}):
                self.assertEqual(self.sandbox(scenario=scenario).ask("GET", "/scenario")["name"], "mine")
                sandbox = self.sandbox(scenario="lost-parcel")
                self.assertEqual(sandbox.ask("GET", "/scenario")["name"], "lost-parcel")
                sandbox.load(scenario)
                self.assertEqual(sandbox.ask("GET", "/scenario")["name"], "mine")

    @feature("a scenario file brings the files that it includes")
    def _(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "mine.yaml")
            Path(folder, "shared").mkdir()
            Path(folder, "shared/base.yaml").write_text("include: seed.yaml\nname: base\n")
            Path(folder, "shared/seed.yaml").write_text("seed: 77")
            for include in (" [shared/base.yaml, lost-parcel]", " # others\n  - 'shared/base.yaml' # one\n\n  - lost-parcel"):
                file.write_text(f"include:{include}\nname: mine\n")
                sandbox = self.sandbox(scenario=file)
                self.assertEqual(sandbox.ask("GET", "/scenario")["name"], "mine")
                self.assertEqual(sandbox.ask("GET", "")["seed"], 77)
                self.assertIn("lost", str(sandbox.ask("GET", "/scenario")))
                sandbox.load(str(file))
            # Names by which the files would be others', what is built in between files, one file by two names, and JSON.
            Path(folder, "other").mkdir()
            Path(folder, "other/base.yaml").write_text("include: seed.yaml\n")
            Path(folder, "other/seed.yaml").symlink_to("../shared/seed.yaml")
            Path(folder, "lost-parcel.yaml").write_text("description: a file")
            rows = ["other/base.yaml", "lost-parcel.yaml", "lost-parcel", "shared/base.yaml"]
            file.write_text(json.dumps({"include": rows, "name": "mine"}, indent=2))
            parts = re.findall(r"^--- # file: (.*)$", self.sandbox(scenario=file).ask("GET", "/scenario")["source"], re.M)
            expected = ["other/seed.yaml", "other/base.yaml", "lost-parcel.yaml", "built in: lost-parcel"]
            self.assertEqual(parts, [*expected, "shared/seed.yaml", "shared/base.yaml", "mine.yaml"])
            file.write_text("include: shared/nothing.yaml\n")
            with self.assertRaisesRegex(Problem, "--- # file: "):
                self.sandbox(scenario=file)

    @feature("a clock starts at an instant and runs")
    def _(self) -> None:
        start = datetime(2026, 1, 5, 9, tzinfo=timezone.utc)
        for instant in (START, start):
            sandbox = self.sandbox(start_at=instant)
            self.assertLess(sandbox.clock.now - start, timedelta(minutes=5))
            self.assertEqual(sandbox.ask("GET", "/clock")["mode"], "realtime")
            self.assertEqual(self.sandbox(frozen_at=instant).clock.now, start)

    @feature("a seed repeats what comes after reset and fork")
    def _(self) -> None:
        sandbox = self.sandbox(frozen_at=START)

        def drawn(seed: int) -> str:
            sandbox.reset(seed=seed)
            return buy(sandbox)

        self.assertEqual(drawn(7), drawn(7))
        self.assertNotEqual(drawn(7), drawn(8))
        forks = [self.bought_in_a_fork(sandbox, seed) for seed in (7, 7, 8)]
        self.assertEqual(forks[0], forks[1])
        self.assertNotEqual(forks[0], forks[2])

    def bought_in_a_fork(self, sandbox: Sandbox, seed: int) -> str:
        with sandbox.fork("forked", seed=seed) as copy:
            return buy(copy)

    @feature("a call tells what went over the wire and what fault it met")
    def _(self) -> None:
        sandbox = self.sandbox()
        with sandbox.fault("cut", on="shippo.CreateAddress", fault="reset"), self.assertRaises(OSError):
            post(sandbox, "/addresses/", ADDRESS)
        (call,) = sandbox.calls()
        assert call.effect is not None
        self.assertEqual((call.status, call.wire["end"], call.effect["name"]), (None, "reset", "cut"))

    @feature("a fault stays on until it is switched off")
    def _(self) -> None:
        sandbox = self.sandbox()
        fault = sandbox.fault("down", on="shippo.CreateAddress", fault=503)
        for _ in range(2):
            with self.assertRaises(urllib.error.HTTPError) as caught:
                post(sandbox, "/addresses/", ADDRESS)
            caught.exception.close()
        fault.off()
        post(sandbox, "/addresses/", ADDRESS)

    @feature("an instant that is none is told in the client's words")
    def _(self) -> None:
        for wrong in ("5 Jan 2026", "2026-01-05", "2026-01-05T09:00:00", "2026-02-30T09:00:00Z", "", 7):
            for name in ("frozen_at", "start_at"):
                with self.assertRaisesRegex(ValueError, f"`{name}` is an instant such as `2026-01-05T09:00:00Z`, found '{wrong}'"):
                    self.server.sandbox(**{name: wrong})
        with self.assertRaisesRegex(ValueError, "only one"):
            self.server.sandbox(frozen_at=START, start_at=START)

    @feature("an address that is none is named with its variable")
    def _(self) -> None:
        for wrong in ("127.0.0.1:7447", "localhost:7447", "seatrial", "http://", "ftp://127.0.0.1"):
            with mock.patch.dict(os.environ, SEATRIAL_URL=wrong), self.assertRaisesRegex(ValueError, f"found `{wrong}`.*SEATRIAL_URL"):
                Server.start()

    @feature("a server that is not there is named with its variable")
    def _(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            dead = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with mock.patch.dict(os.environ, SEATRIAL_URL=dead), self.assertRaisesRegex(Unreachable, f"`{dead}`.*SEATRIAL_URL.*refused"):
            Server.start()
        stranger = self.server.address + "/shippo"
        with mock.patch.dict(os.environ, SEATRIAL_URL=stranger), self.assertRaisesRegex(Unreachable, "SEATRIAL_URL is no Seatrial"):
            Server.start()
        with mock.patch.dict(os.environ, SEATRIAL_URL=self.server.address):
            Server.start().sandbox().delete()

    @feature("a vendor that is none is named beside those that there are")
    def _(self) -> None:
        sandbox = self.sandbox()
        for wrong in ("shipo", "Shippo", "", "keys"):
            for asked in (sandbox.url, lambda vendor: sandbox.credential(vendor, "token")):
                with self.assertRaisesRegex(KeyError, f"no vendor `{wrong}`, only .*shippo"):
                    asked(wrong)
        with self.assertRaisesRegex(KeyError, "no credential of `shippo` has `password`, only .*token"):
            sandbox.credential("shippo", "password")

    @feature("a mistake in expectations is told before the test")
    def _(self) -> None:
        # The fixture asks the same; `test_fixture.py` has it.
        with self.assertRaisesRegex(Problem, "did you mean `shippo.CreateAddress`"):
            self.sandbox().verify([{"call": "shippo.CreateAdress"}])

    @feature("unmet expectations show the calls")
    def _(self) -> None:
        call = Call.read(TABLE["call"])
        self.assertIn("\n  " + TABLE["call_line"], str(UnmetExpectations(Report("failed", [], 0, []), [call])))
        self.assertIn("50 more before", str(UnmetExpectations(Report("failed", [], 0, []), [call] * 100)))
        sandbox = self.sandbox()
        post(sandbox, "/addresses/", ADDRESS)
        with self.assertRaisesRegex(UnmetExpectations, "POST /.*addresses/ 201 shippo.CreateAddress"):
            sandbox.expect([{"call": "shippo.CreateRefund"}])

    @feature("events tell of calls and of the clock")
    def _(self) -> None:
        sandbox = self.sandbox()
        seen = sandbox.events("calls", "clock")
        name, clock = next(seen)
        self.assertEqual((name, clock["mode"]), ("clock", "realtime"))
        post(sandbox, "/addresses/", ADDRESS)
        name, call = next(seen)
        self.assertEqual((name, call["operation"], call["request"]["body"]), ("call", "shippo.CreateAddress", None))
        seen.close()

    @feature("a call tells its trace")
    def _(self) -> None:
        sandbox = self.sandbox()
        trace, span = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
        request = urllib.request.Request(sandbox.url("shippo") + "/addresses/", headers={"traceparent": f"00-{trace}-{span}-01"})
        request.add_header("Authorization", "ShippoToken " + sandbox.credential("shippo", "token"))
        urllib.request.urlopen(request).close()
        post(sandbox, "/addresses/", ADDRESS)
        self.assertEqual([call.trace for call in sandbox.calls()], [{"trace_id": trace, "parent_id": span}, None])

    @feature("a server listens for HTTPS")
    def _(self) -> None:
        with tempfile.TemporaryDirectory() as folder, Server.start(arguments=["--ca-dir", folder], tls=True) as server:
            context = ssl.create_default_context(cafile=server.authority)
            with urllib.request.urlopen(f"{server.https}/_seatrial/livez", context=context) as answer:
                self.assertEqual(answer.status, 200)
        self.assertIsNone(self.server.https)


if __name__ == "__main__":
    unittest.main()
