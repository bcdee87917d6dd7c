"""The pytest fixture, seen from outside: a run of pytest within the run."""

import re
from pathlib import Path

import pytest
import seatrial

pytest_plugins = ["pytester"]

# The code under test of the README: it tries again when the vendor is busy.
SHOP = """
    import json, urllib.error, urllib.request

    class Shop:
        def __init__(self, url, token):
            self.url, self.token = url, token

        def post(self, path, body):
            request = urllib.request.Request(self.url + path, data=json.dumps(body).encode(), method="POST")
            request.add_header("Content-Type", "application/json")
            request.add_header("Authorization", "ShippoToken " + self.token)
            for attempt in range(3):
                try:
                    with urllib.request.urlopen(request) as answer:
                        return json.load(answer)
                except urllib.error.HTTPError as error:
                    error.close()
            raise ConnectionError(path)

        def buy_label(self):
            address = {"name": "Ada", "street1": "215 Clayton St.", "city": "San Francisco", "state": "CA", "zip": "94117", "country": "US"}
            parcel = {"length": "5", "width": "5", "height": "5", "distance_unit": "in", "weight": "2", "mass_unit": "lb"}
            shipment = {"address_from": address, "address_to": address, "parcels": [parcel], "async": False}
            rates = self.post("/shipments/", shipment)["rates"]
            rate = next(rate["object_id"] for rate in rates if rate["provider"] == "USPS")
            return self.post("/transactions/", {"rate": rate, "async": False})["tracking_number"]
"""


def examples() -> list[str]:
    readme = (Path(__file__).parent.parent / "README.md").read_text()
    return re.findall(r"```python\n(.*?)```", readme, re.DOTALL)


def outcomes(pytester: pytest.Pytester, text: str, *arguments: str) -> dict[str, int]:
    pytester.makepyfile(text)
    return pytester.runpytest("-p", "seatrial.pytest_plugin", *arguments).parseoutcomes()


def test_a_test_gets_a_sandbox_of_its_own(pytester: pytest.Pytester) -> None:
    text = """
        import pytest

        names = set()

        @pytest.mark.parametrize("turn", [1, 2])
        @pytest.mark.seatrial(seed=7)
        def test_own(seatrial, turn):
            assert seatrial.name not in names and seatrial.url("shippo").endswith("/shippo")
            names.add(seatrial.name)
    """
    assert outcomes(pytester, text) == {"passed": 2}


def test_expectations_are_judged_at_the_end(pytester: pytest.Pytester) -> None:
    text = """
        import pytest

        @pytest.mark.seatrial(expect=[{"never": "shippo.CreateRefund"}])
        def test_met(seatrial):
            pass

        @pytest.mark.seatrial(expect=[{"call": "shippo.CreateRefund"}])
        def test_unmet(seatrial):
            pass

        @pytest.mark.seatrial(scenario={"expect": [{"call": "shippo.CreateRefund"}]})
        def test_unmet_by_the_scenario(seatrial):
            pass
    """
    # An unmet expectation is an error of the fixture's end, after a test that passed.
    assert outcomes(pytester, text) == {"passed": 3, "errors": 2}


def test_a_test_that_failed_is_not_judged_as_well(pytester: pytest.Pytester) -> None:
    text = """
        import pytest

        @pytest.mark.seatrial(expect=[{"call": "shippo.CreateRefund"}])
        def test_failed(seatrial):
            assert False
    """
    assert outcomes(pytester, text) == {"failed": 1}


def test_a_mistake_in_expectations_is_told_before_the_test(pytester: pytest.Pytester) -> None:
    text = """
        import pytest

        @pytest.mark.seatrial(expect=[{"call": "shippo.CreateRefnd"}])
        def test_never_run(seatrial):
            pass
    """
    assert outcomes(pytester, text) == {"errors": 1}


