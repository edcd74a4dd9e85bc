"""TensorFlow's runtime, loaded when a real model is wanted.

Importing it takes seconds and hundreds of MB, and it talks on stderr about the CPU's features and
missing GPU libraries before any setting can stop it. Users of a stand-in want neither, so the
import is put off, and what is written to stderr meanwhile is dropped; an import that fails still
says so by its exception.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from eiload.base import console
from eiload.base.errors import ScenarioError

__all__ = ["tensorflow"]


def tensorflow() -> Any:
    """Return the module ``tensorflow``, the runtime loaded.

    Raises:
        ScenarioError: it is not installed, or cannot be loaded here.
    """
    if "tensorflow" not in sys.modules:
        console.say("loading TensorFlow, which takes some seconds")
    # 3: errors only.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        with _stderr_dropped():
            import tensorflow as tf  # noqa: PLC0415
    except ImportError as error:
        raise ScenarioError(
            f"TensorFlow cannot be loaded, which a real model needs: {error}"
        ) from error
    tf.get_logger().setLevel("ERROR")
    return tf


@contextmanager
def _stderr_dropped() -> Iterator[None]:
    """Send file descriptor 2, which C++ writes to, to nowhere inside the block."""
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
