"""checksum: what was changed since it was written is told; order and white space mean nothing."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eiload.base.errors import ScenarioError
from eiload.record.checksum import CHECKSUM, changed, sealed
from eiload.record.run import Run, load
from tests.golden import ONE, golden_run

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.integers(), inner),
    max_leaves=8,
)  # fmt: skip


@settings(max_examples=50)
@given(st.dictionaries(st.text(min_size=1).filter(lambda name: name != CHECKSUM), PLAIN))
def test_what_is_read_back_is_unchanged(data: dict[str, object]) -> None:
    """However it was written: indented, sorted, with fields that came later."""
    read = json.loads(json.dumps(sealed(data), indent=1, sort_keys=True))
    assert changed(read) == ""
    assert changed(read | {"a later version's field that is new": 1}) == ""


def test_what_was_never_sealed_is_taken() -> None:
    """Files of before have no checksum."""
    assert changed({"a": 1}) == ""


@pytest.mark.parametrize("seal", [1, [], {}, {"of": 3, "crc32": ""}, {"of": [[]], "crc32": ""}])
def test_a_damaged_checksum(seal: object) -> None:
    """It is told as such."""
    assert changed({"a": 1, CHECKSUM: seal}) == "its checksum is damaged"


def test_a_field_that_went_away() -> None:
    """Its name is told."""
    data = sealed({"a": 1, "b": 2})
    del data["b"]
    assert changed(data) == "b missing since it was written"


@pytest.fixture(scope="module")
def text() -> str:
    """Return a whole run file."""
    return json.dumps(golden_run(ONE).to_json(), indent=1)


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(where=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 6))
def test_a_flipped_bit_is_told(text: str, where: float, bit: int, tmp_path: Path) -> None:
    """A run file with a bit turned is refused, or says the same as before."""
    at = int(where * len(text))
    path = tmp_path / "run.json"
    path.write_text(text[:at] + chr(ord(text[at]) ^ 1 << bit) + text[at + 1 :])
    assert read(path) in {None, said(golden_run(ONE))}


def read(path: Path) -> str | None:
    """Return all that the run in a file says; None if it is refused."""
    try:
        return said(load(path))
    except ScenarioError:
        return None


def said(run: Run) -> str:
    """Return all that a run says."""
    return json.dumps(run.to_json(), sort_keys=True)
