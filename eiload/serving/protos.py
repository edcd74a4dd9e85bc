"""The generated messages of TensorFlow Serving, without TensorFlow's runtime.

They live in two packages: ``tensorflow_serving.apis`` and, because a PredictRequest holds
TensorProtos, ``tensorflow.core.framework``. Importing the second the ordinary way runs
``tensorflow/__init__``: the whole runtime, seconds and 550 MB that no load-generating process may
spend. The messages alone take 0.03 s and 3 MB. `protos_only` is the one place that goes around it;
this file knows nothing else. gRPC's stubs are not imported either: bytes need none.
"""

import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

__all__ = [
    "get_model_metadata_pb2",
    "get_model_status_pb2",
    "meta_graph_pb2",
    "model_pb2",
    "predict_pb2",
    "protos_only",
    "tensor_pb2",
    "tensor_shape_pb2",
    "types_pb2",
]


@contextmanager
def protos_only() -> Iterator[None]:
    """Let ``tensorflow.core.*_pb2`` be imported inside the block without TensorFlow's runtime.

    Python imports a package before its modules. While the block runs, the package is an empty
    stand-in that has only the real one's path, so its modules are found and ``__init__`` is not
    run. Afterwards the stand-in is gone and the message modules stay: a later ``import tensorflow``
    is the real one, finds them loaded, and shares their classes. Where TensorFlow is loaded
    already, nothing is to be done.

    To be used at import time only: a thread that imports TensorFlow meanwhile would get the
    stand-in.

    Raises:
        ModuleNotFoundError: TensorFlow is not installed.
    """
    if "tensorflow" in sys.modules:
        yield
        return
    spec = importlib.util.find_spec("tensorflow")
    if spec is None or spec.submodule_search_locations is None:
        raise ModuleNotFoundError(
            "TensorFlow's message definitions are missing: pip install tensorflow-serving-api",
            name="tensorflow",
        )
    stand_in = ModuleType("tensorflow")
    stand_in.__path__ = list(spec.submodule_search_locations)
    sys.modules["tensorflow"] = stand_in
    try:
        yield
    finally:
        del sys.modules["tensorflow"]


with protos_only():
    from tensorflow.core.framework import tensor_pb2, tensor_shape_pb2, types_pb2
    from tensorflow.core.protobuf import meta_graph_pb2
    from tensorflow_serving.apis import (
        get_model_metadata_pb2,
        get_model_status_pb2,
        model_pb2,
        predict_pb2,
    )