def test_a_misspelt_option_of_the_mark_is_told(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("""
        import pytest

        @pytest.mark.seatrial(frozn_at="2026-01-05T09:00:00Z")
        def test_never_run(seatrial):
            pass
    """)
    result = pytester.runpytest("-p", "seatrial.pytest_plugin")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*the mark `seatrial` has no `frozn_at`: did you mean `frozen_at`?*"])


def test_a_mark_that_would_have_no_effect_is_told(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("""
        import pytest

        @pytest.mark.seatrial("label-bought-answer-lost")
        def test_without_a_name(seatrial):
            pass

        @pytest.mark.seatrial(expect=[{"call": "shippo.CreateRefund"}])
        def test_without_the_fixture():
            pass

        @pytest.mark.seatrial(seed=7)
        class TestSome:
            def test_without(self):
                pass
    """)
    result = pytester.runpytest("-p", "seatrial.pytest_plugin")
    result.assert_outcomes(errors=2, passed=1)
    result.stdout.fnmatch_lines(["*the mark `seatrial` takes names, as in `scenario='label-bought-answer-lost'`*"])
    result.stdout.fnmatch_lines(["*the mark `seatrial` has no effect without the fixture `seatrial`*"])


def test_a_test_that_failed_shows_its_calls(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(shop=SHOP)
    pytester.makepyfile("""
        from shop import Shop

        def test_failed(seatrial):
            seatrial.fault("busy", on="shippo.CreateTransaction", fault=503, times=1)
            Shop(seatrial.url("shippo"), seatrial.credential("shippo", "token")).buy_label()
            assert False
    """)
    result = pytester.runpytest("-p", "seatrial.pytest_plugin")
    result.stdout.fnmatch_lines(
        [
            "*seatrial calls of *",
            "POST */shipments/ 201 shippo.CreateShipment",
            "POST */transactions/ 503 shippo.CreateTransaction (*fault*) fault `busy`",
            "POST */transactions/ 201 shippo.CreateTransaction",
        ]
    )


def test_the_examples_of_the_readme_run(pytester: pytest.Pytester) -> None:
    fixture, plain = examples()
    pytester.makeconftest("")
    pytester.makepyfile(shop=SHOP)
    assert outcomes(pytester, "from shop import Shop\n" + fixture) == {"passed": 1}
    exec(plain, {})


def test_what_had_no_effect_is_a_warning(pytester: pytest.Pytester) -> None:
    text = """
        import urllib.request

        import pytest

        SCENARIO = {"overrides": [{"on": "shippo.CreateRefund", "fault": 503}]}

        @pytest.mark.seatrial(scenario=SCENARIO)
        def test_prepared_in_vain(seatrial):
            headers = {"Authorization": "ShippoToken " + seatrial.credential("shippo", "token")}
            request = urllib.request.Request(seatrial.url("shippo") + "/addresses/", headers=headers)
            with seatrial.fault("down", on="shippo.CreateBatch", fault=503), urllib.request.urlopen(request):
                pass
    """
    assert outcomes(pytester, text) == {"passed": 1, "warnings": 2}
    strict = pytester.runpytest("-p", "seatrial.pytest_plugin", "-W", "error::seatrial.pytest_plugin.SeatrialWarning")
    strict.assert_outcomes(passed=1, errors=1)
    strict.stdout.fnmatch_lines(["*override `shippo.CreateRefund`* had no effect: no call came to it*"])


def test_a_scenario_is_a_name_or_a_file(pytester: pytest.Pytester) -> None:
    pytester.makefile(".yaml", mine="name: mine\nexpect: [{never: shippo.CreateRefund}]\n")
    text = """
        import pytest

        @pytest.mark.seatrial(scenario="mine.yaml")
        def test_file(seatrial):
            assert seatrial.ask("GET", "/scenario")["name"] == "mine"

        @pytest.mark.filterwarnings("ignore::seatrial.pytest_plugin.SeatrialWarning")
        @pytest.mark.seatrial(scenario="lost-parcel")
        def test_built_in(seatrial):
            assert seatrial.ask("GET", "/scenario")["name"] == "lost-parcel"
    """
    assert outcomes(pytester, text)["passed"] == 2


def test_workers_of_xdist_do_not_meet(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("xdist")
    monkeypatch.setenv("PYTHONPATH", str(Path(seatrial.__file__).parent.parent))
    text = """
        import pytest

        @pytest.mark.parametrize("turn", range(8))
        def test_own(seatrial, turn):
            assert seatrial.calls() == [] and list(seatrial.parcels) == []
    """
    pytester.makepyfile(text)
    result = pytester.runpytest_subprocess("-p", "seatrial.pytest_plugin", "-p", "xdist", "-n", "2")
    result.assert_outcomes(passed=8)
