"""The pytest fixture, seen from outside: a run of pytest within the run."""

import pytest

pytest_plugins = ["pytester"]


def outcomes(pytester: pytest.Pytester, text: str) -> dict[str, int]:
    pytester.makepyfile(text)
    return pytester.runpytest("-p", "seatrial.pytest_plugin").parseoutcomes()


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
