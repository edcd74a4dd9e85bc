"""What a model server's answers mean, in words; no server needed."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eiload.base.status import Status
from eiload.scenario import Target
from eiload.serving.explain import Unready, misfit, mismatch, quoted, refusal, unready, unserved
from eiload.serving.tfserving import ModelState, Signature, TensorInfo

PIXELS = TensorInfo("uint8", (1, 427, 640, 3))
JPEGS = TensorInfo("string", (1,))
FLOATS = TensorInfo("float32", (None,))

SSD = Signature(
    "serving_default",
    {"inputs": TensorInfo("uint8", (None, None, None, 3))},
    {"detection_scores": FLOATS, "num_detections": FLOATS},
)


def target(**settings: Any) -> Target:
    """Return a target that SSD fits, changed as told."""
    return Target.model_validate({"server": "localhost:8500", "model": "ssd"} | settings)


def with_input(alias: str, dtype: str, shape: tuple[int | None, ...] | None) -> Signature:
    """Return SSD with another input."""
    return Signature(SSD.name, {alias: TensorInfo(dtype, shape)}, SSD.outputs)


def test_ready() -> None:
    """One AVAILABLE version that fits is enough, whatever the others do."""
    states = (ModelState(2, "LOADING", ""), ModelState(1, "AVAILABLE", ""))
    assert unready("ssd", states, None) is None
    assert unready("ssd", states, 1) is None


@pytest.mark.parametrize(
    ("states", "version", "expected"),
    [
        ([(1, "LOADING", "")], None, Unready("model 'ssd' version 1 is LOADING", True)),
        (
            [(2, "LOADING", ""), (1, "AVAILABLE", "")],
            2,
            Unready("model 'ssd' version 2 is LOADING", True),
        ),
        (
            [(2, "END", "no space\n left"), (1, "START", "")],
            None,
            Unready("model 'ssd' version 2 is END: no space left", True),
        ),
        ([(2, "END", "bad file")], 2, Unready("model 'ssd' version 2 is END: bad file", False)),
        ([(2, "UNLOADING", "")], None, Unready("model 'ssd' version 2 is UNLOADING", False)),
        (
            [(2, "AVAILABLE", ""), (1, "AVAILABLE", "")],
            3,
            Unready("model 'ssd' has no version 3 there; it has 2, 1", False),
        ),
        ([], None, Unready("model 'ssd' has no version there", False)),
    ],
)
def test_unready(
    states: list[tuple[int, str, str]], version: int | None, expected: Unready
) -> None:
    """What is not AVAILABLE is told with its state, and whether it may become so."""
    assert unready("ssd", [ModelState(*state) for state in states], version) == expected


def test_fits() -> None:
    """Pixels of any size fit the models of AWS's example, encoded images their other variant."""
    signatures = {"serving_default": SSD}
    assert misfit(signatures, target(), PIXELS) is None
    assert misfit(signatures, target(outputs=["num_detections"]), PIXELS) is None
    encoded = with_input("inputs", "string", (None,))
    assert misfit({"serving_default": encoded}, target(), JPEGS) is None
    unranked = with_input("inputs", "uint8", None)
    assert misfit({"serving_default": unranked}, target(), PIXELS) is None


