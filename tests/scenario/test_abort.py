"""What ends a run for cause, as it is written. Mistakes are in `errors.txt`."""

from eiload.base.clock import NS_PER_S
from eiload.scenario import restore
from eiload.scenario.abort import Abort, InARow, TooMany
from tests.control.script import a_scenario


def test_read_and_written() -> None:
    """It comes back as it was, with the usual grace."""
    scenario = a_scenario(abort={"errors": "50 % for 10 s"})
    assert scenario.abort == Abort(errors=TooMany(0.5, 10 * NS_PER_S), grace=10 * NS_PER_S)
    assert restore(scenario.to_json()) == scenario
    assert '"errors": "50 % for 10 s", "grace": "10 s"' in scenario.to_json()
    spare = a_scenario(abort={"errors": "100%for 1.5 min", "grace": "0 s"})
    assert spare.abort is not None
    assert str(spare.abort.errors) == "100 % for 90 s"


def test_in_a_row() -> None:
    """Alone or beside a share."""
    scenario = a_scenario(abort={"failures": "1,000 in a row", "grace": "0 s"})
    assert scenario.abort == Abort(failures=InARow(1000), grace=0)
    assert restore(scenario.to_json()) == scenario
    assert '"failures": "1000 in a row"' in scenario.to_json()
    both = a_scenario(abort={"failures": "5 in a row", "errors": "50 % for 10 s"})
    assert both.abort is not None
    assert both.abort.errors == TooMany(0.5, 10 * NS_PER_S)
    assert restore(both.to_json()) == both
