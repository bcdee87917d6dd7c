"""The client against a real server, with the standard library alone: `python -m unittest` runs it as well."""

import json
import unittest
import urllib.error
import urllib.request
from datetime import timedelta

from seatrial import Problem, Sandbox, Server

ADDRESS = {"name": "Ada", "street1": "215 Clayton St.", "city": "San Francisco", "state": "CA", "zip": "94117", "country": "US"}
PARCEL = {"length": "5", "width": "5", "height": "5", "distance_unit": "in", "weight": "2", "mass_unit": "lb"}


def post(sandbox: Sandbox, path: str, body: dict) -> tuple[int, dict]:
    """The code under test: a call of Shippo."""
    request = urllib.request.Request(sandbox.url("shippo") + path, data=json.dumps(body).encode(), method="POST")
    request.add_header("Content-Type", "application/json")
    request.add_header("Authorization", "ShippoToken " + sandbox.credential("shippo", "token"))
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            error.read()
            return error.code, {}


def buy(sandbox: Sandbox) -> str:
    shipment = {"address_from": ADDRESS, "address_to": ADDRESS, "parcels": [PARCEL], "async": False}
    rates = post(sandbox, "/shipments/", shipment)[1]["rates"]
    rate = next(rate for rate in rates if rate["provider"] == "USPS")
    return post(sandbox, "/transactions/", {"rate": rate["object_id"], "async": False})[1]["tracking_number"]


class SandboxTest(unittest.TestCase):
    server: Server

    @classmethod
    def setUpClass(cls) -> None:
        cls.server = Server.start()

    @classmethod
    def tearDownClass(cls) -> None:
        cls.server.stop()

    def test_time_and_parcels_are_in_the_tests_hand(self) -> None:
        with self.server.sandbox(seed=7, frozen_at="2026-01-05T09:00:00Z") as sandbox:
            number = buy(sandbox)
            self.assertEqual([parcel.tracking_number for parcel in sandbox.parcels], [number])
            sandbox.snapshot()
            before = sandbox.clock.now
            sandbox.clock.advance(timedelta(days=10))
            self.assertEqual(sandbox.clock.now - before, timedelta(days=10))
            self.assertEqual(sandbox.parcels.get(number).status, "delivered")
            sandbox.restore()
            self.assertEqual(sandbox.clock.now, before)
            self.assertEqual(sandbox.parcels.event(number, "lost").status, "lost")

    def test_faults_calls_and_the_verdict(self) -> None:
        with self.server.sandbox() as sandbox:
            with sandbox.fault("down", on="shippo.CreateAddress", fault=503):
                self.assertEqual(post(sandbox, "/addresses/", ADDRESS)[0], 503)
            self.assertEqual(post(sandbox, "/addresses/", ADDRESS)[0], 201)
            self.assertEqual([call.status for call in sandbox.calls(operation="shippo.CreateAddress")], [503, 201])
            self.assertEqual(sandbox.wait_for_call(count=1, status="2xx")[0].status, 201)
            with self.assertRaises(TimeoutError):
                sandbox.wait_for_call(seconds=0.01, operation="shippo.CreateRefund")
            sandbox.expect([{"call": "shippo.CreateAddress", "count": 2}])
            with self.assertRaisesRegex(AssertionError, "expected 3"):
                sandbox.expect([{"call": "shippo.CreateAddress", "count": 3}])
            self.assertEqual(len(sandbox.export_calls("har")["log"]["entries"]), 2)
            sandbox.forget_calls()
            self.assertEqual(sandbox.calls(), [])

    def test_sandboxes_do_not_see_each_other(self) -> None:
        with self.server.sandbox() as one, self.server.sandbox() as two:
            buy(one)
            self.assertEqual((len(list(one.parcels)), len(list(two.parcels))), (1, 0))
            recorded = one.export("journal", "log")
            self.assertEqual(len(recorded["journal"]["exchanges"]), recorded["journal"]["written"])
            with one.fork() as copy, self.server.load_sandbox("from-a-file", one.export()) as loaded:
                self.assertEqual((len(list(copy.parcels)), len(list(loaded.parcels))), (1, 1))
                self.assertNotEqual(copy.credential("shippo", "token"), one.credential("shippo", "token"))
            one.reset()
            self.assertEqual(list(one.parcels), [])

    def test_the_same_seed_and_calls_give_the_same_bytes(self) -> None:
        def run() -> list[dict]:
            with self.server.sandbox(name="twin", seed=9, frozen_at="2026-01-05T09:00:00Z") as sandbox:
                buy(sandbox)
                return [call.answer["body"] for call in sandbox.calls()]

        self.assertEqual(run(), run())

    def test_recorded_calls_are_played_in_another_sandbox(self) -> None:
        still = {"seed": 7, "frozen_at": "2026-01-05T09:00:00Z"}
        with self.server.sandbox(**still) as one, self.server.sandbox(**still) as two:
            buy(one)
            played = two.play("shippo", one.export_calls("conversation", secrets=True))
            self.assertEqual([step["status"] for step in played["steps"]], [201, 201])
            self.assertEqual(played["verdict"], "passed")
            self.assertEqual(len(two.calls()), 2)

    def test_a_scenario_is_loaded_and_a_bad_one_is_explained(self) -> None:
        with self.server.sandbox() as sandbox:
            sandbox.load("name: quiet\nexpect:\n  - never: shippo.CreateAddress\n")
            self.assertTrue(sandbox.verify().passed)
            post(sandbox, "/addresses/", ADDRESS)
            report = sandbox.verify()
            self.assertEqual(report.verdict, "failed")
            self.assertTrue(str(report.findings[0]).startswith("failed: scenario.yaml:3: never: "), str(report.findings[0]))
            with self.assertRaises(Problem) as caught:
                sandbox.load("nmae: typo")
            self.assertEqual(caught.exception.status, 422)
            self.assertIn("did you mean `name`", caught.exception.detail)

    def test_an_operation_is_looked_up(self) -> None:
        with self.server.sandbox() as sandbox:
            found = sandbox.operation("shippo.CreateAddress")
            self.assertEqual((found["method"], found["path"]), ("POST", "/shippo/addresses"))
            self.assertEqual(post(sandbox, "/addresses/", found["example"]["body"])[1]["country"], "US")
            self.assertIn(sandbox.credential("shippo", "token"), found["example"]["headers"]["Authorization"])

    def test_a_server_that_cannot_start_is_an_error(self) -> None:
        with self.assertRaisesRegex(RuntimeError, "did not become ready"):
            Server.start("false")
        with self.assertRaisesRegex(FileNotFoundError, "there is no `/no/such/binary`; .* SEATRIAL_BINARY"):
            Server.start("/no/such/binary")

    def test_what_had_no_effect_is_told_at_the_end(self) -> None:
        sandbox = self.server.sandbox(scenario={"overrides": [{"on": "shippo.CreateRefund", "fault": 503}]})
        post(sandbox, "/addresses/", ADDRESS)
        report = sandbox.delete()
        assert report is not None
        self.assertTrue(report.passed)
        self.assertEqual(
            [str(row) for row in report.unused],
            ["override `shippo.CreateRefund` in line 1 of the scenario had no effect: no call came to it"],
        )
        self.assertIsNone(sandbox.delete())


if __name__ == "__main__":
    unittest.main()
