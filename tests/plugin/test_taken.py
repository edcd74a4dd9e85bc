"""Options of a locustfile's own that are named like ours."""

import argparse
from typing import Any

import pytest
from locust.argument_parser import get_empty_argument_parser, setup_parser_arguments

from eiload.plugin import options

SAID = "eiload: --model: the locustfile adds an option that eiload has; give it another name\n"


@pytest.fixture
def parser() -> Any:
    """Return Locust's parser without ours."""
    parser = get_empty_argument_parser(default_config_files=[])
    setup_parser_arguments(parser)
    return parser


def left(capsys: pytest.CaptureFixture[str], error: pytest.ExceptionInfo[SystemExit]) -> str:
    """Return what was said on leaving with status 2."""
    assert error.value.code == 2
    return capsys.readouterr().err


def test_theirs_after_ours(parser: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """One sentence, and status 2."""
    options.add(parser)
    with pytest.raises(SystemExit) as error:
        parser.add_argument("--model", default="ssd")
    assert left(capsys, error) == SAID


def test_theirs_in_a_group(parser: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """A group of theirs is looked at as well."""
    options.add(parser)
    group = parser.add_argument_group("theirs")
    with pytest.raises(SystemExit) as error:
        group.add_argument("-m", "--model")
    assert left(capsys, error) == SAID


def test_theirs_before_ours(parser: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """A listener that comes before ours changes nothing."""
    parser.add_argument("--model")
    with pytest.raises(SystemExit) as error:
        options.add(parser)
    assert left(capsys, error) == SAID


def test_other_conflicts_are_argparses(parser: Any) -> None:
    """What is not about our options is as it was."""
    options.add(parser)
    with pytest.raises(argparse.ArgumentError, match="conflicting option string: --host"):
        parser.add_argument("--host")


def test_other_names_are_free(parser: Any) -> None:
    """An option of another name is theirs."""
    options.add(parser)
    parser.add_argument("--my-model", default="mine")
    assert parser.parse_args([]).my_model == "mine"
