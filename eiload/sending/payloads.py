"""The serialised requests that the sender has at hand, by index.

What it knows: the file that the parent puts them into (`child.Child.add_payload`), and which of
them are kept. What it must not know: what they mean, who sends them.
"""

import os

__all__ = ["Payloads"]

CACHE_BYTES = 64 << 20
"""Payloads kept as Python bytes, those that are used first; others are read from the payload file
(the page cache) when they are due. 64 MiB hold 78 SSD requests of 820 kB. Payloads come round and
round, so keeping the latest instead would keep what is needed last."""


class Payloads:
    """The payloads in a file.

    Args:
        fd: the file.
        cache_bytes: how much of it is kept in memory at most.
    """

    def __init__(self, fd: int, cache_bytes: int = CACHE_BYTES) -> None:
        self._fd = fd
        self._room_bytes = cache_bytes
        self._places: list[tuple[int, int]] = []
        self._cache: dict[int, bytes] = {}

    def add(self, offset: int, length: int) -> None:
        """Take note of where the next one lies; they are numbered in this order."""
        self._places.append((offset, length))

    def size(self, index: int) -> int:
        """Return how long one is."""
        return self._places[index][1]

    def get(self, index: int) -> bytes:
        """Return one."""
        data = self._cache.get(index)
        if data is None:
            offset, length = self._places[index]
            data = os.pread(self._fd, length, offset)
            if length <= self._room_bytes:
                self._cache[index] = data
                self._room_bytes -= length
        return data
