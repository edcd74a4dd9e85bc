"""choice: a target's `api:` is how it is asked."""

import pytest

from eiload.scenario import Target
from eiload.serving.apis.choice import api_of
from eiload.serving.apis.container import Container
from eiload.serving.apis.grpc import Grpc
from eiload.serving.apis.rest import TfRest


@pytest.mark.parametrize(
    ("said", "kind"),
    [({}, Grpc), ({"api": "tf-rest"}, TfRest), ({"api": "container"}, Container)],
)
def test_the_way_is_the_targets_choice(said: dict[str, str], kind: type) -> None:
    """GRPC unless it says otherwise."""
    assert type(api_of(Target.model_validate({"server": "h", "model": "m", **said}))) is kind