@pytest.mark.parametrize(
    ("signature", "settings", "tensor", "reason"),
    [
        (
            SSD,
            {"signature": "serving_defualt"},
            PIXELS,
            (
                "model 'ssd' has no signature 'serving_defualt', it has 'serving_default';"
                " set `signature:` (did you mean 'serving_default'?)"
            ),
        ),
        (
            SSD,
            {"input": "image"},
            PIXELS,
            (
                "signature 'serving_default' has no input 'image', it takes"
                " 'inputs' (uint8 [?, ?, ?, 3]); set `input: inputs`"
            ),
        ),
        (
            Signature("serving_default", {"image": FLOATS, "size": FLOATS}, {}),
            {"input": "imaeg"},
            PIXELS,
            (
                "signature 'serving_default' has no input 'imaeg', it takes 'image' (float32 [?]),"
                " 'size' (float32 [?]); set `input:` (did you mean 'image'?)"
            ),
        ),
        (
            Signature("serving_default", SSD.inputs | {"size": FLOATS}, {}),
            {},
            PIXELS,
            (
                "signature 'serving_default' also takes 'size' (float32 [?]), and pictures are one"
                " input; give all by `payload: {inputs: ..}` or `payload: {generate: {}}`"
            ),
        ),
        (
            SSD,
            {"outputs": ["scores"]},
            PIXELS,
            (
                "signature 'serving_default' has no output 'scores', it gives"
                " 'detection_scores', 'num_detections'; correct `outputs:`"
            ),
        ),
        (
            SSD,
            {},
            JPEGS,
            (
                "input 'inputs' takes uint8 [?, ?, ?, 3], the payload is string [1];"
                " set `encoding: uint8`"
            ),
        ),
        (
            with_input("inputs", "string", (None,)),
            {},
            PIXELS,
            (
                "input 'inputs' takes string [?], the payload is uint8 [1, 427, 640, 3];"
                " set `encoding: jpeg`"
            ),
        ),
        (
            with_input("inputs", "float32", (None, 224, 224, 3)),
            {},
            PIXELS,
            (
                "input 'inputs' takes float32 [?, 224, 224, 3],"
                " the payload is uint8 [1, 427, 640, 3];"
                " give arrays by `payload: {inputs: ..}`, `{generate: {}}` or `{users: CLASS}`, or"
                " export the model with an input of uint8 pixels or of encoded images"
            ),
        ),
        (
            with_input("inputs", "uint8", (None, None, 3)),
            {},
            PIXELS,
            (
                "input 'inputs' takes uint8 [?, ?, 3], the payload is uint8 [1, 427, 640, 3]:"
                " 3 dimensions, not 4; check `input:`"
            ),
        ),
        (
            with_input("inputs", "uint8", (8, None, None, 3)),
            {},
            PIXELS,
            (
                "input 'inputs' takes uint8 [8, ?, ?, 3], the payload is uint8 [1, 427, 640, 3];"
                " set `batch: 8`"
            ),
        ),
        (
            with_input("inputs", "uint8", (None, 300, 300, 3)),
            {},
            PIXELS,
            (
                "input 'inputs' takes uint8 [?, 300, 300, 3],"
                " the payload is uint8 [1, 427, 640, 3]; give images of that size"
            ),
        ),
    ],
)
def test_misfits(
    signature: Signature, settings: dict[str, Any], tensor: TensorInfo, reason: str
) -> None:
    """What does not fit is told with what the model has, and the key that mends it."""
    assert misfit({signature.name: signature}, target(**settings), tensor) == reason


def test_internal_signatures_are_not_offered() -> None:
    """TensorFlow's own initialisation is no signature to call."""
    signatures = {"__saved_model_init_op": SSD, "detect": SSD}
    reason = misfit(signatures, target(), PIXELS)
    assert reason is not None
    assert "it has 'detect';" in reason


@pytest.mark.parametrize(
    ("status", "detail", "remedy"),
    [
        ("NOT_FOUND", "Servable not found for request: Latest(ssd)", "correct `model:`"),
        (
            "NOT_FOUND",
            "Servable not found for request: Specific(ssd, 7)",
            "correct `version:` or `model:`",
        ),
        ("FAILED_PRECONDITION", 'Serving signature key "x" not found.', "correct `signature:`"),
        (
            "INVALID_ARGUMENT",
            "Unrecognized servable version label: x",
            "correct `version_label:`",
        ),
        (
            "INVALID_ARGUMENT",
            "input size does not match signature: 0!=1 len({}) != len({inputs}).",
            "correct `input:`, it is 'inputs'",
        ),
        (
            "INVALID_ARGUMENT",
            "input tensor alias not found in signature: x. Inputs expected to be in the set {y}.",
            "correct `input:`, it is 'inputs'",
        ),
        (
            "INVALID_ARGUMENT",
            "Signature input alias: x(feed name: t) not found in request",
            "correct `input:`, it is 'inputs'",
        ),
        ("INVALID_ARGUMENT", "output tensor alias not found in signature: x Outputs", "`outputs:`"),
        (
            "INVALID_ARGUMENT",
            "Expects arg[0] to be string but uint8 is provided",
            "set `encoding: jpeg`",
        ),
        (
            "INVALID_ARGUMENT",
            "Expects arg[0] to be uint8 but string is provided",
            "set `encoding: uint8`",
        ),
        (
            "INVALID_ARGUMENT",
            "input must be 4-dimensional[1,5,3]\n\t [[{{node map/while}}]]",
            "check what is sent: 'inputs' (uint8 [1, 427, 640, 3])",
        ),
        (
            "RESOURCE_EXHAUSTED",
            "CLIENT: Received message larger than max (5000000 vs. 4194304)",
            "the answer is over the message limit: set `outputs:` to what is needed",
        ),
        (
            "RESOURCE_EXHAUSTED",
            "SERVER: Received message larger than max (5000000 vs. 4194304)",
            "the request is over the server's message limit",
        ),
        ("RESOURCE_EXHAUSTED", "Server Threadpool Exhausted", "the server is overloaded"),
        ("DEADLINE_EXCEEDED", "Deadline Exceeded", "raise `deadline:` (1 min)"),
        ("UNIMPLEMENTED", "", "what answers is not TensorFlow Serving's gRPC port"),
        ("UNAUTHENTICATED", "no token", "set `metadata:`"),
        ("INTERNAL", "", "see the server's log"),
    ],
)
def test_refusals(status: str, detail: str, remedy: str) -> None:
    """A refusal is told in the server's words, with the key that mends it."""
    text = refusal(Status[status], detail, target(), {"inputs": PIXELS})
    assert text.startswith(status)
    assert remedy in text
    assert "\n" not in text


