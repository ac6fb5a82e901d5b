"""The archive that torch writes: a ZIP file without compression whose records are aligned.

torch itself cannot write OpenAI's files again: since 2023 it adds records that theirs do not
have. And a writer of our own gives the same bytes whatever torch is installed.

Source: the ZIP application note (APPNOTE.TXT 6.3) for the structures; for the choices among
them, the files that ``torch.save`` writes, of which this writer reproduces every byte.
"""

from __future__ import annotations

import struct
import zlib

from transcriber.models.checkpoints.digesting import Sink

_ALIGNMENT = 64
"""Where a record's content may begin, so that a mapped tensor is aligned in memory."""

_FLAGS = 0x0808
"""The checksum follows the content, and names are UTF-8."""

_LIMIT = 0xFFFF_FFFF
"""What a field of 32 bits holds; it stands for "see the ZIP64 field" otherwise."""


class ArchiveWriter:
    """Writes the records of an archive to a stream, one after the other.

    Parameters
    ----------
    sink : Sink
        Where to; what is written is never changed afterwards.
    """

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._offset = 0
        self._directory = bytearray()
        self._records = 0

    def add(self, name: str, content: bytes | memoryview) -> None:
        """Append the record `name`, which is not empty and less than 4 GiB long."""
        # torch names the folder inside the archive so when it writes to a stream.
        encoded = f"archive/{name}".encode()
        start, size = self._offset, len(content)
        padding = -(start + 30 + len(encoded) + 4) % _ALIGNMENT
        self._write(
            struct.pack(
                "<4s5H3I2H", b"PK\3\4", 0, _FLAGS, 0, 0, 0, 0, 0, 0, len(encoded), 4 + padding
            )
        )
        self._write(encoded + struct.pack("<2sH", b"FB", padding) + b"Z" * padding)
        self._write(content)
        checksum = zlib.crc32(content)
        self._write(struct.pack("<4s3I", b"PK\7\x08", checksum, size, size))
        extra = b"" if start < _LIMIT else struct.pack("<2HQ", 1, 8, start)
        self._directory += struct.pack(
            "<4s6H3I5H2I",
            *(b"PK\1\2", 0, 0, _FLAGS, 0, 0, 0, checksum, size, size),
            *(len(encoded), len(extra), 0, 0, 0, 0, min(start, _LIMIT)),
        )
        self._directory += encoded + extra
        self._records += 1

    def close(self) -> None:
        """Append the directory, which makes the archive complete."""
        start, size, records = self._offset, len(self._directory), self._records
        self._write(bytes(self._directory))
        end = self._offset
        self._write(
            struct.pack(
                "<4sQ2H2I4Q",
                *(b"PK\6\6", 44, 0x031E, 45, 0, 0, records, records, size, start),
            )
        )
        self._write(struct.pack("<4sIQI", b"PK\6\7", 0, end, 1))
        self._write(
            struct.pack(
                "<4s4H2IH",
                *(b"PK\5\6", 0, 0, min(records, 0xFFFF), min(records, 0xFFFF)),
                *(size, min(start, _LIMIT), 0),
            )
        )

    def _write(self, content: bytes | memoryview) -> None:
        self._sink.write(content)
        self._offset += len(content)
