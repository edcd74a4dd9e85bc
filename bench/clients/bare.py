"""A bare loop over grpc.aio: so many requests in flight for so long, ready bytes, nothing else.

The least that gRPC's Python costs: no schedule, no users, no records but a list of times.
``python -m bench.clients.bare ADDRESS FILE IN_FLIGHT SECONDS [OPTION=VALUE ...]``, the options
being gRPC channel arguments (a number where it looks like one). It prints a line of JSON.
"""

import asyncio
import json
import sys
import time
from pathlib import Path

import grpc
import grpc.aio
import uvloop

from eiload.sending.endpoint import CHANNEL_OPTIONS
from eiload.serving.tfserving import PREDICT


async def load(
    address: str, request: bytes, in_flight: int, seconds: float, options: list[tuple[str, object]]
) -> dict[str, float | list[float]]:
    """Return how many requests were answered, how fast, and each one's time in ms."""
    times_ms: list[float] = []
    async with grpc.aio.insecure_channel(address, [*CHANNEL_OPTIONS, *options]) as channel:
        call = channel.unary_unary(PREDICT, None, None)
        await call(request)
        began_s = time.monotonic()
        end_s = began_s + seconds

        async def one() -> None:
            while (sent_s := time.monotonic()) < end_s:
                await call(request)
                times_ms.append((time.monotonic() - sent_s) * 1000)

        await asyncio.gather(*(one() for _ in range(in_flight)))
        took_s = time.monotonic() - began_s
    return {"requests": len(times_ms) + 1, "took_s": took_s, "times_ms": times_ms}


def main(arguments: list[str]) -> None:
    """Load as the command line says."""
    address, path, in_flight, seconds, *rest = arguments
    options: list[tuple[str, object]] = []
    for option in rest:
        name, _, value = option.partition("=")
        options.append((name, int(value) if value.lstrip("-").isdigit() else value))
    request = Path(path).read_bytes()
    print(json.dumps(uvloop.run(load(address, request, int(in_flight), float(seconds), options))))


if __name__ == "__main__":
    main(sys.argv[1:])
