"""The files that a scenario names: found, made absolute, in an order that does not change.

Paths are relative to the scenario's file. Where several files may be, a folder stands for those in
it (where images are asked for: the pictures) and a glob for the files that match it. Every path
that leads nowhere is a problem. The files are not read here: whether a picture is one is found when
it is decoded, still before any load. Where in a payload paths stand is `payload_paths`' affair, a
stand-in's own files are its settings' (`standin.fields`).
"""

import glob
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from eiload.base.near import nearest
from eiload.base.quantity import shown
from eiload.scenario.payload_paths import resolved_payload
from eiload.scenario.problem import Problem

__all__ = ["resolved"]

TLS_FILES = ("ca", "cert", "key")


def resolved(data: Mapping[str, Any], base: Path) -> tuple[dict[str, Any], list[Problem]]:
    """Return a scenario's data with its paths absolute, and which of them lead nowhere.

    What is not as it should be is left as it is: the models say what is wrong with it.
    """
    result = dict(data)
    problems: list[Problem] = []
    if isinstance(payload := data.get("payload"), Mapping):
        sent, found = resolved_payload(payload, base, _all_files)
        if isinstance(mix := payload.get("mix"), list | tuple):
            sent["mix"] = [*mix]
            for index, part in enumerate(mix):
                if isinstance(part, Mapping):
                    sent["mix"][index], wrong = resolved_payload(part, base, _all_files)
                    found += [each.below(("mix", index)) for each in wrong]
        result["payload"] = sent
        problems += [each.below(("payload",)) for each in found]
    if isinstance(targets := data.get("targets"), Mapping):
        result["targets"] = dict(targets)
        for name, target in targets.items():
            if isinstance(target, Mapping) and isinstance(target.get("tls"), Mapping):
                files, found = _files(target["tls"], TLS_FILES, base)
                result["targets"][name] = {**target, "tls": files}
                problems += [each.below(("targets", name, "tls")) for each in found]
    if isinstance(traffic := data.get("traffic"), list | tuple):
        result["traffic"] = [*traffic]
        for index, phase in enumerate(traffic):
            replay = phase.get("replay") if isinstance(phase, Mapping) else None
            if isinstance(replay, Mapping):
                files, found = _files(replay, ("file",), base)
                result["traffic"][index] = {**phase, "replay": files}
                problems += [each.below(("traffic", index, "replay")) for each in found]
    return result, problems


def _all_files(given: object, base: Path, suffixes: Sequence[str]) -> tuple[object, list[Problem]]:
    """Return the absolute paths of all files, in order; what is no list, as it is."""
    if not isinstance(given, list | tuple):
        return given, []
    files: list[str] = []
    problems = []
    for index, path in enumerate(given):
        if not isinstance(path, str) or not path.strip():
            return given, []
        try:
            files += sorted(_stands_for(base / path, suffixes))
        except (OSError, ValueError) as error:
            problems.append(Problem((index,), _said(error, path)))
    return (given if problems else files), problems


def _files(
    given: Mapping[str, Any], keys: Iterable[str], base: Path
) -> tuple[dict[str, Any], list[Problem]]:
    """Return a mapping with the files under these keys absolute, and which lead nowhere."""
    files = dict(given)
    problems = []
    for key in keys:
        path = given.get(key)
        if isinstance(path, str) and path.strip():
            try:
                files[key] = _file(base / path)
            except (OSError, ValueError) as error:
                problems.append(Problem((key,), _said(error, path)))
    return files, problems


def _said(error: Exception, given: str) -> str:
    """Return the text of a problem with a path."""
    if isinstance(error, OSError):
        reason = (error.strerror or "cannot be read").lower()
        return f"{reason}, got {shown(given)}; expected a file that can be read"
    return f"{error.args[0]}, got {shown(given)}; expected {error.args[1]}"


def _stands_for(path: Path, suffixes: Sequence[str]) -> list[str]:
    """Return the absolute paths of the files that `path` stands for: itself, a folder's, a glob's.

    Raises:
        ValueError: there are none; its arguments are what is wrong and what was expected.
        OSError: it cannot be looked at.
    """
    if path.is_dir():
        found = [each for each in path.iterdir() if not suffixes or each.suffix.lower() in suffixes]
        found = [each for each in found if each.is_file() and not each.name.startswith(".")]
        if not found:
            what = ("pictures", ", ".join(suffixes)) if suffixes else ("files", "files")
            raise ValueError(f"no {what[0]} in this folder", f"{what[1]} in it")
    elif glob.has_magic(str(path)) and not path.exists():
        found = [Path(each) for each in glob.iglob(str(path), recursive=True)]  # noqa: PTH207
        found = [each for each in found if each.is_file()]
        if not found:
            raise ValueError("no file matches", "a pattern that files match")
    else:
        found = [path]
    return [_file(each) for each in found]


def _file(path: Path) -> str:
    """Return the absolute path of a file that can be read.

    Raises:
        ValueError: there is none; its arguments are what is wrong and what was expected.
    """
    absolute = os.path.abspath(path)  # noqa: PTH100 - resolve() would follow links, and rename
    if not path.exists():
        where = f"a file relative to {str(path.parent)!r}"
        near = nearest(path.name, _siblings(path))
        raise ValueError("no such file", f"{where}{near}")
    if not path.is_file():
        raise ValueError("not a file", "a file")
    if not os.access(path, os.R_OK):
        raise ValueError("no permission to read", "a file that can be read")
    return absolute


def _siblings(path: Path) -> list[str]:
    try:
        return [each.name for each in path.parent.iterdir()]
    except OSError:
        return []
