"""A client in the form of AWS's published example for EI, with TensorFlow's own converters.

``python -m tests.server.aws_client IMAGE ADDRESS...`` sends the image to each server by the stubs
of tensorflow-serving-api and `tf.make_tensor_proto`, reads the answers with `tf.make_ndarray`, and
prints one JSON object per server: what `detection_classes` and `num_detections` say, and whether
eiload's own reader reads the same. (The form: Amazon EC2 user guide, ei-tensorflow.)
"""

import json
import sys

import grpc
import numpy as np
import tensorflow as tf
from PIL import Image
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

from eiload.serving.tfserving import decode_response


def main(image: str, *addresses: str) -> None:
    """Ask each server, print what it says."""
    with Image.open(image) as opened:
        data = np.expand_dims(np.asarray(opened.convert("RGB")), 0)
    for address in addresses:
        with grpc.insecure_channel(address) as channel:
            stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
            request = predict_pb2.PredictRequest()
            request.model_spec.name = "ssdresnet"
            request.inputs["inputs"].CopyFrom(tf.make_tensor_proto(data, shape=data.shape))
            result = stub.Predict(request, 60.0)
        theirs = {alias: tf.make_ndarray(proto) for alias, proto in result.outputs.items()}
        ours = decode_response(result.SerializeToString())
        print(
            json.dumps(
                {
                    "num_detections": int(theirs["num_detections"][0]),
                    "classes": theirs["detection_classes"][0][:3].astype(int).tolist(),
                    "same": theirs.keys() == ours.keys()
                    and all(np.array_equal(theirs[alias], ours[alias]) for alias in ours),
                }
            )
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
