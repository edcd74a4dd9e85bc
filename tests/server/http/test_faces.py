"""Containers and endpoints as users start them: real processes, real variants."""

import json

from eiload.scenario.standin import StandIn
from tests.server.http.served import asked, posted
from tests.server.stand_ins import picture
from tests.stand_in import WarmStandIn

ROWS = json.dumps({"instances": picture().tolist()}).encode()


def test_two_variants_with_laws_of_their_own() -> None:
    """On one endpoint, in one process; each answer says which law it is by."""
    arguments = (
        *("--endpoint", "detector"),
        *("--variant", "blue: {compute: 1 ms}"),
        *("--variant", "green: {profile: eia2.medium, compute: 40 ms, cold_start: 0 s}"),
    )
    path = "/endpoints/detector/invocations"
    with WarmStandIn(StandIn.of(api="sagemaker"), arguments=arguments) as process:
        told = {}
        for name in ("blue", "green"):
            headers = {"X-Amzn-SageMaker-Target-Variant": name}
            answer, body = posted(process.address, path, ROWS, **headers)
            assert (answer.status, len(json.loads(body)["predictions"])) == (200, 1)
            told[answer.headers["x-Amzn-Invoked-Production-Variant"]] = (
                answer.headers["X-Eiload-Stand-In"],
                int(answer.headers["X-Eiload-Server-Time-Ns"]) // 1_000_000,
            )
    assert told["blue"] == ("emulated stand-in", 1)
    assert told["green"][0] == "emulated eia2.medium"
    assert told["green"][1] >= 40


def test_a_container_with_its_metrics_beside_it() -> None:
    """The container's own TensorFlow Serving is asked on a port of its own."""
    settings = StandIn.of(api="container", compute="1 ms", keep_alive="10 s")
    with WarmStandIn(settings, arguments=("--rest-port", "0")) as process:
        assert posted(process.address, "/invocations", ROWS)[0].status == 200
        _, page = asked(process.rest_address, "GET", "/monitoring/prometheus/metrics")
        assert b'entrypoint="REST"' in page
