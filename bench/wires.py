"""A request's cost to the client, over HTTP/1.1 beside HTTP/2.

``python -m bench.wires``. Both wires of our own send the same ready bytes, in turn, round by round;
the figure is the median of the rounds' ratios of CPU time per request, HTTP/1.1's over HTTP/2's.
gRPC goes to the C++ server (`server`), HTTP/1.1 to one of threads that reads a request and answers
with bytes of the size of SSD's JSON; neither server's CPU is counted. Nothing is encoded or looked
at: those are not the wires'. "Signed" is HTTP/1.1 with the fields of a signature beside HTTP/1.1
without: what they cost the sender, which never makes one.
"""

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench import server
from bench.clients.wires import SIGNED
from bench.figures import in_turn, ratios, spread
from bench.process import finished
from bench.server import LARGE, SMALL, serving
from bench.setting import machine
from bench.table import Table, markdown
from bench.tools import default_work_dir
from eiload.sending.child import ENVIRONMENT
from eiload.sending.endpoint import HTTP1, HTTP2

CASES = ((SMALL, 1), (SMALL, 16), (LARGE, 1), (LARGE, 16))
"""What is sent, and how many at a time."""

ANSWER_BYTES = 20_000
"""Of 100 detections as JSON; gRPC's answer of the same is a tenth."""

SECONDS = 1.5
ROUNDS = 5

THREADS = """
import re, socket, sys, threading
ANSWER = b"HTTP/1.1 200 OK\\r\\nContent-Type: application/json\\r\\nContent-Length: %d\\r\\n\\r\\n"
ANSWER = ANSWER % int(sys.argv[1]) + b"x" * int(sys.argv[1])
def serve(connection):
    buffer = bytearray(1 << 20)
    while size := connection.recv_into(buffer):
        end = buffer.find(b"\\r\\n\\r\\n", 0, size) + 4
        length = int(re.search(rb"(?i)content-length: *(\\d+)", buffer[:end])[1])
        left = length - (size - end)
        while left:
            left -= connection.recv_into(buffer, min(left, len(buffer)))
        connection.sendall(ANSWER)
listener = socket.create_server(("127.0.0.1", 0), backlog=100)
print(listener.getsockname()[1], flush=True)
threading.Thread(target=lambda: (sys.stdin.read(), __import__("os")._exit(0)), daemon=True).start()
while True:
    threading.Thread(target=serve, args=listener.accept()[:1], daemon=True).start()
"""


@contextlib.contextmanager
def threads() -> Iterator[str]:
    """Serve HTTP/1.1 for the length of a block; yield the address."""
    command = [sys.executable, "-c", THREADS, str(ANSWER_BYTES)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield f"127.0.0.1:{int(process.stdout.readline())}"
        process.stdin.close()  # it ends with its standard input


def cpu_ms(client: str, address: str, request: Path, in_flight: int, seconds: float) -> float:
    """Return the client's CPU time per request, ms."""
    command = [sys.executable, "-m", "bench.clients.wires", client, address, str(request)]
    told = json.loads(finished([*command, str(in_flight), str(seconds)], ENVIRONMENT).expect().out)
    return float(told["cpu_s"]) * 1000 / float(told["requests"])


def table(rounds: int, seconds: float) -> Table:
    """Return the figures of all cases."""
    rows = []
    folder = tempfile.TemporaryDirectory()
    with serving(default_work_dir(os.environ)) as grpc, threads() as http, folder as where:
        places = {HTTP2: grpc.address, HTTP1: http, SIGNED: http}
        for payload, in_flight in CASES:
            request = server.files(Path(where), payload).request
            found: dict[str, list[float]] = {client: [] for client in places}
            for turn in range(rounds):
                for client in in_turn([*places], turn):
                    taken = cpu_ms(client, places[client], request, in_flight, seconds)
                    found[client].append(taken)
            rows.append(
                (
                    f"{payload.name}, {in_flight}",
                    spread(found[HTTP2]).text(3),
                    spread(found[HTTP1]).text(3),
                    ratios(found[HTTP1], found[HTTP2]).text(),
                    ratios(found[SIGNED], found[HTTP1]).text(),
                )
            )
        kind = grpc.kind
    return Table(
        f"CPU of the client per request, {rounds} rounds",
        (
            "bytes, in flight",
            "HTTP/2, ms",
            "HTTP/1.1, ms",
            "HTTP/1.1 over HTTP/2",
            "signed over not",
        ),
        tuple(rows),
        (f"servers: {kind}; threads that answer {ANSWER_BYTES:,} bytes", machine()),
    )


def main() -> None:
    """Measure both wires."""
    parser = argparse.ArgumentParser(prog="python -m bench.wires", description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--seconds", type=float, default=SECONDS, help="of each run")
    arguments = parser.parse_args()
    sys.stdout.write(markdown([table(arguments.rounds, arguments.seconds)]))


if __name__ == "__main__":
    main()
