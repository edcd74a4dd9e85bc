"""status: gRPC's numbers, and none of ours among them."""

import grpc

from eiload.base.status import Status


def test_the_first_seventeen_are_grpcs() -> None:
    """Names and numbers are those of gRPC's own library."""
    assert {code.name: code.value[0] for code in grpc.StatusCode} == {
        status.name: status.value for status in Status if status <= Status.UNAUTHENTICATED
    }
