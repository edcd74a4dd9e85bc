"""What SageMaker says of an endpoint's answers, minute by minute, in CloudWatch.

Its account comes a minute or more after the fact and covers whole minutes, so it is read once, when
the load is over: ModelLatency (in the container and on the way to it), OverheadLatency (the rest of
what the service takes) and how many invocations there were, of one production variant. A minute's
reading stands at the minute's beginning. What never came is not there; nothing is made up for it.

Source: SageMaker developer guide, "Monitor Amazon SageMaker AI with CloudWatch", AWS/SageMaker;
both latencies are in microseconds. Asked is through botocore's client, which is handed in.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from eiload.base.clock import NS_PER_S, Clock
from eiload.record.observed import Series, Source

__all__ = ["KIND", "METRICS", "MINUTE_NS", "STATISTICS", "account", "client_of", "told", "variants"]

KIND = "cloudwatch"

MINUTE_S = 60
MINUTE_NS = MINUTE_S * NS_PER_S

NAMESPACE = "AWS/SageMaker"

METRICS = {"model_us": "ModelLatency", "overhead_us": "OverheadLatency"}
"""Our names of its numbers that are times."""

STATISTICS = {"sum": "Sum", "count": "SampleCount", "max": "Maximum"}
"""Which of each; a mean over several minutes is the sums' by the counts'."""

INVOCATIONS = "invocations"

POLL_NS = 10 * NS_PER_S
"""Between two looks whether the last minute has come."""


def client_of(region: str, session: Any = None) -> Any:
    """Return botocore's client of CloudWatch in a region.

    ``AWS_ENDPOINT_URL_CLOUDWATCH`` names another address, as it does for every client of AWS.

    Raises:
        ImportError: botocore is not installed.
    """
    from botocore.config import Config  # noqa: PLC0415  # of an extra
    from botocore.session import get_session  # noqa: PLC0415

    config = Config(connect_timeout=5, read_timeout=20, retries={"total_max_attempts": 3})
    return (session or get_session()).create_client("cloudwatch", region_name=region, config=config)


def variants(client: Any, endpoint: str) -> list[str]:
    """Return the production variants of an endpoint that have been invoked lately.

    Raises:
        Exception: whatever botocore raises.
    """
    listed = client.list_metrics(
        Namespace=NAMESPACE,
        MetricName=METRICS["model_us"],
        Dimensions=[{"Name": "EndpointName", "Value": endpoint}],
    )
    found = {
        dimension["Value"]
        for metric in listed.get("Metrics", [])
        for dimension in metric["Dimensions"]
        if dimension["Name"] == "VariantName"
    }
    return sorted(found)


def account(
    client: Any,
    endpoint: str,
    variant: str,
    *,
    origin_wall_ns: int,
    ended_ns: int,
    wait_ns: int,
    clock: Clock,
    given_up: Callable[[], bool] = lambda: False,
) -> Source:
    """Return what is said of a variant for the whole minutes of a load.

    Args:
        client: botocore's, of CloudWatch.
        endpoint: its name.
        variant: which of its variants.
        origin_wall_ns: when the load began, ns since the Unix epoch.
        ended_ns: when it ended, ns from its beginning.
        wait_ns: how long to wait for minutes that have not come.
        clock: the clock.
        given_up: asked whether somebody wants to wait no longer.
    """
    asked_ns = clock.now_ns()
    name = f"CloudWatch {endpoint}/{variant}"
    first_s = -(-origin_wall_ns // MINUTE_NS) * MINUTE_S
    last_s = (origin_wall_ns + ended_ns) // MINUTE_NS * MINUTE_S
    minutes = range(first_s, last_s, MINUTE_S)
    if not minutes:
        why = "no whole minute of the clock lies within the load"
        return Source(KIND, name, MINUTE_NS, missed=1, why=why)
    found: dict[tuple[str, str], dict[int, float]] = {}
    why = ""
    while True:
        try:
            found, why = _asked(client, endpoint, variant, minutes), ""
        except Exception as error:  # of botocore and whatever is below it: it costs no run
            why = told(error)
        have = {minute for minute in minutes if minute in found.get(("model_us", "count"), {})}
        waited_ns = clock.now_ns() - asked_ns
        if len(have) == len(minutes) or waited_ns >= wait_ns or given_up() or _hopeless(why):
            break
        clock.sleep_until(clock.now_ns() + min(POLL_NS, wait_ns - waited_ns))
    missed = len(minutes) - len(have)
    if missed and not why:
        why = f"{missed} of {len(minutes)} minutes had not come after {waited_ns / NS_PER_S:.0f} s"
    return Source(
        kind=KIND,
        name=name,
        every_ns=MINUTE_NS,
        at_ns=tuple(minute * NS_PER_S - origin_wall_ns for minute in minutes),
        series=tuple(
            Series(metric, (("stat", stat),), _changes(values, minutes))
            for (metric, stat), values in sorted(found.items())
            if values
        ),
        changed=len(have),
        missed=missed,
        why=why,
        took_ns=clock.now_ns() - asked_ns,
    )


def _asked(
    client: Any, endpoint: str, variant: str, minutes: range
) -> dict[tuple[str, str], dict[int, float]]:
    """Return the numbers by name, statistic and minute."""
    wanted = [
        (ours, stat, theirs, statistic)
        for ours, theirs in METRICS.items()
        for stat, statistic in STATISTICS.items()
    ]
    wanted.append((INVOCATIONS, "sum", "Invocations", "Sum"))
    dimensions = [
        {"Name": "EndpointName", "Value": endpoint},
        {"Name": "VariantName", "Value": variant},
    ]
    queries = [
        {
            "Id": f"q{number}",
            "MetricStat": {
                "Metric": {
                    "Namespace": NAMESPACE,
                    "MetricName": theirs,
                    "Dimensions": dimensions,
                },
                "Period": MINUTE_S,
                "Stat": statistic,
            },
        }
        for number, (_, _, theirs, statistic) in enumerate(wanted)
    ]
    found: dict[tuple[str, str], dict[int, float]] = {each[:2]: {} for each in wanted}
    more: dict[str, str] = {}
    while True:
        page = client.get_metric_data(
            MetricDataQueries=queries,
            StartTime=datetime.fromtimestamp(minutes.start, UTC),
            EndTime=datetime.fromtimestamp(minutes.stop, UTC),
            **more,
        )
        for result in page["MetricDataResults"]:
            ours, stat, _, _ = wanted[int(result["Id"][1:])]
            for at, value in zip(result["Timestamps"], result["Values"], strict=True):
                found[ours, stat][int(at.timestamp())] = float(value)
        if not page.get("NextToken"):
            return found
        more = {"NextToken": page["NextToken"]}


def _changes(
    values: dict[int, float], minutes: Sequence[int]
) -> tuple[tuple[int, float | None], ...]:
    changes: list[tuple[int, float | None]] = []
    for number, minute in enumerate(minutes):
        value = values.get(minute)
        if (changes and changes[-1][1] != value) or (not changes and value is not None):
            changes.append((number, value))
    return tuple(changes)


def _code(error: Exception) -> str:
    response = getattr(error, "response", None)
    said = response.get("Error", {}) if isinstance(response, dict) else {}
    return str(said.get("Code", ""))


def told(error: Exception) -> str:
    """Return why it could not be asked, without what may be in a message of AWS's."""
    code = _code(error) or type(error).__name__
    if "AccessDenied" in code:
        return f"{code}: allow cloudwatch:GetMetricData and cloudwatch:ListMetrics"
    return code


def _hopeless(why: str) -> bool:
    """Tell whether waiting changes nothing."""
    return why.startswith(("AccessDenied", "NoCredentials", "InvalidClientTokenId", "Validation"))
