"""One of our wires in a loop: so many requests in flight for so long, ready bytes, nothing else.

``python -m bench.clients.wires CLIENT ADDRESS FILE IN_FLIGHT SECONDS`` prints a line of JSON: how
many requests were answered, and this process's own CPU time for them.
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

HEADERS = (("Content-Type", "application/json"), ("Accept", "application/json"))


async def load(endpoint: Endpoint, request: bytes, in_flight: int, seconds: float) -> list[float]:
    """Return how many requests were answered, and the CPU time that they took, s."""
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
        channel.start(request, landed)

    for _ in range(in_flight):
        send()
    await over
    return [answered - WARM_UP, time.process_time() - began_s]


def main(arguments: list[str]) -> None:
    """Load as the command line says."""
    client, address, path, in_flight, seconds = arguments
    over_http = client == HTTP1
    endpoint = Endpoint(
        address,
        "/v1/models/ssd:predict" if over_http else PREDICT,
        client=client,
        connections=int(in_flight) if over_http else 1,
        headers=HEADERS if over_http else (),
    )
    request = Path(path).read_bytes()
    requests, cpu_s = uvloop.run(load(endpoint, request, int(in_flight), float(seconds)))
    print(json.dumps({"requests": requests, "cpu_s": cpu_s}))


if __name__ == "__main__":
    main(sys.argv[1:])
