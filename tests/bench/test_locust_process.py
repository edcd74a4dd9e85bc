"""What Locust prints, as bench reads it."""

import pytest

from bench.locust_process import locust_summary
from bench.process import BenchError

PRINTED = """\
Type     Name     # reqs   # fails |    Avg     Min     Max    Med |   req/s  failures/s
--------|-------|-------|----------|-------|-------|-------|-------|--------|-----------
grpc     Predict    4012 {fails}({share}%) |     13       3      68     12 | 1203.50        0.00
--------|-------|-------|----------|-------|-------|-------|-------|--------|-----------
         Aggregated 4012 {fails}({share}%) |     13       3      68     12 | 1203.50        0.00

Response time percentiles (approximated)
Type     Name      50% 66% 75% 80% 90% 95% 98% 99% 99.9% 99.99% 100% # reqs
--------|--------|----|---|---|---|---|---|---|---|-----|------|----|------
grpc     Predict    12  14  16  17  20  24  29  34    57     69   69   4012
--------|--------|----|---|---|---|---|---|---|---|-----|------|----|------
         Aggregated 12  14  16  17  20  24  29  34    57     69   69   4012
"""


def test_locust() -> None:
    """Requests, rate and percentiles are read from the totals that Locust prints."""
    said = locust_summary(PRINTED.format(fails=0, share="0.00"))
    assert (said.requests, said.rate) == (4012, 1203.5)
    assert (said.percentiles_ms["50%"], said.percentiles_ms["99.9%"]) == (12, 57)


def test_failures_are_no_figures() -> None:
    """A run with failed requests is no measurement."""
    with pytest.raises(BenchError, match="3 of Locust's 4012 requests failed"):
        locust_summary(PRINTED.format(fails=3, share="0.07"))


def test_silence() -> None:
    """A run without totals is no measurement; what was printed is quoted."""
    with pytest.raises(BenchError, match="no totals in what Locust printed: cannot connect"):
        locust_summary("cannot connect")
