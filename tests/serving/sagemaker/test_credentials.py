"""Whose calls they are: found as botocore finds them, renewed, and never shown."""

import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from botocore.session import Session

from eiload.base.errors import TargetError
from eiload.serving.sagemaker.credentials import Credentials, find, found

SECRET = "s3cret/of+the=test"


@pytest.fixture(autouse=True)
def nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Take away whatever credentials this machine has, and ask no network for any."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.delenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", raising=False)
    monkeypatch.delenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", raising=False)


def test_those_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """A session's token is among them."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKID")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    assert find().now() == Credentials("AKID", SECRET)
    monkeypatch.setenv("AWS_SESSION_TOKEN", "token")
    found = find()
    assert found.now() == Credentials("AKID", SECRET, "token")
    assert repr(found) == "<credentials by env>"


def test_they_are_looked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """For as long as the environment is the same."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKID")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    first = found()
    assert found() is first
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "OTHER")
    assert found().now().access_key == "OTHER"


def test_none_is_told_with_what_to_do() -> None:
    """One line; status 4."""
    with pytest.raises(TargetError, match="no AWS credentials in the environment") as raised:
        find()
    assert "AWS_ACCESS_KEY_ID" in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("environ", "config", "problem"),
    [
        ({"AWS_PROFILE": "nobody"}, "", r"ProfileNotFound \(profile 'nobody'\)"),
        ({"AWS_ACCESS_KEY_ID": "AKID"}, "", "PartialCredentialsError"),
        (
            {},
            "[default]\ncredential_process = /does/not/exist\n",
            r"FileNotFoundError \(/does/not/exist: No such",
        ),
        ({}, "no file of this kind", "ConfigParseError"),
    ],
)
def test_what_is_wrong_with_them(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    environ: dict[str, str],
    config: str,
    problem: str,
) -> None:
    """In a line, without what is in files and in helpers' output."""
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "config").write_text(config)
    with pytest.raises(TargetError, match=problem) as raised:
        find().now()
    assert "\n" not in str(raised.value)
    assert "aws sts get-caller-identity" in str(raised.value)


HELPER = """
import json, pathlib, sys
count = pathlib.Path({count!r})
number = int(count.read_text()) + 1 if count.exists() else 1
count.write_text(str(number))
if number > 2:
    sys.exit({secret!r} + " is wrong")
print(json.dumps({{"Version": 1, "AccessKeyId": f"AKID{{number}}", "SecretAccessKey": {secret!r},
                   "SessionToken": "token", "Expiration": {expires!r}}}))
"""


def test_temporary_ones_are_renewed(tmp_path: Path) -> None:
    """When they are about to expire; where that fails, the helper's words are not shown."""
    soon = (datetime.now(UTC) + timedelta(minutes=5)).isoformat()
    helper = tmp_path / "helper.py"
    helper.write_text(HELPER.format(count=str(tmp_path / "n"), secret=SECRET, expires=soon))
    (tmp_path / "config").write_text(
        f"[default]\ncredential_process = {json.dumps(sys.executable)} {helper}\n"
    )
    found = find(Session())
    assert found.now().access_key == "AKID2"
    with pytest.raises(TargetError, match="cannot be renewed: CredentialRetrievalError") as raised:
        found.now()
    assert SECRET not in str(raised.value)
    assert SECRET not in repr(found)


def test_without_botocore(monkeypatch: pytest.MonkeyPatch) -> None:
    """What to install."""
    monkeypatch.setitem(sys.modules, "botocore.session", None)
    with pytest.raises(TargetError, match=r"pip install 'eiload\[aws\]'"):
        find()
