"""User classes: what their requests are, how they are counted, and which slips end a run."""

import json
import threading
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from gevent import GreenletExit
from locust import task

from eiload.base.errors import ScenarioError
from eiload.base.status import Status
from eiload.control.messages import Failed, Ready
from eiload.plugin.users import PredictUser
from eiload.serving.protos import types_pb2
from eiload.serving.tensors import Tensor, from_proto
from eiload.serving.tfserving import PREDICT
from tests.grpc_servers import certificate, closed_port, grpc_server
from tests.plugin.load import PATIENCE_S, Half, Load, half, load
from tests.serving.apis.servers import half_plus_two, saying


class HalfUser(PredictUser):
    """A user of half_plus_two."""

    model = "half_plus_two"
    input = "x"
    given: ClassVar[object] = [
        {"x": np.array([1.0], np.float32)}, {"x": np.array([5.0], np.float32)},
    ]  # fmt: skip

    @classmethod
    def sample_inputs(cls) -> Any:
        """Return two samples."""
        return cls.given

    @task
    def ask(self) -> None:
        """Send the next."""
        self.client.predict()


@pytest.fixture
def server() -> Iterator[Half]:
    """Serve half_plus_two."""
    with half() as one:
        yield one


def user(cls: Any, one: Load) -> Any:
    """Return a user of a load."""
    return cls(one.environment)


def sent(server: Half, alias: str = "x") -> list[list[float]]:
    """Return the inputs of all requests but the first, which preflight makes."""
    return [from_proto(request.inputs[alias]).tolist() for request in server.requests[1:]]


def test_predict(server: Half) -> None:
    """The prepared requests are sent in turn, others as they are given; all are counted."""
    with load(server, HalfUser) as one:
        half_user = user(HalfUser, one)
        answer = half_user.client.predict()
        assert answer.ok
        assert answer.outputs["y"].tolist() == [2.5]
        half_user.client.predict()
        half_user.client.predict({"x": np.array([7.0], np.float32)}, name="seven")
        half_user.client.predict(answer_to := server.requests[0].SerializeToString())
        half_user.client.predict()
        assert sent(server) == [[1], [5], [7], [1], [1]]
        assert answer_to
        report = one.stop()
    counts = report.intervals
    assert counts.total() > 0
    names = [event["name"] for event in one.events]
    assert names == ["half_plus_two Predict"] * 2 + ["seven"] + ["half_plus_two Predict"] * 2
    event = one.events[0]
    assert event["request_type"] == "grpc"
    assert event["exception"] is None
    assert event["response"] is answer
    assert event["response_time"] == answer.response_time_ms >= answer.service_time_ms > 0
    assert event["context"]["service_time_ms"] == answer.service_time_ms


def test_users_over_rest() -> None:
    """The same words: outputs by the model's own types, a refusal with its status, counts."""

    class RestUser(HalfUser):
        api = "tf-rest"

    with saying(half_plus_two) as address:
        server = Half(port=int(address.rpartition(":")[2]))
        with load(server, RestUser) as one:
            client = user(RestUser, one).client
            answer = client.predict()
            assert answer.ok
            assert answer.outputs["y"].dtype == np.float32
            assert answer.outputs["y"].tolist() == [2.5]
            seven = client.predict({"x": np.array([7.0], np.float32)})
            assert json.loads(seven.response_bytes) == {"predictions": [5.5]}
            refused = client.predict(b'{"instances": ["seven"]}')
            assert refused.status is Status.INVALID_ARGUMENT
            assert refused.detail == "HTTP 400: JSON Value: not a number"
            report = one.stop()
    assert report.intervals.total() > 0
    assert {event["request_type"] for event in one.events} == {"tf-rest"}
    assert [event["exception"] is None for event in one.events] == [True, True, False]


