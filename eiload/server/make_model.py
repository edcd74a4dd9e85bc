"""Writes a real SSD that has learnt nothing: for servers to serve and clients to try.

The architecture of ssd_resnet50_v1_fpn (tensorflow/models, research/object_detection): a ResNet-50
v1 backbone (He et al., 2016), a feature pyramid of levels 3 to 7 (Lin et al., *Feature Pyramid
Networks*, 2017), one box predictor shared by the levels (Lin et al., *Focal Loss*, 2017), six
anchors a cell, non-maximum suppression in the graph. `width` scales all channels, so that a narrow
one is quick on any CPU. The weights are random and seeded: the work and the form of the answers are
those of the real thing, the detections are noise.

The signature is the model zoo's: `inputs` uint8 [-1,-1,-1,3], or encoded images with decoding in
the graph, and the outputs of `signatures.py`.
"""

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import log
from pathlib import Path
from typing import Any

from eiload.base.errors import OutputError, ScenarioError
from eiload.server.runtime import tensorflow
from eiload.server.signatures import CLASSES, DETECTIONS, INPUT

__all__ = ["Design", "anchors", "make_room", "write_model"]

SIZES = (64, 2048)
WIDTHS = (0.01, 4.0)

BLOCKS = (3, 4, 6, 3)
"""ResNet-50: bottleneck blocks in each of the four stages."""
STAGE_CHANNELS = (64, 128, 256, 512)
PYRAMID_CHANNELS = 256
PREDICTOR_LAYERS = 4
LEVELS = (3, 4, 5, 6, 7)

ANCHOR_SCALE = 4.0
SCALES_PER_OCTAVE = 2
ASPECT_RATIOS = (1.0, 2.0, 0.5)
ANCHORS_A_CELL = SCALES_PER_OCTAVE * len(ASPECT_RATIOS)

CHANNEL_MEANS = (123.68, 116.779, 103.939)
"""Of ImageNet, which the feature extractor subtracts."""
BOX_CODER_SCALES = (10.0, 10.0, 5.0, 5.0)
PRIOR = 0.01
"""What the class scores begin with, by the last layer's bias (Focal Loss, section 4.1)."""
IOU = 0.6
SCORE_THRESHOLD = 1e-8

UNTRAINED = (
    "This SSD was written by eiload make-model. It is untrained: its weights are random numbers\n"
    "and its detections mean nothing. It is for measuring servers, not for finding dogs.\n"
)
UNTRAINED_TWO = (
    "This model of two inputs was written by eiload make-model. It is untrained: its weights are\n"
    "random numbers and its scores mean nothing. It is for measuring servers.\n"
)


@dataclass(frozen=True, slots=True)
class Design:
    """What the model is to be like."""

    size: int = 300
    """Images are resized to this many pixels square."""
    width: float = 1.0
    """Factor on all channels of ResNet-50 and of the pyramid."""
    encoded: bool = False
    raw: bool = False
    seed: int = 1
    two_inputs: bool = False
    """No detector at all: a small model of tokens and numbers, to try payloads of any model on."""

    def check(self) -> None:
        """See that it can be built.

        Raises:
            ScenarioError: a number is impossible.
        """
        for name, value, (low, high) in (
            ("--size", self.size, SIZES),
            ("--width", self.width, WIDTHS),
        ):
            if not low <= value <= high:
                raise ScenarioError(f"make-model: {name}: expected {low} to {high}, got {value!r}")
        if not 0 <= self.seed < 2**31:
            raise ScenarioError(f"make-model: --seed: expected 0 to {2**31 - 1}, got {self.seed!r}")

    def channels(self, of: int) -> int:
        """Return `of` channels scaled by the width; a multiple of four, at least four."""
        return max(4, round(of * self.width / 4) * 4)


def write_model(directory: Path, version: int, design: Design) -> Path:
    """Build a model and write it as ``directory/version``; return that path.

    It appears there complete or not at all, since a server may be watching.

    Raises:
        ScenarioError: the design is impossible, the version exists already, or the directory
            cannot be made.
        OutputError: it cannot be written.
    """
    design.check()
    target = directory / str(version)
    make_room(directory, target, other="another --version")
    try:
        with tempfile.TemporaryDirectory(prefix=".making-", dir=directory) as scratch:
            made = Path(scratch) / "model"
            _build(design, made)
            (directory / "UNTRAINED.txt").write_text(
                UNTRAINED_TWO if design.two_inputs else UNTRAINED
            )
            made.rename(target)
    except OSError as error:
        raise OutputError(f"{target}: cannot be written: {error.strerror}") from error
    return target


def make_room(directory: Path, *targets: Path, other: str) -> None:
    """Make a directory for models to be written into, where none of them is there already.

    Args:
        directory: made with all that it lies in.
        targets: what is to be in it.
        other: the remedy where one of them is there: what to choose then.

    Raises:
        ScenarioError: one is there, or the directory cannot be made.
    """
    for target in targets:
        if target.exists():
            raise ScenarioError(
                f"make-model: {target} exists already; remove it, or choose {other}"
            )
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ScenarioError(
            f"make-model: {directory}: not a directory that can be made: {error.strerror}"
        ) from None


