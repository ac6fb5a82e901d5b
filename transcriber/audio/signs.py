"""What tells one of ffmpeg's failures from another: its words, under names of this program."""

from __future__ import annotations

import functools
import re

# One of these per packet that was lost, under the names of ffmpeg 5 to 9.
_LOST_PACKET = re.compile(
    r"Error submitting (a )?packet to (the )?decoder|Error while decoding stream|Decoding error:"
    r"|corrupt decoded frame"
)

SIGNS: dict[str, re.Pattern[str]] = {
    "no stream": re.compile(r"Output file (#0 )?does not contain any stream"),
    "not whitelisted": re.compile(r"Format not on whitelist"),
    "unsure format": re.compile(r"misdetection possible"),
    "at end": re.compile(r": End of file$"),
    "no index": re.compile(r"moov atom not found"),
    "no decoder": re.compile(
        r"no decoder found for|Decoder \(codec .*\) not found|Unknown decoder"
    ),
    "no filter": re.compile(r"No such filter|Error parsing filterchain"),
    "encrypted": re.compile(
        # Windows Media, Audible, Matroska without a key's name, Sony OpenMG.
        r"DRM protected stream|activation_bytes option is missing|Unsupported encoding type"
        r"|encryption header|Invalid key$"
    ),
    # The second is what starting a thread fails with.
    "out of memory": re.compile(r"Cannot allocate memory|Resource temporarily unavailable"),
    "mostly undecodable": re.compile(r"Decode error rate .* exceeds maximum"),
    "estimated": re.compile(r"Estimating duration from bitrate"),
    "cut off": re.compile(
        r"partial file|File ended prematurely|filesize and duration do not match"
    ),
    "stopped": re.compile(r"Error during demuxing|Input/output error"),
    "short packet": re.compile(r"corrupt input packet"),
}
"""What tells one failure from another: the name that this program gives it, and ffmpeg's words."""


# A damaged file makes some few lines come by the thousand.
@functools.lru_cache(maxsize=64)
def signs_of(text: str) -> tuple[frozenset[str], bool]:
    """Return the names of the signs in a line of ffmpeg, and whether it tells of a lost packet.

    Parameters
    ----------
    text : str
        The line without its contexts and its level.

    Examples
    --------
    >>> signs_of("Format not on whitelist")
    (frozenset({'not whitelisted'}), False)
    """
    signs = frozenset(name for name, sign in SIGNS.items() if sign.search(text))
    return signs, _LOST_PACKET.search(text) is not None
