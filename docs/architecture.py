"""Keep the rooms' paragraphs in architecture.md what the packages' docstrings say.

``python docs/architecture.py`` writes them; a test holds that nothing is left to be written.
"""

import ast
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "architecture.md"
BEGIN, END = "<!-- rooms: python docs/architecture.py -->", "<!-- end of rooms -->"
ROOMS = (
    *("base", "scenario", "sending", "serving", "record", "observe", "judging"),
    *("server", "report", "export", "control", "plugin", "cli"),
)


def written(page: str) -> str:
    """Return the page with each room's docstring under the room's name."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    rooms = []
    for room in ROOMS:
        tree = ast.parse((ROOT / "eiload" / room / "__init__.py").read_text(encoding="utf-8"))
        rooms.append(f"### {room}\n\n{ast.get_docstring(tree)}\n")
    return f"{before}{BEGIN}\n\n" + "\n".join(rooms) + f"\n{END}{after}"


if __name__ == "__main__":
    sys.stdout.write(f"{PAGE.relative_to(ROOT)} written\n")
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
