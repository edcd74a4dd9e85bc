"""Attributes that were meant to be other ones: named, unless they are the user's own."""

import sys
import types
from pathlib import Path
from types import ModuleType

import pytest
from locust import User

from eiload.plugin.slips import slips

KNOWN = ("host", "model", "input", "deadline", "images")

FILE = """
from locust import User, constant, task

class Base(User):
    abstract = True
    {base}

class Half(Base):
    {half}

    @task
    def ask(self):
        {code}
"""


@pytest.fixture
def locustfile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the path of a locustfile; it is forgotten after the test."""
    monkeypatch.setitem(sys.modules, "mine", ModuleType("mine"))
    return tmp_path / "mine.py"


def said(path: Path, half: str, code: str = "pass", base: str = "x = 1") -> list[str]:
    """Return what is said of a locustfile like this."""
    path.write_text(FILE.format(half=half, code=code, base=base))
    module = sys.modules["mine"] = ModuleType("mine")
    module.__file__ = str(path)
    exec(compile(path.read_text(), path, "exec"), vars(module))
    return list(slips(module.Half, KNOWN))


def test_a_slip(locustfile: Path) -> None:
    """It is named with its class, also where a base class has it, once."""
    assert said(locustfile, "modle = 'x'") == [
        "Half.modle: unknown attribute, which nothing reads (did you mean 'model'?)"
    ]
    (line,) = said(locustfile, "weight = 2", base="dead_line = '2 s'")
    assert line.startswith("Base.dead_line: ")


@pytest.mark.parametrize("half", ["inputs = [1]", "inputs: list = [1]"])
@pytest.mark.parametrize(
    ("code", "is_slip"),
    [
        ("self.client.predict(self.inputs)", False),
        ("getattr(self, 'inputs')", False),
        ("f'{self.inputs}'", False),
        ("inputs = 5; print(inputs)", False),
        ("self.inputs = []", True),
        ("'no inputs here'", True),
    ],
)
def test_what_the_code_reads_is_the_users_own(
    locustfile: Path, half: str, code: str, is_slip: bool
) -> None:
    """An attribute like one of ours is the user's, as soon as the user's own code reads it."""
    assert bool(said(locustfile, half, code)) is is_slip


@pytest.mark.parametrize(
    "half",
    [
        "_modle = 'x'",  # private
        "weight = 3; fixed_count = 1; host = 'x'; wait_time = constant(1); min_wait = 1",
        "client = None",
        "expected = 'dog'; region = 'eu'; description = 'a long one'; tenant = 5",
        "modle: str",  # no value
        "def modle(self): pass",
        "modle = property(lambda self: 5)",
        "modle = staticmethod(print)",
        "class Imagess: pass",
    ],
)
def test_what_is_none(locustfile: Path, half: str) -> None:
    """Locust's own attributes, methods, private ones and quite other words are left alone."""
    assert said(locustfile, half) == []


def test_without_source() -> None:
    """Where the code cannot be read (a notebook), nothing is called a slip."""
    body: dict[str, object] = {"modle": "x", "__module__": "no such module"}
    cls = types.new_class("Half", (User,), exec_body=lambda names: names.update(body))
    assert list(slips(cls, KNOWN)) == []
