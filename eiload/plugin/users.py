"""Locust users that predict: what a locustfile subclasses.

`PredictUser` is for any model behind TensorFlow Serving's API, `SSDUser` for the object detector
whose input is an image. Their `client.predict(...)` hands the request to the sender process and
waits for it, as any Locust client would, fires Locust's `request` event and counts the request for
eiload's report. In a run with ``--scenario`` the scenario's traffic is sent instead and these
users' tasks do not run.

A request that fails is an `Answer` that is not `ok`, never an exception: the server's failures are
what a load test is there to count.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from inspect import getattr_static
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

from gevent import GreenletExit
from locust import User, constant, task

from eiload.base.clock import NS_PER_S
from eiload.base.errors import EngineError, ScenarioError
from eiload.base.units import parse_duration
from eiload.control.session import Left
from eiload.plugin import event, library, targets
from eiload.plugin.answers import Answer
from eiload.plugin.inputs import caller, request, samples, tensors
from eiload.scenario import Scenario, Target
from eiload.serving import payload
from eiload.serving.payload import Made
from eiload.serving.tensors import Tensor

if TYPE_CHECKING:
    from eiload.control.session import Session
    from eiload.plugin.requests import Requests
    from eiload.sending.reply import Reply

__all__ = ["Answer", "PredictClient", "PredictUser", "SSDUser"]


class PredictClient:
    """A user's way to its target."""

    def __init__(self, user: "PredictUser") -> None:
        self._user = user
        self._turn = 0

    def predict(
        self,
        inputs: Mapping[str, Tensor] | bytes | None = None,
        *,
        name: str | None = None,
        deadline: str | None = None,
        catch_response: bool = False,
    ) -> Answer:
        """Send one request and wait for the answer.

        Args:
            inputs: tensors by input name; or a request's bytes (a serialised PredictRequest; over
                HTTP a body); or None for the next of the user's prepared requests (the quickest:
                made once, before the load).
            name: what Locust's statistics call it; ``<target> Predict`` if None.
            deadline: such as ``"500 ms"``; the user's own if None.
            catch_response: count the request at the end of a ``with`` block, not at once; without
                a block it is counted when the answer is dropped.

        Raises:
            GreenletExit: the run is ending, and Locust the user by this; also because inputs or
                deadline are none, which ends it with status 2 and a line that says where they are.
        """
        requests = _requests(self._user)
        session, target = requests.session_for(type(self._user))
        try:
            request = self._request(session, target, inputs)
            timeout_ns = 0 if deadline is None else _timeout_ns(deadline)
        except ValueError as error:
            slip = ScenarioError(f"{self.user}: predict() in {caller()}: {error}")
            requests.refuse(slip)
            raise GreenletExit from slip
        named = name or requests.request_name(target)
        try:
            reply = session.call(target, request, timeout_ns)
        except EngineError as error:
            requests.too_late(self.user)
            raise GreenletExit from error
        answer = Answer(self, session.tally, reply, named, catch=catch_response)
        if catch_response:
            requests.open.add(answer)
        else:
            answer.count()
        requests.open.settle(Left.DROPPED)
        return answer

    def _request(
        self, session: "Session", target: int, inputs: Mapping[str, Tensor] | bytes | None
    ) -> bytes | int:
        if inputs is None:
            self._turn += 1
            return session.payload_of(target, self._turn - 1)
        return inputs if isinstance(inputs, bytes) else self._user.make_request(inputs)

    @property
    def user(self) -> str:
        """Return the name of the user's class."""
        return type(self._user).__name__

    def forget(self, answer: Answer) -> None:
        """Leave it to others to count an answer that is going out of existence."""
        _requests(self._user).open.drop(answer)

    def late(self, problem: str) -> None:
        """Tell that an answer was found to be bad after it had been counted."""
        _requests(self._user).open.late(self.user, problem)

    def tell(self, reply: "Reply", answer: Answer, name: str) -> None:
        """Tell Locust of a request that is being counted, as its `request` event."""
        user = self._user
        now_s = time.time() - time.monotonic_ns() / NS_PER_S
        event.fire(
            user.environment.events.request.fire,
            name,
            event.Times(reply.intended_ns, reply.sent_ns, reply.done_ns),
            now_s,
            status=answer.status,
            detail=answer.detail,
            response_bytes=len(reply.response),
            response=answer,
            context=user.context(),
            request_type=type(user).api,
        )