def test_what_a_class_says_is_in_each_request(server: Half) -> None:
    """Version, signature, outputs and metadata are those of prepared and of other requests."""

    class Said(HalfUser):
        version = 7
        signature = "halve"
        outputs = ("y",)
        metadata = {"authorization": "Bearer secret"}  # noqa: RUF012  # as users write it
        connections = 2
        compression = "gzip"

    class Labelled(HalfUser):
        model = "labelled"
        version_label = "canary"

    with load(server, Said, Labelled) as one:
        for cls in (Said, Labelled):
            user(cls, one).client.predict()
            user(cls, one).client.predict({"x": np.array([3.0], np.float32)})
    by_model: dict[str, list[int]] = {}
    for number, request in enumerate(server.requests):
        by_model.setdefault(request.model_spec.name, []).append(number)
    assert {model: len(numbers) for model, numbers in by_model.items()} == {
        "half_plus_two": 3,
        "labelled": 3,
    }
    for number in by_model["half_plus_two"]:
        spec = server.requests[number].model_spec
        assert (spec.version.value, spec.signature_name) == (7, "halve")
        assert list(server.requests[number].output_filter) == ["y"]
        assert server.metadata[number]["authorization"] == "Bearer secret"
    for number in by_model["labelled"]:
        assert server.requests[number].model_spec.version_label == "canary"
        assert "authorization" not in server.metadata[number]


def test_a_server_that_comes_late() -> None:
    """A class may wait for a port that is still closed."""

    class Patient(HalfUser):
        ready_within = "50 s"

    port = closed_port()
    one = Load(Half(port=port), Patient)
    late = Half()
    try:
        asked = threading.Thread(target=one.prepare_in_time)
        asked.start()
        while not one.said:  # what it waits for
            threading.Event().wait(0.01)
        with grpc_server({PREDICT: late.answer}, address=f"127.0.0.1:{port}"):
            asked.join(PATIENCE_S)
    finally:
        one.close()
    assert isinstance(one.heard, Ready)
    assert "refused" in one.said[0]


def test_a_secured_server(tmp_path: Path) -> None:
    """A class may name the authority of its server's certificate, by a path."""
    pair = certificate(tmp_path)

    class Secured(HalfUser):
        tls = {"ca": Path(pair.cert), "server_name": "localhost"}  # noqa: RUF012  # as users do

    server = Half()
    credentials = pair.server_credentials()
    with (
        grpc_server({PREDICT: server.answer}, credentials) as server.port,
        load(server, Secured) as one,
    ):
        assert user(Secured, one).client.predict().ok


def test_catch_response(server: Half) -> None:
    """With a block the request is counted at its end, as the user judges it."""
    with load(server, HalfUser) as one:
        half_user = user(HalfUser, one)
        with half_user.client.predict(catch_response=True) as answer:
            assert one.events == []
            answer.failure("too small")
        with half_user.client.predict({"x": np.array([1.0], np.float32)}, catch_response=True):
            pass
        assert [str(event["exception"]) for event in one.events] == [
            "BAD_ANSWER: too small", "None",
        ]  # fmt: skip
        assert one.stop().failures == {"half_plus_two": ({"BAD_ANSWER: too small": 1},)}


def test_a_status_that_is_expected(server: Half) -> None:
    """It is counted as good with the time that it took."""
    with load(server, HalfUser) as one:
        wrong = {"x": np.array([b"one"], object)}
        with user(HalfUser, one).client.predict(wrong, catch_response=True) as answer:
            assert answer.status is Status.UNKNOWN  # the server's code fails at it
            answer.success()
        assert [event["exception"] for event in one.events] == [None]
        assert one.stop().failures == {"half_plus_two": ({},)}


def test_the_end_of_a_run(server: Half) -> None:
    """Users stop when the run does."""
    with load(server, HalfUser) as one:
        half_user = user(HalfUser, one)
        assert one.stop().ended_ns >= 0
        with pytest.raises(GreenletExit):
            half_user.client.predict()


