"""InvokeEndpoint as data: its path, its header fields, its limit.

Source: botocore's service model sagemaker-runtime 2017-05-13. Where it is: `scenario.sagemaker`.
"""

from urllib.parse import quote

__all__ = [
    "ANSWERED_BY",
    "ERROR_NAME",
    "LIMIT_BYTES",
    "SERVICE",
    "TARGET_VARIANT",
    "path_of",
    "too_large",
]

SERVICE = "sagemaker"
"""What the service is called where requests are signed; its host is ``runtime.sagemaker``."""

LIMIT_BYTES = 6_291_456
"""Of a request's body (6 MiB); the service refuses a larger one, and no client does before."""

TARGET_VARIANT = "X-Amzn-SageMaker-Target-Variant"
"""Field of a request: which production variant is to answer, whatever their weights."""

ANSWERED_BY = "x-amzn-invoked-production-variant"
"""Field of an answer: which one did."""

ERROR_NAME = "x-amzn-errortype"
"""Field of an answer: which error it is, up to a colon."""


def path_of(endpoint: str) -> str:
    """Return the path that invokes an endpoint."""
    return f"/endpoints/{quote(endpoint, safe='')}/invocations"


def too_large(size_bytes: int) -> str | None:
    """Return why a body will be refused by its size; None if it will not."""
    if size_bytes <= LIMIT_BYTES:
        return None
    return (
        f"a request of {size_bytes:,} bytes is over InvokeEndpoint's limit of {LIMIT_BYTES:,} bytes"
        " (6 MiB); send JPEG bytes or .npy instead of JSON, smaller pictures, or a smaller `batch`"
    )
