"""Predict in JSON: a body to a request of the service, its reply to a body.

On the event loop, where the service lives. Reading a megabyte of JSON takes Python tens of
milliseconds, so large bodies are read, and large replies written, on a thread beside the loop. Load
tests send the same bodies over and over: what came of reading one is remembered by its digest, and
so is a reply's text; after that a request costs about what it costs over gRPC.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple, TypeVar

from eiload.base.clock import NS_PER_S, Clock
from eiload.base.status import Status
from eiload.server import json_tensors
from eiload.server.json_tensors import Layout
from eiload.server.model import Rejection
from eiload.server.service import Served, Service
from eiload.serving.tfserving import (
    DEFAULT_SIGNATURE,
    Signature,
    decode_metadata,
    decode_response,
    metadata_request,
    predict_request,
)

__all__ = ["TIMEOUT_S", "JsonPredict", "Named", "Read", "Reader", "Told", "of_json"]

TIMEOUT_S = 30
"""--rest_api_timeout_in_ms."""

LARGE_BYTES = 32 * 1024
"""JSON up to here takes less than a millisecond, which is what handing it to a thread costs."""
REMEMBERED_BYTES = 128 * 2**20
"""Of serialised requests: a hundred and fifty pictures of 820 kB."""
TEXTS_REMEMBERED = 1024
"""Replies' texts, some 25 kB each for a detector's."""


T = TypeVar("T")


class Named(NamedTuple):
    """Which model a request means."""

    model: str
    version: int | None = None
    label: str | None = None


class Told(NamedTuple):
    """What became of a Predict."""

    status: Status
    text: str
    """JSON if `status` is OK, else what is wrong."""
    server_ns: int | None = None


class Read(NamedTuple):
    """A body, understood."""

    request: bytes
    """Serialised PredictRequest."""
    form: Layout
    """Of the reply."""


def of_json(named: Named, body: bytes, signatures: Mapping[str, Signature]) -> Read:
    """Return the request in a body of TensorFlow Serving's JSON.

    Raises:
        Rejection: it is none.
    """
    given = json_tensors.body(body)
    name = given.signature or DEFAULT_SIGNATURE
    if name not in signatures:
        raise Rejection(
            Status.INVALID_ARGUMENT,
            f'Serving signature name: "{name}" not found in signature def',
        )
    request = predict_request(
        named.model,
        json_tensors.tensors(given, signatures[name].inputs),
        signature=given.signature,
        version=named.version,
        version_label=named.label,
    )
    return Read(request, given.form)


Reader = Callable[[Named, bytes, Mapping[str, Signature]], Read]
"""Reads a body for a model with these signatures; raises Rejection. Pure."""


_Key = tuple[Named, Reader, int | None, bytes]


class JsonPredict:
    """Predict's JSON face of one service."""

    def __init__(self, service: Service, clock: Clock) -> None:
        self._service = service
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._threads = ThreadPoolExecutor(1, thread_name_prefix="json")
        self._read: OrderedDict[_Key, Read] = OrderedDict()
        self._read_bytes = 0
        self._text = lru_cache(TEXTS_REMEMBERED)(_text)

    def __call__(
        self,
        named: Named,
        body: bytes,
        arrival_ns: int,
        ended: Callable[[Told], None],
        reader: Reader | None = None,
    ) -> None:
        """Predict; `ended` is called once, now or later, after `TIMEOUT_S` at the latest.

        Args:
            named: the model.
            body: what is to be predicted.
            arrival_ns: the instant of its arrival.
            ended: is told what became of it.
            reader: what reads the body; None for `of_json`.
        """
        reader = reader or of_json
        # A newer version may read the same body in another way.
        digest = blake2b(body, digest_size=16).digest()
        key = (named, reader, self._service.latest, digest)
        read = self._read.get(key)
        if read is not None:
            self._read.move_to_end(key)
            self._ask(read, arrival_ns, arrival_ns, ended)
            return
        try:
            signatures = decode_metadata(
                self._service.metadata(
                    metadata_request(named.model, version=named.version, version_label=named.label)
                )
            )
        except Rejection as rejection:
            ended(Told(rejection.status, rejection.text))
            return

        def done(read: Read | Rejection) -> None:
            if isinstance(read, Rejection):
                ended(Told(read.status, read.text))
            else:
                self._remember(key, read)
                # What was read on the loop kept everybody waiting: no time has passed for anyone.
                aside = len(body) > LARGE_BYTES
                self._ask(read, arrival_ns, self._clock.now_ns() if aside else arrival_ns, ended)

        self._aside(len(body), lambda: reader(named, body, signatures), done)

    def close(self) -> None:
        """Let go of the thread."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _ask(
        self, read: Read, arrival_ns: int, read_ns: int, ended: Callable[[Told], None]
    ) -> None:
        """Give a request to the service, and its reply or the end of patience to `ended`.

        The service, which takes its arrivals in order, sees it when it has been read.
        """
        open_ = True

        def tell(told: Told) -> None:
            nonlocal open_
            if open_:
                open_ = False
                patience.cancel()
                ended(told)

        def replied(reply: Served) -> None:
            server_ns = reply.server_ns + read_ns - arrival_ns
            if reply.status is not Status.OK:
                tell(Told(reply.status, reply.text, server_ns))
                return

            def written(text: str | Rejection) -> None:
                if isinstance(text, Rejection):
                    tell(Told(text.status, text.text, server_ns))
                else:
                    tell(Told(Status.OK, text, server_ns))

            size = len(reply.response)
            write = self._text if size <= LARGE_BYTES else _text
            self._aside(size, lambda: write(reply.response, read.form), written)

        # Session::Run gives up then, in these words.
        late = Told(Status.DEADLINE_EXCEEDED, "Timed out waiting for notification")
        patience = self._loop.call_later(TIMEOUT_S, tell, late)
        deadline_ns = arrival_ns + int(TIMEOUT_S * NS_PER_S)
        self._service.predict(read.request, read_ns, deadline_ns, replied, entrypoint="REST")

    def _aside(
        self, size: int, work: Callable[[], T], done: Callable[[T | Rejection], None]
    ) -> None:
        """Do work of a size, here or beside the loop, and give what comes of it to `done` here."""

        def outcome() -> T | Rejection:
            try:
                return work()
            except Rejection as rejection:
                return rejection
            except Exception as error:  # whatever it is, its client must be answered
                return Rejection(Status.INTERNAL, f"{type(error).__name__}: {error}")

        if size <= LARGE_BYTES:
            done(outcome())
            return
        future = self._loop.run_in_executor(self._threads, outcome)
        future.add_done_callback(lambda made: None if made.cancelled() else done(made.result()))

    def _remember(self, key: _Key, read: Read) -> None:
        if key in self._read or len(read.request) > REMEMBERED_BYTES:
            return
        self._read[key] = read
        self._read_bytes += len(read.request)
        while self._read_bytes > REMEMBERED_BYTES:
            self._read_bytes -= len(self._read.popitem(last=False)[1].request)


def _text(response: bytes, form: Layout) -> str:
    return json_tensors.rendered(decode_response(response), form)
