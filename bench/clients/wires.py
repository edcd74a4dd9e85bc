"""One of our wires in a loop: so many requests in flight for so long, ready bytes, nothing else.

``python -m bench.clients.wires CLIENT ADDRESS FILE IN_FLIGHT SECONDS`` prints a line of JSON: how
many requests were answered, and this process's own CPU time for them. ``http1-signed``: with the
fields of a signature, which somebody else renews as often as `RENEWED_S`, as for SageMaker.
"""

import asyncio
import json
import sys
import time
from pathlib import Path

import uvloop

from eiload.base.status import Status
from eiload.sending.channel import Landing
from eiload.sending.endpoint import HTTP1, Endpoint
from eiload.sending.wires import channel_of
from eiload.serving.tfserving import PREDICT

WARM_UP = 30
"""Requests that are not counted: connections, first buffers."""

SIGNED = f"{HTTP1}-signed"

RENEWED_S = 0.1
"""A thousand times as often as a run has a signature renewed."""

SIGNATURE = (
    "X-Amz-Date: {date}\r\nX-Amz-Security-Token: {token}\r\nAuthorization: AWS4-HMAC-SHA256 "
    "Credential=AKIAIOSFODNN7EXAMPLE/20261130/eu-west-1/sagemaker/aws4_request, SignedHeaders="
    "accept;content-type;host;x-amz-date;x-amz-security-token, Signature={signature}\r\n"
)
"""AWS's documentation's own example key; what is in it is of a real one's length."""

HEADERS = (("Content-Type", "application/json"), ("Accept", "application/json"))


def signature(number: int) -> bytes:
    """Return the fields of a signature as they were renewed for the n-th time."""
    return SIGNATURE.format(
        date=f"20261130T{number:06}Z", token="t" * 400, signature=f"{number:064x}"
    ).encode()


async def load(
    endpoint: Endpoint, request: bytes, in_flight: int, seconds: float, *, signed: bool
) -> list[float]:
    """Return how many requests were answered, and the CPU time that they took, s."""
    renewed = [signature(number) for number in range(1000)] if signed else []
    channel = channel_of(endpoint)
    loop = asyncio.get_running_loop()
    over: asyncio.Future[None] = loop.create_future()
    answered = flying = 0
    began_s = end_s = 0.0

    def landed(landing: Landing) -> None:
        nonlocal answered, flying, began_s, end_s
        if landing.status is not Status.OK:
            raise SystemExit(f"{landing.status.name}: {landing.detail}")
        answered += 1
        flying -= 1
        if answered == WARM_UP:
            began_s, end_s = time.process_time(), time.monotonic() + seconds
        if not end_s or time.monotonic() < end_s:
            send()
        elif not flying:
            over.set_result(None)

    def send() -> None:
        nonlocal flying
        flying += 1
        at = int(time.monotonic() / RENEWED_S) % len(renewed) if renewed else 0
        channel.start(request, landed, headers=renewed[at] if renewed else b"")

    for _ in range(in_flight):
        send()
    await over
    return [answered - WARM_UP, time.process_time() - began_s]


def main(arguments: list[str]) -> None:
    """Load as the command line says."""
    client, address, path, in_flight, seconds = arguments
    over_http = client in {HTTP1, SIGNED}
    endpoint = Endpoint(
        address,
        "/v1/models/ssd:predict" if over_http else PREDICT,
        client=HTTP1 if over_http else client,
        connections=int(in_flight) if over_http else 1,
        headers=HEADERS if over_http else (),
    )
    request = Path(path).read_bytes()
    requests, cpu_s = uvloop.run(
        load(endpoint, request, int(in_flight), float(seconds), signed=client == SIGNED)
    )
    print(json.dumps({"requests": requests, "cpu_s": cpu_s}))


if __name__ == "__main__":
    main(sys.argv[1:])
