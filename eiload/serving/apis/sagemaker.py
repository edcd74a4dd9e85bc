"""InvokeEndpoint: a model behind Amazon SageMaker, asked by signed requests.

The service tells nothing of a model but its answers: no state, no signature, only which variant
has answered. What a body holds is the container's affair (`http`); the service's limit, its errors
and whose request it is are here. What is asked before the load is signed when it is asked; the
load's signatures are made beside it (`control.signatures`), by the same signer.
"""

import hashlib
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from eiload.base.errors import ScenarioError
from eiload.base.status import Status
from eiload.scenario import Target
from eiload.scenario.sagemaker import API, host_of
from eiload.sending.endpoint import Pairs
from eiload.serving.apis.api import Carried, Question
from eiload.serving.apis.http import Http
from eiload.serving.diagnose import Diagnosis
from eiload.serving.sagemaker.credentials import STAND_IN, found, installed
from eiload.serving.sagemaker.refusals import STATUSES, meaning
from eiload.serving.sagemaker.service import (
    ANSWERED_BY,
    ERROR_NAME,
    SERVICE,
    TARGET_VARIANT,
    path_of,
    too_large,
)
from eiload.serving.tensors import Tensor, TensorInfo

if TYPE_CHECKING:
    from eiload.serving.sagemaker.signing import Signer

__all__ = ["SageMaker", "signer_of"]


class SageMaker(Http):
    """One endpoint, or one variant of it.

    Args:
        target: what the scenario says of it.
    """

    @property
    def carried(self) -> Carried:
        """Return how requests are carried."""
        return super().carried._replace(
            authority=_authority(self._target),
            error_field=ERROR_NAME,
            error_names=tuple((name, int(status)) for name, status in STATUSES.items()),
            answered_by=ANSWERED_BY,
        )

    @property
    def headers(self) -> Pairs:
        """Return the header fields of each request."""
        variant = self._target.variant
        return (*super().headers, *(((TARGET_VARIANT, variant),) if variant else ()))

    @property
    def predict(self) -> str:
        """Return the path that invokes the endpoint."""
        return path_of(self._target.endpoint or "")

    def request(self, inputs: Mapping[str, Tensor]) -> bytes:
        """Return a request's body, of a size that the service takes."""
        body = super().request(inputs)
        if (problem := too_large(len(body))) is not None:
            raise ScenarioError(problem)
        return body

    def own_fields(self, question: Question) -> bytes:
        """Return what signs a question now.

        Raises:
            TargetError: there are no credentials, or they cannot be renewed.
        """
        signer = signer_of(self._target)
        assert signer is not None
        # Whoever verifies it goes by the time of day; nothing here is measured by it.
        return signer.lines(hashlib.sha256(question.request).hexdigest(), time.time_ns())

    def state(self, model: str = "") -> None:
        """Return None: it tells no state to who may only invoke it."""
        del model

    def diagnose(self, address: str, patience_ns: int) -> Diagnosis:
        """Look at a service that does not answer; its host's name is made of the region."""
        finding = super().diagnose(address, patience_ns)
        if address.startswith(host_of(self._target.region or "")) and "not known" in finding.cause:
            return replace(finding, remedy="correct `region:`, or check the DNS of this machine")
        return finding

    def refusal(
        self, status: Status, detail: str, sent: Mapping[str, TensorInfo], *, pictures: bool
    ) -> str:
        """Return what a failed call says of the endpoint, and what to change."""
        target = self._target
        told = meaning(
            detail,
            endpoint=target.endpoint or "",
            region=target.region or "",
            variant=target.variant or "",
            content_type=self.content_type,
            wall_ns=time.time_ns(),
        )
        return told or super().refusal(status, detail, sent, pictures=pictures)


def signer_of(target: Target) -> "Signer | None":
    """Return what signs the requests to a target; None if they are not signed.

    Raises:
        TargetError: there are no credentials, or botocore is not installed.
    """
    if target.api != API:
        return None
    installed()
    from eiload.serving.sagemaker.signing import Signer  # noqa: PLC0415  # needs an extra

    whose = found().now if target.stand_in is None else lambda: STAND_IN
    api = SageMaker(target)
    fields = dict((*api.headers, *target.metadata.items()))
    where = (target.region or "", _authority(target), api.predict)
    return Signer(SERVICE, *where, fields=fields, whose=whose)


def _authority(target: Target) -> str:
    """Return what ``Host`` says, which is signed: the server, or of a stand-in the service."""
    if target.authority:
        return target.authority
    server = target.server or ""
    if not server or server.startswith("unix"):
        return host_of(target.region or "")
    return server.removesuffix(":443" if target.tls is not None else ":80")