class PredictUser(User):
    """A user of any model behind TensorFlow Serving's API.

    Set `host` (or give ``--host``), `model` and `wait_time`; write ``@task`` methods that call
    ``self.client.predict(...)``; give `sample_inputs`, which preflight checks against the model.

    Whatever else a scenario's target may say, a user class says by an attribute of the same name,
    with the same units and checks: the ones below.
    """

    abstract = True

    api: str = "grpc"
    """How the model is asked: ``"grpc"``, ``"tf-rest"``, ``"container"``, ``"sagemaker"``."""
    model: str = ""
    """Name of the served model; ``--model`` overrides it."""
    signature: str = "serving_default"
    version: int | None = None
    """Version of the model; the newest if None."""
    version_label: str | None = None
    """Label of the version instead."""
    input: str = "inputs"
    """Name of the input that takes pictures; `sample_inputs` names its own."""
    outputs: Sequence[str] = ()
    """Names of the outputs to ask for; all if none."""
    body: str | None = None
    """Form of a request in JSON: ``"instances"``, ``"inputs"``, ``"list"``."""
    content_type: str | None = None
    """Of requests to a container; JSON if None."""
    accept: str | None = None
    """Content type that a container's answers are asked for."""
    endpoint: str | None = None
    region: str | None = None
    variant: str | None = None
    """Of SageMaker: which endpoint, where, which of its variants; it needs no `host`."""
    deadline: str = "60 s"
    """How long an answer may take before the request counts as failed."""
    ready_within: str | None = None
    """How long to wait for the model before the load, also while its port is closed."""
    connections: int = 1
    """Connections of each load-generating process to each of the server's addresses; over HTTP as
    many as are needed, unless it is said."""
    balance: str = "round_robin"
    """Over all addresses of the host's name in turn, or ``"pick_first"``."""
    authority: str | None = None
    """Host name that requests ask for, if not the host's: what an ingress goes by."""
    connect_timeout: str | None = None
    """How long connecting may take; 20 s if None."""
    max_connection_age: str | None = None
    """After how long a connection is left for a new one; never if None."""
    retry: str = "transparent"
    """Send again, once, what a server says it has not looked at; or ``"none"``."""
    metadata: Mapping[str, str] = MappingProxyType({})
    """Sent with each request, such as an authorization."""
    compression: str | None = None
    """``"gzip"``, of the requests."""
    tls: Mapping[str, str | Path] | None = None
    """``{}``, or ``ca``, ``cert``, ``key``, ``server_name``; paths from the working directory."""
    keepalive: Mapping[str, str] | None = None
    """``{"every": "30 s", "timeout": "20 s"}``: when a silent server is asked."""
    observe: Mapping[str, Any] | None = None
    """``{"metrics": ":8501"}`` ...: what is read of the server while the load is on."""
    price: str | None = None
    """Of the host and the accelerator."""
    stand_in: str | Mapping[str, Any] | None = None
    """Emulate a server instead of a `host`: a profile's name, or settings."""

    def __init__(self, environment: Any) -> None:
        super().__init__(environment)
        library.bring(environment)
        self.client = PredictClient(self)

    @classmethod
    def sample_inputs(cls) -> Mapping[str, Tensor] | list[Mapping[str, Tensor]]:
        """Return one example of the model's inputs, or several.

        They are made into requests once, before the load; ``client.predict()`` without arguments
        sends them in turn.
        """
        raise ScenarioError(
            f"{cls.__name__}: no inputs; define the classmethod sample_inputs() to return "
            "{'input name': array}, or subclass SSDUser for images"
        )

    @classmethod
    def requests(cls, scenario: Scenario, target: Target) -> Iterator[Made]:
        """Yield the prepared requests."""
        del scenario
        for inputs in samples(cls):
            yield Made(inputs, request(target, inputs))

    def make_request(self, inputs: Mapping[str, Tensor]) -> bytes:
        """Return the bytes of the request for these tensors.

        Raises:
            ValueError: they are none, or cannot be sent.
        """
        return request(_requests(self).target_of(type(self)), tensors(inputs))


class SSDUser(PredictUser):
    """A user of an SSD object detector, the model of AWS's Elastic Inference example.

    The images are those of ``--image``, the class's own, or synthetic ones of 3dogs.jpg's size. It
    sends one after the other; a subclass with ``@task`` methods of its own does these instead.
    """

    abstract = True
    sends_pictures: ClassVar = True

    model = "ssd"
    wait_time = constant(0)
    images: str | Path | Sequence[str | Path] = ()
    """Image files, folders or globs of this class; ``--image`` overrides them."""
    synthetic: str | Mapping[str, int] | None = None
    """Made-up images of this class, such as ``"640x427"``."""
    encoding: str | None = None
    """``"uint8"`` or ``"jpeg"`` for this class; what ``--encoding`` says if None."""
    batch: int | None = None
    """Images in a request; 1 if None."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Leave the inherited task out of a class that has tasks of its own."""
        super().__init_subclass__(**kwargs)
        cls.tasks = [one for one in cls.tasks if one is not SSDUser.predict] or cls.tasks

    @classmethod
    def requests(cls, scenario: Scenario, target: Target) -> Iterator[Made]:
        """Yield the class's images as requests, or the samples of a class that gives some."""
        if getattr_static(cls, "sample_inputs") is not vars(PredictUser)["sample_inputs"]:
            yield from super().requests(scenario, target)
            return
        for _, tensor in payload.tensors(targets.payload(cls, scenario.payload)):
            yield payload.made_of(target, {target.input: tensor})

    @task
    def predict(self) -> None:
        """Send the next image."""
        self.client.predict()


def _timeout_ns(deadline: str) -> int:
    """Return a deadline, ns.

    Raises:
        ValueError: it is none.
    """
    try:
        timeout_ns = parse_duration(deadline)
    except ValueError as error:
        raise ValueError(f"deadline: {error}") from error
    if timeout_ns == 0:
        raise ValueError(f"deadline: no time at all, got {deadline!r}; expected such as '500 ms'")
    return timeout_ns


def _requests(user: User) -> "Requests":
    requests: Requests = user.environment.eiload.requests  # set by the plugin
    return requests
