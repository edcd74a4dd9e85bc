"""PyTorch, loaded when a TorchScript model is wanted (extra ``eiload[torch]``).

It takes seconds to load, and since its version 2.9 it says of TorchScript, which is all that the
containers of Elastic Inference had, that it is deprecated. Whoever asks for it here knows.
"""

import os
import warnings
from typing import Any

from eiload.base.errors import ScenarioError

__all__ = ["pytorch"]

WAITING = ("OMP_WAIT_POLICY", "PASSIVE")
"""Its threads are to sleep where they wait for each other. OpenMP's spin, and two servers of two
threads on two cores took 16 s for answers of 50 ms: each kept the other from what it waited for."""


def pytorch() -> Any:
    """Return the module ``torch``.

    The first time sets `WAITING` for this process, if the environment does not say it.

    Raises:
        ScenarioError: it is not installed, or cannot be loaded here.
    """
    os.environ.setdefault(*WAITING)  # read when the library is loaded
    try:
        import torch  # noqa: PLC0415
    except (ImportError, OSError) as error:
        raise ScenarioError(
            f"PyTorch cannot be loaded, which TorchScript needs: {error}; "
            "pip install 'eiload[torch]' brings it"
        ) from error
    warnings.filterwarnings("ignore", message=".*torch.jit.*", category=DeprecationWarning)
    warnings.filterwarnings("ignore", message=".*torch.jit.*", category=FutureWarning)
    return torch