@pytest.mark.parametrize(
    ("inputs", "more", "said"),
    [
        ({"x": [1.0]}, {}, "input 'x' is a list; expected an array of the model's type, such as"),
        ({"x": np.array(["a"])}, {}, "input 'x' is an array of texts (<U1); TensorFlow's strings"),
        ("x", {}, "inputs are a text; expected {'input name': array}"),
        (np.ones(2), {}, "inputs are an array; expected {'input name': array}"),
        (None, {"deadline": "soon"}, "deadline: not a duration, got 'soon'; expected a duration"),
        (None, {"deadline": 2}, "deadline: no unit, got 2; expected a duration such as"),
        (None, {"deadline": "0 s"}, "deadline: no time at all, got '0 s'; expected such as '500"),
    ],
    ids=str,
)
def test_a_slip_in_a_task(server: Half, inputs: Any, more: dict[str, Any], said: str) -> None:
    """It ends the run with status 2 and one line that says in which class and line it is."""
    with load(server, HalfUser) as one:
        half_user = user(HalfUser, one)
        with pytest.raises(GreenletExit):
            half_user.client.predict(inputs, **more)
        failed = one.hear()
        assert isinstance(failed, Failed)
        assert failed.exit_status == 2
        place, why = failed.why.split(": ", 1)[0], failed.why.split(": ", 2)[2]
        assert place == "HalfUser"
        assert ": predict() in test_users.py:" in failed.why
        assert why.startswith(said)
        assert one.agent.ended
        with pytest.raises(GreenletExit):  # as for all other users of the run
            user(HalfUser, one).client.predict()
    assert sent(server) == []


def refusal(server: Half, cls: Any) -> str:
    """Return why a class's requests are not made."""
    one = Load(server, cls)
    try:
        failed = one.prepare()
    finally:
        one.close()
    assert isinstance(failed, Failed)
    assert failed.exit_status == 2
    return failed.why


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([], "no samples; expected one at least, {'input name': array}"),
        ({}, "no inputs; expected {'input name': array}"),
        ({"x": [1.0]}, "input 'x' is a list; expected an array of the model's type, such as np.a"),
    ],
    ids=str,
)
def test_samples_that_are_none(server: Half, given: object, said: str) -> None:
    """They are found before the load, and cost the run's status 2 and one line."""
    body = {"given": given}
    cls = types.new_class("Bad", (HalfUser,), exec_body=lambda names: names.update(body))
    why = refusal(server, cls)
    assert why.startswith("Bad: sample_inputs()")
    assert said in why
    assert "\n" not in why


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"x": np.ones(1)}, "input 'x' is float64 [1], the model takes float32 [?]; give .astype("),
        ({"x": np.ones((1, 1), np.float32)}, "input 'x' is float32 [1, 1], the model takes float"),
        ({"x": np.ones(1, np.float32), "z": np.ones(1)}, "the model has no input 'z', it takes '"),
    ],
    ids=["type", "shape", "name"],
)
def test_samples_that_the_model_does_not_take(given: object, said: str) -> None:
    """What the model's signature and the samples say of each other is said of the class."""
    cls = types.new_class(
        "Bad", (HalfUser,), exec_body=lambda names: names.update({"given": given})
    )
    with half(x=types_pb2.DT_FLOAT) as server:
        why = refusal(server, cls)
    assert why.startswith(f"Bad: {said}")
    assert "\n" not in why


def test_several_inputs() -> None:
    """A model of several inputs is loaded by samples that have them all."""

    class Two(HalfUser):
        @classmethod
        def sample_inputs(cls) -> dict[str, Tensor]:
            return {"x": np.ones(1, np.float32), "key": np.array([1])}

    with half(x=types_pb2.DT_FLOAT, key=types_pb2.DT_INT64) as server, load(server, Two) as one:
        assert user(Two, one).client.predict().ok
    assert sorted(server.requests[-1].inputs) == ["key", "x"]


def test_no_samples_are_given() -> None:
    """A class without any is told both ways to give them."""
    with pytest.raises(
        ScenarioError, match=r"^PredictUser: no inputs; define the classmethod samp"
    ):
        PredictUser.sample_inputs()
