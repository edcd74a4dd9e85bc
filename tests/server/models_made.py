"""Makes the models for the tests of real models: a program, as TensorFlow takes seconds to load.

``python -m tests.server.models_made DIR`` writes ``DIR/pixels/1`` and ``DIR/encoded/1`` by command
line, ``DIR/other/1``, which is no SSD, and ``DIR/known.json``: how many weights our ResNet-50's
convolutions have, how many Keras' own have, and what TensorFlow says to an image, for comparison.
`models` is who runs it.
"""

import json
import sys
from pathlib import Path
from typing import Any

from eiload.base import console
from eiload.server import make_model
from eiload.server.__main__ import COMMANDS
from eiload.server.make_model import Design, _backbone, _network
from eiload.server.runtime import tensorflow
from eiload.serving.protos import protos_only
from tests.server.models import IMAGE

with protos_only():
    from tensorflow.core.protobuf import saved_model_pb2

SMALL = ("--size", "64", "--width", "0.05")


def convolved(model: Any, keras: Any) -> int:
    """Return the number of weights in a model's convolutions, biases not counted."""
    layers = (each for each in model.layers if isinstance(each, keras.layers.Conv2D))
    return sum(int(each.kernel.shape.num_elements()) for each in layers)


def write_other(tf: Any, path: Path) -> None:
    """Write a model with several signatures, inputs and element types.

    One of them, ``mine``, has a method name that TensorFlow Serving does not know.
    """
    numbers = tf.TensorSpec([None, 2], tf.float32)

    def mixed(x: Any, names: Any) -> dict[str, Any]:
        return {
            "sum": tf.reduce_sum(x, 1),
            "half": tf.cast(x, tf.float16),
            "greeting": tf.strings.join([names, "!"]),
            "large": x[:, 0] > 1.0,
        }

    def total(x: Any) -> dict[str, Any]:
        return {"total": tf.reduce_sum(x)}

    def doubled(x: Any) -> dict[str, Any]:
        return {"twice": 2.0 * x}

    def complex_(x: Any) -> dict[str, Any]:
        return {"twice": tf.cast(2.0 * x, tf.complex64)}

    names = tf.TensorSpec([None], tf.string)
    signatures = {
        name: tf.function(function, input_signature=specs)
        for name, function, *specs in (
            ("serving_default", mixed, numbers, names),
            ("total", total, numbers),
            ("doubled", doubled, numbers),
            ("complex", complex_, numbers),
        )
    }
    tf.saved_model.save(tf.Module(), str(path), signatures)
    file = path / "saved_model.pb"
    model = saved_model_pb2.SavedModel.FromString(file.read_bytes())
    definitions = model.meta_graphs[0].signature_def
    definitions["mine"].CopyFrom(definitions["doubled"])
    definitions["mine"].method_name = "mine"
    file.write_bytes(model.SerializeToString())


def built_once(keras: Any, design: Design) -> Any:
    """Build a network, once for both models of it: their inputs are not part of it."""
    key = (design.size, design.width, design.seed)
    if key not in _built:
        _built[key] = _network(keras, design)
    return _built[key]


_built: dict[tuple[int, float, int], Any] = {}


def main(folder: Path) -> None:
    """Write the models and print what is known of them."""
    make_model._network = built_once
    parser = console.Parser(prog="eiload")
    for name, flags in (
        ("pixels", ["--raw"]),
        ("encoded", ["--encoded"]),
        ("two", ["--two-inputs"]),
    ):
        argv = ["make-model", str(folder / name), *SMALL, *flags]
        assert console.run(parser, COMMANDS, argv) == 0
        parser = console.Parser(prog="eiload")
    tf = tensorflow()
    write_other(tf, folder / "other" / "1")
    keras = tf.keras
    pixels = keras.Input((64, 64, 3))
    ours = keras.Model(pixels, _backbone(keras, pixels, Design(size=64)))
    theirs = keras.applications.ResNet50(include_top=False, weights=None, input_shape=(64, 64, 3))
    loaded = tf.saved_model.load(str(folder / "pixels" / "1"))
    outputs = loaded.signatures["serving_default"](tf.constant(IMAGE))
    known = {
        "ours": convolved(ours, keras),
        "theirs": convolved(theirs, keras),
        "outputs": {alias: each.numpy().ravel().tolist() for alias, each in outputs.items()},
    }
    (folder / "known.json").write_text(json.dumps(known))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
