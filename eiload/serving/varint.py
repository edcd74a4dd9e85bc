"""Whole numbers as protobuf writes them: seven bits a byte, the lowest first, the last below 128.

Format: protobuf.dev/programming-guides/encoding.
"""

__all__ = ["varint"]


def varint(data: bytes | memoryview, at: int, bytes_at_most: int = 10) -> tuple[int, int]:
    """Return the number at a place, and the place after it.

    Raises:
        ValueError: it is cut off, or longer than `bytes_at_most`; 10 hold any number of 64 bits.
    """
    value = 0
    for place in range(bytes_at_most):
        if at >= len(data):
            raise ValueError("cut off")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << 7 * place
        if byte < 0x80:
            return value, at
    raise ValueError("too long a number")
