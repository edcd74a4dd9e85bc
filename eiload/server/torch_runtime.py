"""PyTorch, loaded when a TorchScript model is wanted (extra ``eiload[torch]``).

It takes seconds to load, and since its version 2.9 it says of TorchScript, which is all that the
containers of Elastic Inference had, that it is deprecated. Whoever asks for it here knows.
"""

import warnings
from typing import Any

from eiload.base.errors import ScenarioError

__all__ = ["pytorch"]


def pytorch() -> Any:
    """Return the module ``torch``.

    Raises:
        ScenarioError: it is not installed, or cannot be loaded here.
    """
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
