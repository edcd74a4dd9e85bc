"""A SavedModel in a session of TensorFlow, run as TensorFlow Serving runs it.

Fed and fetched by the names of its signature's tensors, on CPU or GPU. Inputs go to the runtime as
they are, so what is wrong with them is said by TensorFlow's own operations. Knows arrays and names;
nothing of requests, threads or versions.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from eiload.base.errors import ScenarioError
from eiload.base.status import Status
from eiload.server.model import Rejection, ServedSignature, Signatures
from eiload.server.runtime import tensorflow
from eiload.serving.tensors import Tensor

__all__ = ["Graph"]


class Graph:
    """A SavedModel in a session of TensorFlow."""

    def __init__(self, path: Path) -> None:
        """Load it.

        Raises:
            ScenarioError: it cannot be loaded.
        """
        self._tf = tf = tensorflow()
        from tensorflow.core.protobuf import config_pb2  # noqa: PLC0415

        self._options_class = config_pb2.CallableOptions
        graph = tf.Graph()
        config = tf.compat.v1.ConfigProto()
        # Two stand-ins may have to share one GPU.
        config.gpu_options.allow_growth = True
        self._session = tf.compat.v1.Session(graph=graph, config=config)
        try:
            meta = tf.compat.v1.saved_model.load(self._session, ["serve"], str(path))
        except Exception as error:
            # Of many kinds: a broken protobuf, an unknown operation, a missing variable.
            self._session.close()
            first = str(error).strip().splitlines() or [type(error).__name__]
            raise ScenarioError(f"{path}: cannot be loaded: {first[0]}") from error
        self.signatures: Signatures = {
            name: ServedSignature.of(definition) for name, definition in meta.signature_def.items()
        }
        self._callables: dict[tuple[str, tuple[str, ...]], Callable[..., Any]] = {}

    def run(
        self, signature: str, inputs: Mapping[str, Tensor], outputs: tuple[str, ...]
    ) -> dict[str, Tensor]:
        """Return the outputs for the inputs.

        Raises:
            Rejection: TensorFlow finds something wrong.
        """
        definition = self.signatures[signature].definition
        aliases = sorted(inputs)
        run = self._callables.get((signature, outputs))
        try:
            if run is None:
                options = self._options_class()
                options.feed.extend(definition.inputs[alias].name for alias in aliases)
                options.fetch.extend(definition.outputs[alias].name for alias in outputs)
                # `Session.run` would convert arrays to what the graph wants; this gives them to
                # the runtime as they are, as TensorFlow Serving does, and its errors are ours.
                run = self._session._make_callable_from_options(options)  # noqa: SLF001
                self._callables[signature, outputs] = run
            return dict(zip(outputs, run(*(inputs[alias] for alias in aliases)), strict=True))
        except self._tf.errors.OpError as error:
            raise Rejection(Status(error.error_code), error.message) from None
        except (TypeError, ValueError) as error:
            raise Rejection(Status.INVALID_ARGUMENT, str(error)) from None

    def close(self) -> None:
        """Let go of the memory."""
        self._session.close()
