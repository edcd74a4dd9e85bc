"""Everybody who can load the server, each as its own users run it.

What it knows: command lines, and where each program says how many requests it made, how fast and
how long they took. What it must not know: rounds, ratios, tables.

A contender runs for about as long as it is told. Programs that count requests instead of seconds
get a number that takes about so long (`PACE`). Percentiles are those that the program itself
reports; where it reports none but writes a log, those of its log.
"""

import csv
import json
import math
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bench import h2load
from bench.figures import percentile
from bench.locust_process import RECIPE, SSD, locust, locust_summary, reported, scenario
from bench.process import BenchError, Run, Spent, finished
from bench.released import dated, installed, ours
from bench.server import MODEL, PREDICT_PATH, Files, Payload, Server
from bench.tools import Tool
from eiload.serving.protos import protos_only

__all__ = ["BARE", "PACE", "UINT8", "Case", "Contender", "Measured", "Workbench", "paced_recipe"]

UINT8 = "perf_analyzer, UINT8"
"""What perf_analyzer sends for the tensor that the others send: not the same bytes.

Its tfserving backend puts each UINT8 into an element of ``int_val`` of which it sets the low byte
only (PopulateIntVal in tfserve_grpc_client.cc), so that an element has the size on the wire, 1 to
10 bytes, of whatever lay in memory. FP32 it sends as it should, so that is what it is given for
the comparison.
"""

PACE = {
    ("h2load", 1024): 20000, ("h2load", 1024 * 1024): 1200,
    ("perf_analyzer", 1024): 6000, ("perf_analyzer", 1024 * 1024): 1000,
    (UINT8, 1024): 2000, (UINT8, 1024 * 1024): 60,
    ("ghz", 1024): 2500, ("ghz", 1024 * 1024): 300,
}  # fmt: skip
"""About how many requests a second of up to so many bytes a counting program makes; nothing but a
run's length depends on it."""

BARE = "bench.clients.bare"


@dataclass(frozen=True, slots=True)
class Case:
    """What is to be sent, how much of it at a time, to whom."""

    server: Server
    payload: Payload
    files: Files
    in_flight: int
    floats: Server | None = None
    """The same server for who sends FP32 (`perf_analyzer`)."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One run of one contender."""

    requests: int
    """By its own count."""
    rate: float
    """Requests per second, as the contender reports them."""
    p50_ms: float
    p99_ms: float
    """NaN where it reports none."""
    spent: Spent


@dataclass(frozen=True, slots=True)
class Contender:
    """Somebody who loads a server."""

    name: str
    version: str
    """What it is made of, each with its version and its date."""
    run: Callable[[Case, float], Measured]
    """Loads the case's server for about so many seconds."""
    light: bool = False
    """Starts for next to nothing, so that half the time says as much."""


