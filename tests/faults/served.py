"""A gRPC server in a process of its own, for signals: ``python served.py PORT``, 0 for any."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent import futures

import grpc


class Echo(grpc.GenericRpcHandler):  # type: ignore[type-arg]
    """Answers every method with its request."""

    def service(self, details: object) -> "grpc.RpcMethodHandler[bytes, bytes]":
        """Return what handles a call."""
        del details
        return grpc.unary_unary_rpc_method_handler(lambda request, _context: request)


@contextlib.contextmanager
def served(port: int = 0) -> Iterator[tuple["subprocess.Popen[bytes]", int]]:
    """Start one and wait until it serves; yield its process and its port, and kill it."""
    with subprocess.Popen(
        [sys.executable, __file__, str(port)], stdout=subprocess.PIPE, env={**os.environ}
    ) as process:
        try:
            assert process.stdout is not None
            yield process, int(process.stdout.readline())
        finally:
            process.kill()


if __name__ == "__main__":
    # Who was there before may hold the port a moment longer.
    server = grpc.server(futures.ThreadPoolExecutor(4), handlers=[Echo()])
    bound = server.add_insecure_port(f"127.0.0.1:{sys.argv[1]}")
    server.start()
    sys.stdout.write(f"{bound}\n")
    sys.stdout.flush()
    server.wait_for_termination()
