"""A picture to send: drawn here, so that no file has to be shipped."""

from __future__ import annotations

import struct
import zlib
from functools import cache
from typing import Final

_SIZE: Final = 96


@cache
def reply_picture() -> bytes:
    """A PNG: a sun in the sky."""
    rows = b"".join(b"\0" + b"".join(_colour(x, y) for x in range(_SIZE)) for y in range(_SIZE))
    header = struct.pack(">IIBBBBB", _SIZE, _SIZE, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        (_chunk(b"IHDR", header), _chunk(b"IDAT", zlib.compress(rows)), _chunk(b"IEND", b""))
    )


def _colour(x: int, y: int) -> bytes:
    middle = _SIZE // 2
    is_sun = (x - middle) ** 2 + (y - middle) ** 2 < (_SIZE // 3) ** 2
    return bytes((255, 200, 60)) if is_sun else bytes((120, 180, 240))


def _chunk(kind: bytes, content: bytes) -> bytes:
    checksum = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)
