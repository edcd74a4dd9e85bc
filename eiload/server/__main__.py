"""``python -m eiload.server``: the stand-in by itself, as `launch.py` starts it.

The same two commands as ``eiload serve`` and ``eiload make-model``, without the rest of eiload.
"""

import sys

from eiload.base import console
from eiload.server.cli import (
    add_make_model_arguments,
    add_serve_arguments,
    run_make_model,
    run_serve,
)

COMMANDS = (
    console.Command("serve", "serve a stand-in", add_serve_arguments, run_serve),
    console.Command("make-model", "write a model", add_make_model_arguments, run_make_model),
)

if __name__ == "__main__":
    sys.exit(console.run(console.Parser(prog="eiload"), COMMANDS, sys.argv[1:]))
