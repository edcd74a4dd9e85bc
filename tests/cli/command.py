"""The command in a process of its own."""

import os
import subprocess
import sys

EILOAD = [sys.executable, "-c", "import sys; from eiload.cli.start import main; sys.exit(main())"]


def eiload(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own."""
    return subprocess.run(
        [*EILOAD, *arguments],
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=240,
        check=False,
    )
