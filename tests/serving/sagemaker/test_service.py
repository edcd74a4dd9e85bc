"""Names of the service, held against botocore's own."""

import pytest
from botocore.session import Session

from eiload.scenario.sagemaker import host_of
from eiload.serving.sagemaker.service import LIMIT_BYTES, path_of, too_large


@pytest.mark.parametrize("region", ["eu-west-1", "us-gov-west-1", "cn-north-1", "ap-southeast-2"])
def test_hosts_are_botocores(region: str) -> None:
    """Its client of the API would go to the same one, over TLS."""
    session = Session()
    session.set_credentials("key", "secret")
    client = session.create_client("sagemaker-runtime", region_name=region)
    assert client.meta.endpoint_url == f"https://{host_of(region)}"
    (limit,) = {
        client.meta.service_model.shape_for("BodyBlob").metadata.get("max"),
    }
    assert limit == LIMIT_BYTES


def test_a_name_is_one_part_of_the_path() -> None:
    """Whatever is in it."""
    assert path_of("ssd-1") == "/endpoints/ssd-1/invocations"
    assert path_of("a/b?c") == "/endpoints/a%2Fb%3Fc/invocations"


def test_six_mebibytes_are_taken() -> None:
    """And one byte more is not."""
    assert too_large(LIMIT_BYTES) is None
    assert "6,291,457 bytes is over InvokeEndpoint's limit" in (too_large(LIMIT_BYTES + 1) or "")