@dataclass(frozen=True, slots=True)
class Workbench:
    """Where contenders find what they need and leave what they write."""

    folder: Path
    tools: Mapping[str, Tool] = field(default_factory=dict)
    to_end: Run = finished
    """Runs a command to its end."""

    def all(self) -> list[Contender]:
        """Return the contenders whose programs are here."""
        everybody = [
            Contender("eiload, scenario", ours(), self.scenario),
            Contender("eiload, Locust users", ours(), self.users),
            Contender("Locust's gRPC recipe", installed("locust", "grpcio"), self.recipe),
            Contender("bare grpc.aio loop", installed("grpcio"), self.bare, light=True),
        ]
        runs = {
            "h2load": self.h2load,
            "perf_analyzer": self.perf_analyzer,
            "ghz": self.ghz,
            "k6": self.k6,
        }
        for name, tool in self.tools.items():
            said = dated(name, tool.version)
            everybody.append(Contender(name, said, runs[name], light=True))
            if name == "perf_analyzer":
                everybody.append(Contender(UINT8, said, self.perf_analyzer_uint8, light=True))
        return everybody

    # -- Python ----------------------------------------------------------------------------

    def scenario(self, case: Case, seconds: float) -> Measured:
        """Run eiload inside Locust with a closed-loop scenario."""
        path = self.folder / "scenario.yaml"
        traffic = [_closed(case.in_flight, seconds)]
        document = scenario(case.server.address, case.files.image, traffic)
        path.write_text(json.dumps(document))
        return self._eiload(["--scenario", str(path)])

    def users(self, case: Case, seconds: float) -> Measured:
        """Run eiload inside Locust with Locust's own users."""
        return self._eiload(
            [
                *("--host", case.server.address, "--image", str(case.files.image)),
                *_users(case.in_flight, seconds),
            ]
        )

    def _eiload(self, arguments: list[str]) -> Measured:
        report = self.folder / "run.json"
        report.unlink(missing_ok=True)
        command = [*locust(SSD), *arguments, "--report-json", str(report)]
        spent = reported(self.to_end(command), report)
        (figures,) = json.loads(report.read_text())["figures"]
        response_ms = figures["response_ms"]
        return Measured(
            figures["scheduled"],
            figures["throughput_per_s"],
            _number(response_ms.get("p50")),
            _number(response_ms.get("p99")),
            spent,
        )

    def recipe(self, case: Case, seconds: float) -> Measured:
        """Run Locust with the gRPC user of its documentation."""
        spent = paced_recipe(case, case.in_flight, seconds, run=self.to_end)
        said = locust_summary(spent.out + spent.err)
        return Measured(
            said.requests, said.rate, said.percentiles_ms["50%"], said.percentiles_ms["99%"], spent
        )

    def bare(self, case: Case, seconds: float) -> Measured:
        """Run the bare loop."""
        command = [sys.executable, "-m", BARE, case.server.address, str(case.files.request)]
        spent = self.to_end([*command, str(case.in_flight), str(seconds)]).expect()
        said = json.loads(spent.out)
        times_ms = said["times_ms"]
        return Measured(
            said["requests"],
            said["requests"] / said["took_s"],
            percentile(times_ms, 0.5),
            percentile(times_ms, 0.99),
            spent,
        )

    # -- programs --------------------------------------------------------------------------

    def h2load(self, case: Case, seconds: float) -> Measured:
        """Post the framed bytes over one HTTP/2 connection."""
        log, count = self.folder / "h2load.log", _count("h2load", case, seconds)
        tool, framed = self.tools["h2load"], case.files.framed
        posted = h2load.post(
            tool,
            case.server.address,
            framed,
            count,
            in_flight=case.in_flight,
            log=log,
            run=self.to_end,
        )
        took_ms = [took_us / 1000 for _, took_us in h2load.log_of(log)]
        p50_ms, p99_ms = percentile(took_ms, 0.5), percentile(took_ms, 0.99)
        return Measured(count, posted.rate, p50_ms, p99_ms, posted.spent)

    def perf_analyzer(self, case: Case, seconds: float) -> Measured:
        """Run the tfserving backend, in its synchronous mode (it has no other), with FP32."""
        return self._perf_analyzer(case, _count("perf_analyzer", case, seconds), floats=True)

    def perf_analyzer_uint8(self, case: Case, seconds: float) -> Measured:
        """Run the same with `UINT8`."""
        return self._perf_analyzer(case, _count(UINT8, case, seconds), floats=False)

    def _perf_analyzer(self, case: Case, count: int, *, floats: bool) -> Measured:
        count = max(case.in_flight, count)
        load = ["--concurrency-range", str(case.in_flight), "--request-count", str(count)]
        spent, row = self.perf_analyzer_run(case, load, floats=floats)
        return Measured(
            count,
            float(row["Inferences/Second"]),
            float(row["p50 latency"]) / 1000,
            float(row["p99 latency"]) / 1000,
            spent,
        )

    def perf_analyzer_run(
        self, case: Case, load: list[str], *, floats: bool
    ) -> tuple[Spent, dict[str, str]]:
        """Run perf_analyzer with these options; return what it used and its report's row.

        Args:
            case: what to send; its image's bytes are those of an FP32 tensor if `floats`.
            load: the options.
            floats: whether it sends FP32; else `UINT8`.

        Raises:
            BenchError: it fails, or there is no server that takes FP32.
        """
        server, payload = case.floats if floats else case.server, case.payload
        if server is None:
            raise BenchError("no server here whose model takes FP32")
        shape = payload.float_shape if floats else (payload.height, payload.width, 3)
        tool = self.tools["perf_analyzer"]
        report = self.folder / "perf_analyzer.csv"
        report.unlink(missing_ok=True)
        command = [*tool.command, "-m", MODEL, "--service-kind", "tfserving", "-i", "grpc"]
        command += ["-u", server.address, "-b", "1", "-f", str(report), *load]
        # Its shape is that of one item of the batch.
        command += ["--shape", f"inputs:{','.join(map(str, shape))}"]
        spent = self.to_end(command, tool.env).expect()
        if not report.exists():  # it has failed for all that its status says
            raise BenchError(f"perf_analyzer: no report: {spent.out.strip()[-300:]}")
        with report.open(newline="") as file:
            return spent, next(csv.DictReader(file))

    def ghz(self, case: Case, seconds: float) -> Measured:
        """Run ghz with the request's bytes, over one connection."""
        count = max(case.in_flight, _count("ghz", case, seconds))
        command = [*self.tools["ghz"].command, "--insecure", "--protoset", str(self._protoset())]
        command += ["--call", PREDICT_PATH.strip("/"), "-B", str(case.files.request)]
        command += ["-c", str(case.in_flight), "-n", str(count), "--connections", "1"]
        spent = self.to_end([*command, "-O", "json", case.server.address]).expect()
        said = json.loads(spent.out)
        times_ms = {
            each["percentage"]: each["latency"] / 1e6 for each in said["latencyDistribution"]
        }
        return Measured(
            said["count"],
            said["rps"],
            times_ms.get(50, math.nan),
            times_ms.get(99, math.nan),
            spent,
        )

    def k6(self, case: Case, seconds: float) -> Measured:
        """Run k6's gRPC client; it takes the request as an object and encodes it each time."""
        summary = self.folder / "k6.json"
        script = Path(__file__).parent / "clients" / "k6.js"
        settings = {
            "BENCH_ADDRESS": case.server.address,
            "BENCH_PROTOSET": str(self._protoset()),
            "BENCH_WIDTH": str(case.payload.width),
            "BENCH_HEIGHT": str(case.payload.height),
        }
        command = [*self.tools["k6"].command, "run", "--quiet", "--vus", str(case.in_flight)]
        command += ["--duration", f"{seconds}s", "--summary-export", str(summary)]
        command += ["--summary-trend-stats", "med,p(99)"]
        for name, value in settings.items():
            command += ["-e", f"{name}={value}"]
        spent = self.to_end([*command, str(script)]).expect()
        metrics = json.loads(summary.read_text())["metrics"]
        took, done = metrics["grpc_req_duration"], metrics["iterations"]
        return Measured(done["count"], done["rate"], took["med"], took["p(99)"], spent)

    def _protoset(self) -> Path:
        """Write the descriptors of PredictionService for tools that need them."""
        path = self.folder / "prediction_service.protoset"
        path.write_bytes(_descriptors())
        return path