def anchors(size: int) -> list[tuple[float, float, float, float]]:
    """Return the anchors of all cells: centre y and x, height and width, as shares of the image.

    Level l has ``ceil(size / 2^l)`` cells each way and anchors of 4 x 2^l pixels, in two scales an
    octave and three aspect ratios (multiscale_grid_anchor_generator).
    """
    boxes: list[tuple[float, float, float, float]] = []
    for level in LEVELS:
        stride = 2**level
        cells = -(-size // stride)
        shapes = [
            (
                ANCHOR_SCALE * stride * 2 ** (octave / SCALES_PER_OCTAVE) / ratio**0.5 / size,
                ANCHOR_SCALE * stride * 2 ** (octave / SCALES_PER_OCTAVE) * ratio**0.5 / size,
            )
            for octave in range(SCALES_PER_OCTAVE)
            for ratio in ASPECT_RATIOS
        ]
        boxes += [
            ((row + 0.5) / cells, (column + 0.5) / cells, height, width)
            for row in range(cells)
            for column in range(cells)
            for height, width in shapes
        ]
    return boxes


def _build(design: Design, path: Path) -> None:
    """Build the graph and write it."""
    tf = tensorflow()
    tf.keras.utils.set_random_seed(design.seed)
    if design.two_inputs:
        _build_two(tf, path)
        return
    network = _network(tf.keras, design)
    detect = _detector(tf, network, design)
    archive = tf.keras.export.ExportArchive()
    archive.track(network)
    spec = (
        tf.TensorSpec([None], tf.string, name=INPUT)
        if design.encoded
        else tf.TensorSpec([None, None, None, 3], tf.uint8, name=INPUT)
    )
    archive.add_endpoint("serving_default", detect, input_signature=[spec])
    archive.write_out(str(path), verbose=False)


def _build_two(tf: Any, path: Path) -> None:
    """Build a model of two inputs: token ids [N, length] and four numbers each, to two scores."""
    keras = tf.keras
    tokens = keras.Input((None,), dtype="int64", name="tokens")
    numbers = keras.Input((4,), dtype="float32", name="numbers")
    words = keras.layers.GlobalAveragePooling1D()(keras.layers.Embedding(1000, 16)(tokens))
    joined = keras.layers.Concatenate()([words, numbers])
    scores = keras.layers.Dense(2, activation="softmax")(joined)
    network = keras.Model([tokens, numbers], scores)

    def score(tokens: Any, numbers: Any) -> Mapping[str, Any]:
        return {"scores": network([tokens, numbers], training=False)}

    archive = keras.export.ExportArchive()
    archive.track(network)
    specs = [
        tf.TensorSpec([None, None], tf.int64, name="tokens"),
        tf.TensorSpec([None, 4], tf.float32, name="numbers"),
    ]
    archive.add_endpoint("serving_default", score, input_signature=specs)
    archive.write_out(str(path), verbose=False)


def _network(keras: Any, design: Design) -> Any:
    """Return pixels [N, size, size, 3] to box codes [N, A, 4] and class logits [N, A, 91]."""
    pixels = keras.Input((design.size, design.size, 3))
    features = _pyramid(keras, _backbone(keras, pixels, design), design)
    boxes = _predictor(keras, features, design, "boxes", 4)
    classes = _predictor(keras, features, design, "classes", CLASSES)
    return keras.Model(pixels, [boxes, classes])


def _backbone(keras: Any, pixels: Any, design: Design) -> list[Any]:
    """Return the outputs of ResNet-50's stages 3, 4 and 5: strides 8, 16 and 32."""
    layers = keras.layers

    def convolved(x: Any, channels: int, kernel: int, stride: int, *, damped: bool = False) -> Any:
        x = layers.Conv2D(channels, kernel, stride, padding="same", use_bias=False)(x)
        # Nothing was learnt that would keep sixteen residual additions within bounds: begin small.
        gamma = keras.initializers.Constant(0.2 if damped else 1.0)
        return layers.BatchNormalization(gamma_initializer=gamma)(x)

    x = layers.Rescaling(1.0, [-mean for mean in CHANNEL_MEANS])(pixels)
    x = layers.Rescaling(1.0 / 64.0)(x)
    x = layers.ReLU()(convolved(x, design.channels(64), 7, 2))
    x = layers.MaxPooling2D(3, 2, padding="same")(x)
    outputs = []
    for stage, (blocks, base) in enumerate(zip(BLOCKS, STAGE_CHANNELS, strict=True)):
        channels = design.channels(base)
        for block in range(blocks):
            stride = 2 if stage and not block else 1
            shortcut = x if block else convolved(x, 4 * channels, 1, stride)
            y = layers.ReLU()(convolved(x, channels, 1, stride))
            y = layers.ReLU()(convolved(y, channels, 3, 1))
            y = convolved(y, 4 * channels, 1, 1, damped=True)
            x = layers.ReLU()(layers.Add()([shortcut, y]))
        outputs.append(x)
    return outputs[1:]


def _pyramid(keras: Any, stages: list[Any], design: Design) -> list[Any]:
    """Return the features of levels 3 to 7."""
    layers = keras.layers
    channels = design.channels(PYRAMID_CHANNELS)
    above = layers.Conv2D(channels, 1)(stages[2])
    merged = [above]
    for stage in (stages[1], stages[0]):
        height, width = stage.shape[1:3]
        # Twice as large, less what rounding up has added.
        above = layers.UpSampling2D(2)(above)[:, :height, :width, :]
        above = layers.Add()([above, layers.Conv2D(channels, 1)(stage)])
        merged.insert(0, above)
    levels = [layers.Conv2D(channels, 3, padding="same")(level) for level in merged]
    for _ in LEVELS[3:]:
        levels.append(layers.Conv2D(channels, 3, 2, padding="same")(levels[-1]))
    return levels


def _predictor(keras: Any, features: list[Any], design: Design, name: str, outputs: int) -> Any:
    """Return one head's predictions for all anchors: its convolutions are shared by the levels."""
    layers = keras.layers
    channels = design.channels(PYRAMID_CHANNELS)
    normal = keras.initializers.RandomNormal(stddev=0.01)
    shared = [
        layers.Conv2D(channels, 3, padding="same", use_bias=False) for _ in range(PREDICTOR_LAYERS)
    ]
    prior = keras.initializers.Constant(-log(1 / PRIOR - 1) if name == "classes" else 0.0)
    last = layers.Conv2D(
        ANCHORS_A_CELL * outputs,
        3,
        padding="same",
        kernel_initializer=normal,
        bias_initializer=prior,
    )
    flat = []
    for x in features:
        y = x
        for convolution in shared:
            y = layers.ReLU()(layers.BatchNormalization()(convolution(y)))
        flat.append(layers.Reshape((-1, outputs))(last(y)))
    return layers.Concatenate(axis=1, name=name)(flat)


def _detector(tf: Any, network: Any, design: Design) -> Callable[[Any], Mapping[str, Any]]:
    """Return the function of the signature."""
    boxes_at = tf.constant(anchors(design.size), tf.float32)

    def resized(images: Any) -> Any:
        return tf.image.resize(tf.cast(images, tf.float32), (design.size, design.size))

    def decoded(file: Any) -> Any:
        return resized(tf.io.decode_image(file, channels=3, expand_animations=False))

    def detect(inputs: Any) -> Mapping[str, Any]:
        if design.encoded:
            pixels = tf.map_fn(decoded, inputs, fn_output_signature=tf.float32)
            pixels = tf.reshape(pixels, (-1, design.size, design.size, 3))
        else:
            # A grey image would be broadcast against the channel means and pass.
            pixels = tf.ensure_shape(resized(inputs), (None, design.size, design.size, 3))
        codes, logits = network(pixels, training=False)
        boxes, scores = _decoded(tf, codes, boxes_at), tf.sigmoid(logits)
        kept = tf.image.combined_non_max_suppression(
            boxes[:, :, tf.newaxis, :],
            scores[:, :, 1:],  # column 0 is the background
            max_output_size_per_class=DETECTIONS,
            max_total_size=DETECTIONS,
            iou_threshold=IOU,
            score_threshold=SCORE_THRESHOLD,
            clip_boxes=True,
        )
        outputs = {
            "detection_boxes": kept.nmsed_boxes,
            "detection_scores": kept.nmsed_scores,
            "detection_classes": kept.nmsed_classes + 1.0,  # ids begin with 1
            "num_detections": tf.cast(kept.valid_detections, tf.float32),
        }
        if design.raw:
            outputs |= {"raw_detection_boxes": boxes, "raw_detection_scores": scores}
        return outputs

    return detect


def _decoded(tf: Any, codes: Any, boxes_at: Any) -> Any:
    """Return corners [N, A, 4] from box codes: the inverse of faster_rcnn_box_coder."""
    shift_y, shift_x, log_height, log_width = tf.unstack(codes / BOX_CODER_SCALES, axis=-1)
    y, x, height, width = tf.unstack(boxes_at, axis=-1)
    centre_y, centre_x = y + shift_y * height, x + shift_x * width
    half_height = tf.exp(tf.minimum(log_height, 4.0)) * height / 2
    half_width = tf.exp(tf.minimum(log_width, 4.0)) * width / 2
    return tf.stack(
        (
            centre_y - half_height,
            centre_x - half_width,
            centre_y + half_height,
            centre_x + half_width,
        ),
        axis=-1,
    )
