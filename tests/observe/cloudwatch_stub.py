"""A CloudWatch for tests over a real socket, signatures checked.

It speaks JSON and, as botocore of 1.37 asks, the older Query protocol.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.http_servers import Handler, serving
from tests.observe import cloudwatch_query
from tests.serving.sagemaker.sigv4 import verified

KEY, SECRET = "AKIDCLOUDWATCH", "secret/of+cloudwatch"


@dataclass
class CloudWatch:
    """What it knows, and what it was asked."""

    url: str = ""
    values: dict[tuple[str, str, str], dict[int, float]] = field(default_factory=dict)
    """By variant, metric and statistic: a value by the minute's beginning, s."""
    error: str = ""
    """The error that it answers with; empty for none."""
    asked: list[tuple[str, Any]] = field(default_factory=list)
    on_asked: Any = None
    """Called before each answer."""

    def answer(self, operation: str, asked: Any) -> dict[str, Any]:
        """Return the answer to one question."""
        self.asked.append((operation, asked))
        if self.on_asked is not None:
            self.on_asked(self)
        if operation == "ListMetrics":
            endpoint = asked["Dimensions"][0]
            variants = sorted({variant for variant, _, _ in self.values})
            dimensions = [[endpoint, {"Name": "VariantName", "Value": each}] for each in variants]
            return {"Metrics": [{"MetricName": "x", "Dimensions": each} for each in dimensions]}
        results = []
        queries = asked["MetricDataQueries"]
        page = int(asked.get("NextToken", "0"))
        for query in queries[page : page + 4]:
            of = query["MetricStat"]
            named = {each["Name"]: each["Value"] for each in of["Metric"]["Dimensions"]}
            key = (named["VariantName"], of["Metric"]["MetricName"], of["Stat"])
            inside = {
                at: value
                for at, value in self.values.get(key, {}).items()
                if asked["StartTime"] <= at < asked["EndTime"]
            }
            newest_first = sorted(inside, reverse=True)
            results.append(
                {
                    "Id": query["Id"],
                    "Timestamps": newest_first,
                    "Values": [inside[at] for at in newest_first],
                    "StatusCode": "Complete",
                }
            )
        more = {"NextToken": str(page + 4)} if page + 4 < len(queries) else {}
        return {"MetricDataResults": results, **more}

    def tell(self, variant: str, minute_s: int, **values: float) -> None:
        """Know a minute of a variant: values by ``<metric>_<statistic>``."""
        for name, value in values.items():
            metric, _, statistic = name.rpartition("_")
            self.values.setdefault((variant, metric, statistic), {})[minute_s] = value


@contextmanager
def cloudwatch() -> Iterator[CloudWatch]:
    """Serve one on a port of its own."""
    state = CloudWatch()

    class Service(Handler):
        def do_POST(self) -> None:  # noqa: N802  # the library's name
            body = self.rfile.read(int(self.headers["Content-Length"]))
            code, message = state.error, f"no, {SECRET}"
            status = 400
            try:
                verified("POST", self.path, dict(self.headers), body, {KEY: SECRET})
            except ValueError as error:
                status, code, message = 403, "InvalidSignature", str(error)
            target = self.headers["X-Amz-Target"]
            if target is None:
                operation, asked = cloudwatch_query.read(body)
                if code:
                    content = cloudwatch_query.refused(code, message)
                else:
                    content = cloudwatch_query.written(operation, state.answer(operation, asked))
                media = "text/xml"
            else:
                operation, asked = target.rpartition(".")[2], json.loads(body)
                refusal = {"__type": code, "message": message}
                said = refusal if code else state.answer(operation, asked)
                content, media = json.dumps(said).encode(), "application/x-amz-json-1.0"
            self.say(status if code else 200, content, Content_Type=media)

    with serving(Service) as port:
        state.url = f"http://127.0.0.1:{port}"
        yield state
