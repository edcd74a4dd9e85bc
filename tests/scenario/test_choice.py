"""choice: what the texts of a trace's columns mean, and that each mistake says its remedy."""

import pytest

from eiload.scenario import Payload
from eiload.scenario.choice import Chooser, TraceChoice
from eiload.scenario.payload import Part

IMAGES = ("/photos/dogs/1.jpg", "/photos/cats/1.jpg", "/photos/cats/22.jpg")
ONE = Payload.model_validate({"images": IMAGES, "batch": (1, 4, 8)})
MIX = Payload(
    mix=(
        Part.model_validate({"name": "480p", "synthetic": "640x480", "batch": (1, 2)}),
        Part.model_validate({"name": "1080p", "images": IMAGES}),
    )
)
ALL = (("class", "Model"), ("image", "file"), ("batch", "NumImages"), ("target", "host"))
TARGETS = ("gpu", "ei")


def choice(payload: Payload, **texts: str) -> TraceChoice:
    """Return what texts choose, each by the column of its kind."""
    columns = [(kind, column) for kind, column in ALL if kind in texts or f"{kind}_" in texts]
    return Chooser(columns, payload, TARGETS).choice(
        [texts.get(kind, texts.get(f"{kind}_", "")) for kind, _ in columns]
    )


def test_what_is_chosen() -> None:
    """Names of classes, files or ends of their paths, batch sizes as numbers, targets."""
    assert choice(ONE, target="ei") == TraceChoice(target=1)
    assert choice(ONE, image="22.jpg", batch="4") == TraceChoice(0, 2, 1)
    assert choice(ONE, image="dogs/1.jpg", batch="8.0") == TraceChoice(0, 0, 2)
    assert choice(ONE, image=IMAGES[1]) == TraceChoice(0, 1)
    assert choice(MIX, class_="1080p") == TraceChoice(1)
    assert choice(MIX, class_="480p", image="synthetic-640x480-7", batch="2") == TraceChoice(
        0, 7, 1
    )


@pytest.mark.parametrize(
    ("payload", "texts", "said"),
    [
        (
            MIX,
            {"class_": "1080P"},
            "'Model': no such class, got '1080P'; expected one of '480p', '1080p' (did you mean",
        ),
        (MIX, {"class_": ""}, "'Model': no such class, got ''; expected one of '480p', "),
        (ONE, {"image": "2.jpg"}, "'file': no such image, got '2.jpg'; expected one of '1.jpg', "),
        (
            ONE,
            {"image": "1.jpg"},
            "'file': which of '/photos/dogs/1.jpg' and '/photos/cats/1.jpg', got '1.jpg'; expected",
        ),
        (ONE, {"image": ""}, "'file': no such image, got ''"),
        (ONE, {"batch": "3"}, "'NumImages': no such batch, got '3'; expected one of 1, 4, 8, or"),
        (ONE, {"batch": "nan"}, "'NumImages': no such batch, got 'nan'"),
        (ONE, {"batch": "many"}, "'NumImages': no such batch, got 'many'"),
        (
            MIX,
            {"class_": "480p", "batch": "4"},
            "'NumImages': no such batch, got '4'; expected one of 1, 2",
        ),
        (
            ONE,
            {"target": "e1"},
            "'host': no such target, got 'e1'; expected one of 'gpu', 'ei'",
        ),
    ],
)
def test_what_is_no_choice(payload: Payload, texts: dict[str, str], said: str) -> None:
    """The column, the text, what there is."""
    with pytest.raises(ValueError, match="column") as refused:
        choice(payload, **texts)
    assert str(refused.value).startswith(f"column {said}")


@pytest.mark.parametrize(
    ("payload", "kinds", "compared", "said"),
    [
        (ONE, {"class"}, False, "class: no classes to choose from; expected a payload with 'mix:'"),
        (MIX, {"batch"}, False, "batch: of which class of the mix; expected 'class:' to be chosen"),
        (MIX, {"image"}, False, "image: of which class of the mix; expected 'class:' to be chosen"),
        (Payload(users=""), {"image"}, False, "image: the payload has no pictures; expected"),
        (ONE, {"target"}, True, "target: a comparison sends each request to both targets; "),
    ],
)
def test_what_cannot_be_chosen(
    payload: Payload, kinds: set[str], compared: bool, said: str
) -> None:
    """Said before the trace is read."""
    columns = [each for each in ALL if each[0] in kinds]
    (problem,) = Chooser(columns, payload, TARGETS).problems(compared=compared)
    assert str(problem).startswith(said)


def test_what_can() -> None:
    """All of it together where there is no comparison."""
    assert not [*Chooser(ALL, MIX, TARGETS).problems(compared=False)]
    assert not [*Chooser(ALL[:3], MIX, TARGETS).problems(compared=True)]
