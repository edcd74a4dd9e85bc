"""What a way to ask a model has, whichever it is.

An `Api` is of one target, and made of what the scenario says of it; it holds no state. Bytes go in
and come out; who sends them does so by the method that it names.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from eiload.base.status import Status
from eiload.sending.endpoint import Pairs
from eiload.serving.diagnose import Diagnosis
from eiload.serving.explain import Unready
from eiload.serving.tensors import Tensor, TensorInfo
from eiload.serving.tfserving import ModelState, Response, Signature

__all__ = ["Api", "Carried", "Question"]


class Question(NamedTuple):
    """Something that a server is asked."""

    method: str
    """As `sending.endpoint.Endpoint.method` has it."""
    request: bytes = b""


class Carried(NamedTuple):
    """What the endpoint says of how requests are carried."""

    client: str
    """`sending.endpoint.Endpoint.client`."""
    connections: int
    headers: Pairs = ()
    authority: str = ""
    """What it has to be if the scenario does not say; empty for what follows from the address."""
    error_field: str = ""
    error_names: tuple[tuple[str, int], ...] = ()
    answered_by: str = ""


class Api(Protocol):
    """One way to ask one target's model."""

    @property
    def carried(self) -> Carried:
        """Return how requests are carried."""

    @property
    def predict(self) -> str:
        """Return the method of an inference."""

    # -- requests and answers ------------------------------------------------------------------

    def request(self, inputs: Mapping[str, Tensor]) -> bytes:
        """Return the request that gives the model these inputs.

        Raises:
            ScenarioError: it cannot be made of them; continues no sentence.
            ValueError: an array's element type cannot be sent.
        """

    def readdressed(self, data: bytes) -> tuple[bytes, str]:
        """Return a serialised PredictRequest as this target is asked, and whose it was, if other.

        Raises:
            ScenarioError: it cannot be asked so.
        """

    def read(self, response: bytes, declared: Mapping[str, TensorInfo]) -> Response:
        """Return what is in an answer.

        Args:
            response: the answer.
            declared: the model's outputs, as far as these are known: not every form has types.

        Raises:
            ValueError: it is no answer.
        """

    def version_of(self, response: bytes) -> int | None:
        """Return the version of the model that gave an answer; None if it does not say."""

    def inputs_of(self, request: bytes) -> dict[str, TensorInfo]:
        """Return what the inputs of a request are; empty if it does not say, as JSON does not."""

    # -- preflight -----------------------------------------------------------------------------

    def own_fields(self, question: Question) -> bytes:
        """Return header fields of a request's own, such as a signature that is good now.

        They are as `sending.channel.Channel.start` takes them; empty for none.
        """

    def state(self, model: str = "") -> Question | None:
        """Return what asks whether a model can be used; the target's if `model` is empty.

        None where nobody tells.
        """

    def states(self, response: bytes) -> tuple[ModelState, ...]:
        """Return the model's versions, the newest first; empty where they are not told.

        Raises:
            ValueError: it is no answer to `state`.
        """

    def unready(self, states: Sequence[ModelState]) -> Unready | None:
        """Return why a model of these versions cannot be used; None if it can."""

    def metadata(self) -> Question | None:
        """Return what asks for the model's signatures; None where nobody tells them."""

    def signatures(self, response: bytes) -> dict[str, Signature]:
        """Return the model's signatures by name.

        Raises:
            ValueError: it is no answer to `metadata`.
        """

    def diagnose(self, address: str, patience_ns: int) -> Diagnosis:
        """Look at a server that does not answer, and say what is there."""

    def refusal(
        self, status: Status, detail: str, sent: Mapping[str, TensorInfo], *, pictures: bool
    ) -> str:
        """Return what a failed call says of the target, and what to change (`explain.refusal`)."""
