"""`/invocations` and `/ping`: a model's container as SageMaker runs it, asked without SageMaker.

That is SageMaker's local mode, and the same images on ECS, EC2 or a laptop. A container has one
model and tells nothing of it: neither versions nor signatures. Source: awsdocs,
amazon-sagemaker-developer-guide, your-algorithms-inference-code.md.
"""

from typing import ClassVar

from eiload.base.status import Status
from eiload.serving.apis.api import Question
from eiload.serving.apis.http import Http

__all__ = ["Container"]


class Container(Http):
    """A container.

    Args:
        target: what the scenario says of it.
    """

    predict = "/invocations"

    remedies: ClassVar[tuple[tuple[Status, str, str], ...]] = (
        (Status.NOT_FOUND, "", "no container of SageMaker's answers there: check `server:`"),
        (Status.UNIMPLEMENTED, "", "no container of SageMaker's answers there: check `server:`"),
    )

    def state(self, model: str = "") -> Question:
        """Ask whether it is well."""
        del model
        return Question("GET /ping")
