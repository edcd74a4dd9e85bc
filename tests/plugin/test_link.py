"""Who a worker is: proofs that hold for one worker, one number and one token."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eiload.base.errors import ScenarioError
from eiload.plugin import link
from eiload.scenario import Scenario, build


def a_scenario(metadata: dict[str, str]) -> Scenario:
    """Return a scenario of two targets, one of which has metadata."""
    plain = {"server": "127.0.0.1:1", "model": "ssd"}
    return build(
        {
            "name": "linked",
            "targets": {"gpu": plain, "ei": {**plain, "metadata": metadata}},
            "payload": {"synthetic": "8x8"},
            "traffic": [{"phase": "steady", "rate": "1/s", "for": "1 s"}],
        },
        "test",
        Path(),
    )


def test_a_proof() -> None:
    """It shows the token to who knows it, and says nothing of it."""
    once = link.nonce()
    answer = link.proof("token", "w0", once)
    assert link.proves(answer, "token", "w0", once)
    assert "token" not in answer
    assert link.nonce() != once


@given(token=st.text(), worker=st.text(), once=st.text())
def test_a_proof_of_something_else(token: str, worker: str, once: str) -> None:
    """Another token, worker or number makes it worthless."""
    answer = link.proof("token", "w0", "once")
    same = (token, worker, once) == ("token", "w0", "once")
    assert link.proves(answer, token, worker, once) == same


@pytest.mark.parametrize("answer", [None, "", "0" * 64, 7, b"", ["x"], {"a": 1}, "\u00e9" * 64])
def test_what_is_no_proof(answer: object) -> None:
    """Anything may come as an answer."""
    assert not link.proves(answer, "token", "w0", "once")


def test_where_the_token_comes_from() -> None:
    """The option goes before the environment; an option without its text is a mistake."""

    def given_as(option: str | None, **environ: str) -> str | None:
        return link.given_token(SimpleNamespace(eiload_token=option), environ)

    assert given_as("mine", EILOAD_TOKEN="other") == "mine"
    assert given_as(None, EILOAD_TOKEN="other") == "other"
    assert given_as(None, EILOAD_TOKEN="") is None
    assert given_as(None) is None
    with pytest.raises(ScenarioError, match="--eiload-token: empty"):
        given_as("", EILOAD_TOKEN="other")


def test_what_is_secret() -> None:
    """Targets with metadata have secrets: its values are never shown."""
    assert link.secret_targets(a_scenario({})) == []
    assert link.secret_targets(a_scenario({"authorization": "Bearer x"})) == ["ei"]
