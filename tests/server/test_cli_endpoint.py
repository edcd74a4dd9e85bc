"""An endpoint's options: variants, credentials, and what is wrong with them."""

import argparse
import re
from pathlib import Path

import pytest

from eiload.base.errors import ScenarioError
from eiload.server import cli_endpoint
from eiload.server.cli_endpoint import ACCESS_KEY, SECRET_KEY, TOKEN, endpoint_options
from eiload.server.http.faces import EndpointOptions


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have none of the variables."""
    for name in (ACCESS_KEY, SECRET_KEY, TOKEN):
        monkeypatch.delenv(name, raising=False)


def options(*argv: str, api: str = "sagemaker", **settings: object) -> EndpointOptions:
    """Return what a command line says."""
    parser = argparse.ArgumentParser()
    cli_endpoint.add_endpoint_arguments(parser)
    return endpoint_options(parser.parse_args(argv), settings, api)


def test_variants_add_to_what_all_have() -> None:
    """In their order; a name alone is one, too."""
    told = options(
        *("--variant", "blue: {profile: eia2.medium, weight: 3}", "--variant", "green"),
        *("--endpoint", "ssd-2", "--region", "us-west-2", "--clock-ahead", "6 min"),
        compute="5 ms",
    )
    assert list(told.variants) == ["blue", "green"]
    blue, green = told.variants.values()
    assert (blue.profile, blue.weight, blue.api) == ("eia2.medium", 3, "sagemaker")
    assert blue.compute == green.compute
    assert (told.name, told.region, told.clock_ahead_ns) == ("ssd-2", "us-west-2", 360_000_000_000)
    assert told.keys is None


def test_credentials_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both, or it is said; a token if there is one."""
    monkeypatch.setenv(ACCESS_KEY, "AKID")
    with pytest.raises(ScenarioError, match="expected both"):
        options()
    monkeypatch.setenv(SECRET_KEY, "s%cret")
    keys = options().keys
    assert keys is not None
    assert (keys.access_key, keys.secret_key, keys.token) == ("AKID", "s%cret", None)


def test_credentials_of_a_file(tmp_path: Path) -> None:
    """Like AWS's own; what is wrong with it is said without a word of what is in it."""
    file = tmp_path / "credentials"
    text = "[default]\naws_access_key_id = A\naws_secret_access_key = s%(x)s\n"
    file.write_text(text + "aws_session_token = t\n")
    keys = options("--credentials", str(file)).keys
    assert keys is not None
    assert (keys.access_key, keys.secret_key, keys.token) == ("A", "s%(x)s", "t")
    for wrong in ("[default]\naws_access_key_id = HIDDEN\n", "HIDDEN", "[other]\na = HIDDEN\n"):
        file.write_text(wrong)
        with pytest.raises(ScenarioError, match=r"expected \[default\] with aws_access") as raised:
            options("--credentials", str(file))
        assert "HIDDEN" not in str(raised.value)
    with pytest.raises(ScenarioError, match="absent: cannot be read"):
        options("--credentials", str(tmp_path / "absent"))


WRONG = [
    (("--variant", "blue: 5"), "--variant: expected NAME, or 'NAME: {setting: value}'"),
    (("--variant", "{"), "--variant: expected NAME, or"),
    (("--variant", "blue_1"), "--variant: expected up to 63 letters, digits and '-', got 'blue_1'"),
    (("--variant", "a", "--variant", "a"), "--variant: expected 'a' once"),
    (("--variant", "a: {weight: 0}"), "--variant: expected a weight above 0"),
    (("--variant", "a: {profile: eia9}"), "serve: --variant a: profile: expected one of"),
    (("--endpoint", "a b"), "--endpoint: expected up to 63 letters"),
    (("--clock-ahead", "6"), "--clock-ahead: no unit, got '6'"),
]


@pytest.mark.parametrize(("argv", "said"), WRONG, ids=[" ".join(row[0]) for row in WRONG])
def test_mistakes_are_one_line(argv: tuple[str, ...], said: str) -> None:
    """With the option and what was expected."""
    with pytest.raises(ScenarioError, match=re.escape(said)):
        options(*argv)


def test_they_are_an_endpoints_alone() -> None:
    """Elsewhere none of them may be given."""
    assert options(api="container") == EndpointOptions()
    with pytest.raises(ScenarioError, match="--clock-ahead: expected only with --api sagemaker"):
        options("--clock-ahead", "6 min", api="container")
