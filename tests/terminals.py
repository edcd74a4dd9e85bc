"""A terminal of a test's own, and what has been written to it."""

import fcntl
import os
import select
import struct
import termios
import time

END = "<end>"
PATIENCE_S = 60


class Terminal:
    """A pseudo-terminal so many columns wide; `stream` writes to it."""

    def __init__(self, columns: int) -> None:
        self._main, sub = os.openpty()
        fcntl.ioctl(sub, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        self.stream = os.fdopen(sub, "w", encoding="utf-8")

    def written(self) -> str:
        """Return what was written since the last time."""
        self.stream.write(END)
        self.stream.flush()
        found, give_up_s = b"", time.monotonic() + PATIENCE_S
        while END.encode() not in found:
            assert time.monotonic() < give_up_s, found
            if select.select([self._main], [], [], 1)[0]:
                found += os.read(self._main, 1 << 16)
        return found.decode().removesuffix(END).replace("\r\n", "\n")

    def close(self) -> None:
        """Let go of both ends."""
        self.stream.close()
        os.close(self._main)
