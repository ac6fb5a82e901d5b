"""Decompressing xz with the system's liblzma, where Python has no module for it.

The native program's Python has none: every download would be larger by it, for the few that
fetch the add-on. What a system with an NVIDIA driver is made of, such as systemd, dpkg, rpm and
kmod, brings liblzma. The structure and the functions are those of ``lzma/base.h`` and
``lzma/container.h`` of XZ Utils, whose binary interface has not changed since version 5.0.
"""

from __future__ import annotations

import ctypes
import weakref

LIBRARY = "liblzma.so.5"

_OK, _STREAM_END, _BUFFER_ERROR = 0, 1, 10
"""``LZMA_BUF_ERROR`` says that there was nothing to read or no room, which is no failure here."""

_RUN = 0

_NO_LIMIT = 2**64 - 1
"""Of memory: whoever calls this has checked the digest, and knows what the file needs."""


class _Stream(ctypes.Structure):
    """``lzma_stream``."""

    _fields_ = (
        ("next_in", ctypes.c_void_p),
        ("avail_in", ctypes.c_size_t),
        ("total_in", ctypes.c_uint64),
        ("next_out", ctypes.c_void_p),
        ("avail_out", ctypes.c_size_t),
        ("total_out", ctypes.c_uint64),
        ("allocator", ctypes.c_void_p),
        ("internal", ctypes.c_void_p),
        ("reserved_pointers", ctypes.c_void_p * 4),
        ("seek_pos", ctypes.c_uint64),
        ("reserved_integer", ctypes.c_uint64),
        ("reserved_sizes", ctypes.c_size_t * 2),
        ("reserved_enums", ctypes.c_uint * 2),
    )


class SystemDecompressor:
    """Does what is used here of `lzma.LZMADecompressor`.

    Attributes
    ----------
    eof : bool
        Whether the end of the stream was reached.
    needs_input : bool
        Whether nothing more comes without more input.

    Raises
    ------
    OSError
        When the system has no liblzma.
    """

    def __init__(self) -> None:
        self._library = ctypes.CDLL(LIBRARY)
        self._stream = _Stream()
        weakref.finalize(self, self._library.lzma_end, ctypes.byref(self._stream))
        self._input = b""
        self.eof = False
        self.needs_input = True
        self._check(
            self._library.lzma_stream_decoder(
                ctypes.byref(self._stream), ctypes.c_uint64(_NO_LIMIT), ctypes.c_uint32(0)
            )
        )

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """Return at most `max_length` bytes of what was packed.

        Raises
        ------
        ValueError
            When it is no xz stream.
        """
        stream = self._stream
        if data:
            # Kept, because the library holds its address until all of it was read.
            self._input = data
            stream.next_in = ctypes.cast(ctypes.c_char_p(data), ctypes.c_void_p)
            stream.avail_in = len(data)
        output = ctypes.create_string_buffer(max_length)
        stream.next_out = ctypes.cast(output, ctypes.c_void_p)
        stream.avail_out = max_length
        self._check(self._library.lzma_code(ctypes.byref(stream), ctypes.c_int(_RUN)))
        self.needs_input = not self.eof and stream.avail_in == 0 and stream.avail_out > 0
        return output.raw[: max_length - stream.avail_out]

    def _check(self, result: int) -> None:
        if result == _STREAM_END:
            self.eof = True
        elif result not in (_OK, _BUFFER_ERROR):
            raise ValueError(f"liblzma gives up with code {result}")
