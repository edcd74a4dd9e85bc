"""Where the time went, as bars."""

from eiload.report.html.went import went
from tests.golden import golden_run
from tests.report.test_went import told


def test_a_bar_for_each_target() -> None:
    """Of the parts that there are, with their names; nothing of an older run file."""
    page = went(told())
    assert page.count("<rect") == 8
    assert "gpu, mean: lag 0.200 ms, upload 20.0 ms" in page
    assert went(told(300)).count("<rect") == 10
    assert went(golden_run()) == ""
