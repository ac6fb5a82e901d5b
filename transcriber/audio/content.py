"""What a file is, told from its bytes, where ffmpeg would only say that it is not audio."""

from __future__ import annotations

import codecs
import re

_UNPACK = "unpack it and give the recording in it"
_DECRYPT = "decrypt it first"
_RECORDINGS = "give the recordings themselves"
_AGAIN = "copy or record it again"

_LEAST_BYTES = 16
"""No format says less before its first sample. What a few bytes look like, such as a text or the
beginning of a number, says nothing."""

# The first bytes of what is never a recording, as the formats' specifications and file(1) have
# them. ffmpeg must not see these: it takes long compressed or encrypted data for damaged MP3.
_FOREIGN: tuple[tuple[re.Pattern[bytes], str, str], ...] = tuple(
    (re.compile(pattern, re.DOTALL), what, remedy)
    for pattern, what, remedy in (
        (rb"PK(\x03\x04|\x05\x06|\x07\x08)", "is a ZIP archive", _UNPACK),
        (rb"\x1f\x8b\x08", "is packed with gzip", _UNPACK),
        (rb"BZh[1-9]1AY", "is packed with bzip2", _UNPACK),
        (rb"\xfd7zXZ\0", "is packed with xz", _UNPACK),
        (rb"\x28\xb5\x2f\xfd", "is packed with zstd", _UNPACK),
        (rb"7z\xbc\xaf\x27\x1c", "is a 7z archive", _UNPACK),
        (rb"Rar!\x1a\x07", "is a RAR archive", _UNPACK),
        (rb".{257}ustar", "is a tar archive", _UNPACK),
        (rb"age-encryption\.org/v1", "is encrypted with age", _DECRYPT),
        (rb"Salted__", "is encrypted with OpenSSL", _DECRYPT),
        (rb"-----BEGIN PGP MESSAGE", "is encrypted with OpenPGP", _DECRYPT),
        (rb"LUKS\xba\xbe", "is an encrypted disk image", _DECRYPT),
        (rb"%PDF-", "is a PDF document", "give a recording"),
        (rb"\x7fELF", "is a program", "give a recording"),
        (rb"\x89PNG\r\n", "holds no audio track: it is a picture", "give a recording"),
        (rb"\xff\xd8\xff[\xdb-\xef]", "holds no audio track: it is a picture", "give a recording"),
        (rb"GIF8[79]a", "holds no audio track: it is a picture", "give a recording"),
        (rb"RIFF....WEBP", "holds no audio track: it is a picture", "give a recording"),
        (rb"(II\*\0|MM\0\*)", "holds no audio track: it is a picture", "give a recording"),
    )
)

# Too short to refuse a file that ffmpeg can read; enough to say what one is that it cannot.
_PLAYLIST = re.compile(
    rb"(\xef\xbb\xbf)?\s*(#EXTM3U|\[playlist\]|ffconcat version|<asx|<smil|<\?xml[^>]*>\s*<MPD)",
    re.IGNORECASE,
)
# OpenPGP (RFC 9580, 4.2): a packet for an encrypted session key, version 3 or 4 or 6.
_OPENPGP = re.compile(
    rb"\x84.\x03|\x85..\x03|\x8c.\x04|\xc1.\x03|\xc1..\x03|\xc3.[\x04\x06]", re.DOTALL
)

_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")


def foreign_content(head: bytes) -> tuple[str, str] | None:
    """Recognise what is certainly no recording.

    Parameters
    ----------
    head : bytes
        The beginning of the file; 512 bytes suffice.

    Returns
    -------
    tuple of str or None
        What the file is, as the predicate of a sentence, and what to do about it.

    Examples
    --------
    >>> foreign_content(b"%PDF-1.7")
    ('is a PDF document', 'give a recording')
    """
    for pattern, what, remedy in _FOREIGN:
        if pattern.match(head):
            return what, remedy
    return None


def unreadable_content(head: bytes) -> tuple[str, str] | None:
    """Say what a file is that ffmpeg found no recording in; None where its bytes do not tell.

    Parameters
    ----------
    head : bytes
        The beginning of the file; 4096 bytes suffice.

    Examples
    --------
    >>> unreadable_content(b"Notes of the meeting")
    ('is a text file, not a recording', 'give a recording')
    """
    if _PLAYLIST.match(head):
        return "is a playlist, not a recording", _RECORDINGS
    if 0 < len(head) < _LEAST_BYTES:
        plural = "s" * (len(head) != 1)
        return f"has only {len(head)} byte{plural}, too few for a recording", _AGAIN
    if _OPENPGP.match(head):
        return "is probably encrypted with OpenPGP", _DECRYPT
    if _is_text(head):
        return "is a text file, not a recording", "give a recording"
    return None


def _is_text(head: bytes) -> bool:
    try:
        # Not final: a character may be cut at the end of what was read.
        text = codecs.getincrementaldecoder("utf-8")().decode(head[:4096])
    except UnicodeDecodeError:
        return False
    return bool(text) and not _CONTROL.search(text)
