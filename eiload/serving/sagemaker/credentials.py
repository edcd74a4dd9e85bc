"""Whose calls they are: credentials as botocore finds them, and as they are at a moment.

botocore looks where every client of AWS does: environment, ``~/.aws`` and its profiles (SSO, roles
and ``credential_process`` included), the container's and the instance's role. It is an extra
(``eiload[aws]``) and asked for when a scenario has such a target. What is temporary is renewed by
it in time, when `Found.now` is called.

Secrets: they are in a `Credentials`, whose repr hides them, and nowhere else; botocore's errors are
told by what is known to be harmless in them, because a helper program's may hold anything.
"""

import os
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from eiload.base.errors import TargetError

__all__ = ["STAND_IN", "Credentials", "Found", "find", "found", "installed"]

CHECK = "`aws sts get-caller-identity` shows what this shell has"

MISSING = "AWS targets need botocore, which is not installed; write `pip install 'eiload[aws]'`"


@dataclass(frozen=True, slots=True)
class Credentials:
    """Whose a request is, at a moment."""

    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    token: str = field(default="", repr=False)
    """Of temporary ones; empty for those of a user."""


STAND_IN = Credentials("EILOADSTANDIN", "nobody's, and no secret")
"""What requests to a run's own stand-ins are signed with, so that nobody's credentials are needed
for these, nor given to them."""


class Found:
    """Where credentials come from; ask `now` again and again, they may be temporary.

    Args:
        source: botocore's credentials.
    """

    def __init__(self, source: Any) -> None:
        self._source = source

    def __repr__(self) -> str:
        """Tell how they were found, which is no secret."""
        return f"<credentials by {self.method}>"

    @property
    def method(self) -> str:
        """Return how they were found, in botocore's words: ``env``, ``shared-credentials-file``."""
        return str(getattr(self._source, "method", "") or "explicit")

    def now(self) -> Credentials:
        """Return them as they are now, renewed if that is due.

        Raises:
            TargetError: they cannot be renewed.
        """
        try:
            frozen = self._source.get_frozen_credentials()
        except Exception as error:  # of whatever finds them: helpers' output, files, services
            raise TargetError(f"AWS credentials cannot be renewed: {_told(error)}") from None
        if not frozen.access_key or not frozen.secret_key:
            raise TargetError(f"AWS credentials by {self.method} are empty; {CHECK}")
        return Credentials(frozen.access_key, frozen.secret_key, frozen.token or "")


def installed() -> None:
    """See that botocore is there.

    Raises:
        TargetError: it is not.
    """
    try:
        import botocore.session  # noqa: PLC0415, F401
    except ImportError:
        raise TargetError(MISSING) from None


def find(session: Any = None) -> Found:
    """Return the credentials of this process.

    Args:
        session: botocore's session; a new one of the environment if None.

    Raises:
        TargetError: there are none, or botocore is not installed.
    """
    installed()
    from botocore.session import get_session  # noqa: PLC0415

    try:
        source = (session or get_session()).get_credentials()
    except Exception as error:  # likewise
        raise TargetError(f"no AWS credentials: {_told(error)}") from None
    if source is None:
        raise TargetError(
            "no AWS credentials in the environment, in ~/.aws or from a role; set "
            f"AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE; {CHECK}"
        )
    return Found(source)


def found() -> Found:
    """Return the credentials of this process, looked for once while its environment is the same.

    Whoever else asks in this process has them, too: a role that is assumed is assumed once.

    Raises:
        TargetError: as `find`.
    """
    named = tuple(sorted(item for item in os.environ.items() if item[0].startswith("AWS_")))
    return _found(hash(named))


@lru_cache(maxsize=1)
def _found(environment: int) -> Found:
    del environment
    return find()


_HARMLESS = ("profile", "provider", "path", "cred_var")
"""What of botocore's errors may be shown: names of profiles, of files and of variables."""


def _told(error: Exception) -> str:
    """Return an error without what a helper program or a file may have put in it."""
    name = type(error).__name__
    given = getattr(error, "kwargs", {})
    parts = [f"{key} {given[key]!r}" for key in _HARMLESS if given.get(key)]
    if isinstance(error, OSError) and error.filename is not None:
        parts.append(f"{error.filename}: {error.strerror}")
    return f"{name}{' (' + ', '.join(parts) + ')' if parts else ''}; {CHECK}"