def test_braces_of_a_server_are_not_ours() -> None:
    """What a server says is shown as it is, braces too."""
    text = refusal(Status.INVALID_ARGUMENT, "len({}) {input} {0}", target(), {"inputs": PIXELS})
    assert text.startswith("INVALID_ARGUMENT: len({}) {input} {0}; check")


@given(st.text())
def test_quoted_text_is_safe(text: str) -> None:
    """Whatever a server says fits on one line and moves no cursor."""
    line = quoted(text)
    assert line.isprintable()
    assert len(line) <= 303


TWO = Signature(
    "serving_default",
    {"x": TensorInfo("float32", (None, 2)), "key": TensorInfo("string", None)},
    {"y": FLOATS},
)
GOOD = {"x": TensorInfo("float32", (5, 2)), "key": JPEGS}


def test_what_users_send_fits() -> None:
    """Several inputs are as good as one, in any order."""
    assert mismatch(TWO, GOOD) is None
    assert mismatch(TWO, dict(reversed(GOOD.items()))) is None
    assert mismatch(SSD, {"inputs": PIXELS}) is None


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"x": TensorInfo("float64", (5, 2))},
         "input 'x' is float64 [5, 2], the model takes float32 [?, 2]; give .astype(np.float32)"),
        ({"x": TensorInfo("float32", (2,))},
         "input 'x' is float32 [2], the model takes float32 [?, 2]; give arrays of that shape"),
        ({"x": TensorInfo("float32", (5, 3))}, "; give arrays of that shape"),
        ({"key": PIXELS}, "the model takes string of any shape; give bytes, np.array([data], obj"),
        ({"X": FLOATS}, "the model has no input 'X', it takes 'x' (float32 [?, 2]), 'key' (string"),
    ],
)  # fmt: skip
def test_what_users_send_does_not_fit(sent: dict[str, TensorInfo], said: str) -> None:
    """Which input it is, what it is, what it has to be, and what to write in Python."""
    assert said in str(mismatch(TWO, GOOD | sent))


def test_names_that_users_send() -> None:
    """A name that is near to one that is missing is asked for; one that is missing is named."""
    (renamed,) = [str(mismatch(SSD, {"input": PIXELS}))]
    assert renamed.endswith("it takes 'inputs' (uint8 [?, ?, ?, 3]) (did you mean 'inputs'?)")
    assert mismatch(TWO, {"x": GOOD["x"]}) == (
        "the model also takes 'key' (string of any shape); give an array for each"
    )


def test_types_that_arrays_do_not_have() -> None:
    """Some models take what numpy has no type for; pictures have two."""
    bf16 = with_input("inputs", "DT_BFLOAT16", None)
    assert "no array can be of this type" in str(mismatch(bf16, {"inputs": PIXELS}))
    assert "or pictures with `encoding = 'uint8'`" in str(mismatch(SSD, {"inputs": JPEGS}))


def test_what_a_model_does_not_have() -> None:
    """Signatures and outputs are the target's, whoever makes the requests."""
    signatures = {SSD.name: SSD}
    assert unserved(signatures, target(outputs=("num_detections",))) is None
    assert "no output 'boxes'" in str(unserved(signatures, target(outputs=("boxes",))))
    assert "no signature 'predict'" in str(unserved(signatures, target(signature="predict")))
