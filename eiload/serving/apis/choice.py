"""Which way a target's model is asked."""

from eiload.scenario import Target
from eiload.serving.apis.api import Api
from eiload.serving.apis.container import Container
from eiload.serving.apis.grpc import Grpc
from eiload.serving.apis.rest import TfRest
from eiload.serving.apis.sagemaker import SageMaker

__all__ = ["api_of"]


def api_of(target: Target) -> Api:
    """Return the way that a target says by `api:`."""
    match target.api:
        case "tf-rest":
            return TfRest(target)
        case "container":
            return Container(target)
        case "sagemaker":
            return SageMaker(target)
    return Grpc(target)
