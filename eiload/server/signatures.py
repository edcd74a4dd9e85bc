"""The SSD's signature, as the exporters of TensorFlow's object detection write it.

Knows aliases, tensor names, element types and shapes; `docs/stand-in.md` says what they mean. Input
`inputs` is uint8 [-1,-1,-1,3] (exporter type image_tensor) or a vector of encoded images (type
encoded_image_string_tensor); the four outputs have 100 rows an image, the configuration's
max_total_detections. Later exporters add raw_detection_boxes and raw_detection_scores: every
anchor, before non-maximum suppression, about 19 MB an image.
Source: tensorflow/models, research/object_detection/exporter.py, and the configuration
ssd_resnet50_v1_fpn_shared_box_predictor_640x640_coco14_sync.config.
"""

from collections.abc import Mapping, Sequence

from eiload.server.model import ServedSignature, Signatures
from eiload.serving.protos import meta_graph_pb2, tensor_shape_pb2, types_pb2
from eiload.serving.tfserving import DEFAULT_SIGNATURE

__all__ = ["ANCHORS", "CLASSES", "DETECTIONS", "INPUT", "PREDICT_METHOD", "signature", "ssd"]

INPUT = "inputs"
DETECTIONS = 100
ANCHORS = 51_150
"""8,525 cells of the feature pyramid at 640 x 640, six anchors each."""
CLASSES = 91
"""90 labels and the background."""
PREDICT_METHOD = "tensorflow/serving/predict"

Info = tuple[int, Sequence[int]]
"""Element type (types.proto) and lengths, -1 for any."""

DETECTION_OUTPUTS: Mapping[str, Info] = {
    "detection_boxes": (types_pb2.DT_FLOAT, (-1, DETECTIONS, 4)),
    "detection_classes": (types_pb2.DT_FLOAT, (-1, DETECTIONS)),
    "detection_scores": (types_pb2.DT_FLOAT, (-1, DETECTIONS)),
    "num_detections": (types_pb2.DT_FLOAT, (-1,)),
}
RAW_OUTPUTS: Mapping[str, Info] = {
    "raw_detection_boxes": (types_pb2.DT_FLOAT, (-1, ANCHORS, 4)),
    "raw_detection_scores": (types_pb2.DT_FLOAT, (-1, ANCHORS, CLASSES)),
}


def ssd(*, encoded: bool = False, raw: bool = False) -> Signatures:
    """Return the signatures of an SSD: the default one and no other."""
    if encoded:
        inputs: Mapping[str, Info] = {INPUT: (types_pb2.DT_STRING, (-1,))}
        names = {INPUT: "encoded_image_string_tensor:0"}
    else:
        inputs = {INPUT: (types_pb2.DT_UINT8, (-1, -1, -1, 3))}
        names = {INPUT: "image_tensor:0"}
    outputs = {**DETECTION_OUTPUTS, **(RAW_OUTPUTS if raw else {})}
    return {DEFAULT_SIGNATURE: ServedSignature.of(signature(inputs, outputs, names))}


def signature(
    inputs: Mapping[str, Info], outputs: Mapping[str, Info], names: Mapping[str, str]
) -> meta_graph_pb2.SignatureDef:
    """Return a signature; a tensor without a name in `names` is called as its alias."""
    definition = meta_graph_pb2.SignatureDef(method_name=PREDICT_METHOD)
    for infos, target in ((inputs, definition.inputs), (outputs, definition.outputs)):
        for alias, (dtype, lengths) in infos.items():
            target[alias].name = names.get(alias, f"{alias}:0")
            target[alias].dtype = dtype
            target[alias].tensor_shape.CopyFrom(
                tensor_shape_pb2.TensorShapeProto(
                    dim=[tensor_shape_pb2.TensorShapeProto.Dim(size=size) for size in lengths]
                )
            )
    return definition