def paced_recipe(
    case: Case, users: int, seconds: float, rate: float = 0, run: Run = finished
) -> Spent:
    """Run Locust's gRPC recipe, `rate` requests per second in all if it is not 0."""
    command = [*locust(RECIPE), "--host", case.server.address, *_users(users, seconds)]
    env = {"BENCH_REQUEST": str(case.files.request), "BENCH_RATE": str(rate / users)}
    return run(command, env).expect()


def _users(count: int, seconds: float) -> list[str]:
    """Return Locust's options for users in a closed loop."""
    return ["-u", str(count), "-r", str(count), "-t", f"{math.ceil(seconds)}s"]


def _closed(users: int, seconds: float) -> dict[str, object]:
    """Return the same as a scenario's phase."""
    return {"phase": "all", "users": users, "for": f"{seconds} s"}


def _count(name: str, case: Case, seconds: float) -> int:
    """Return how many requests take a counting program about so long."""
    limit = 1024 if case.payload.tensor_bytes <= 4096 else 1024 * 1024
    return max(1, round(PACE[name, limit] * seconds))


def _number(value: float | str | None) -> float:
    return math.nan if value is None else float(value)


def _descriptors() -> bytes:
    """Return PredictionService's descriptors and all they need, as a FileDescriptorSet."""
    from google.protobuf.descriptor import FileDescriptor
    from google.protobuf.descriptor_pb2 import FileDescriptorSet

    with protos_only():
        from tensorflow_serving.apis import prediction_service_pb2
    descriptors = FileDescriptorSet()
    seen: set[str] = set()

    def add(file: FileDescriptor) -> None:
        if file.name in seen:
            return
        seen.add(file.name)
        for needed in file.dependencies:
            add(needed)
        file.CopyToProto(descriptors.file.add())

    add(prediction_service_pb2.DESCRIPTOR)
    data: bytes = descriptors.SerializeToString()
    return data
