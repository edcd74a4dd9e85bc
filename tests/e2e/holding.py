"""A server whose answers stop at a test's word, with so many requests on the way.

Stopping a stand-in's process would leave the test to guess: answers may be on their way by then.
"""

import threading

import grpc

from eiload.serving.tfserving import PREDICT
from tests.e2e.locust_runs import PATIENCE_S

__all__ = ["Holding"]


class Holding:
    """A server that answers as a stand-in does, until it holds what comes and answers no more."""

    def __init__(self, address: str) -> None:
        self._channel = grpc.insecure_channel(address)
        self._ask = self._channel.unary_unary(PREDICT, None, None)
        self._holds = False
        self._over = threading.Event()
        self._held = threading.Semaphore(0)

    def answer(self, request: bytes, _context: grpc.ServicerContext) -> bytes:
        """Answer a Predict."""
        if self._holds:
            self._held.release()
            self._over.wait()
            return b""
        answered: bytes = self._ask(request, timeout=PATIENCE_S)
        return answered

    def hold(self, users: int) -> None:
        """Answer no more; return when each of so many users has a request on the way."""
        self._holds = True
        for _ in range(users):
            assert self._held.acquire(timeout=PATIENCE_S)

    def close(self) -> None:
        """Let go of what is held."""
        self._over.set()
        self._channel.close()
