"""What ffmpeg said while it decoded, read line by line into bounded memory."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass, field

_LINE_BYTES = 4096

# "[mp3 @ 0x55d0] [error] Header missing": the contexts, the level, the text.
_LINE = re.compile(
    r"(?:\[[^\]]+ @ (?:0x)?[0-9a-f]+\] )*"
    r"\[(?P<level>info|warning|error|fatal|panic)\] (?P<text>.*)"
)
_INPUT = re.compile(r"Input #0, (?P<format>\S+), from ")
_DURATION = re.compile(
    r"\s+Duration: (?P<hours>\d+):(?P<minutes>\d\d):(?P<seconds>\d\d\.\d+)"
    r"(?:, start: (?P<start>-?\d+\.\d+))?"
)
_STREAM = re.compile(r"\s+Stream #0:\d+\S*: (?P<kind>[A-Z]\w+): (?P<codec>[^\s,]+)")

# One of these per packet that was lost, under the names of ffmpeg 5 to 9.
_LOST_PACKET = re.compile(
    r"Error submitting (a )?packet to (the )?decoder|Error while decoding stream|Decoding error:"
    r"|corrupt decoded frame"
)

# Lines that only pass on a failure that another line explains.
_RELAYED = re.compile(
    r"Error opening (input|output)|Error submitting|Error while decoding stream|Decoding error:"
    r"|Conversion failed|Task finished|Terminating thread|Nothing was written|Could not open"
    r"|Error initializing"
)

# The name of the recording, which may hold any of the words that are looked for.
_NAME = re.compile(r"file:/(.*: |.*$)")

SIGNS: dict[str, re.Pattern[str]] = {
    "no stream": re.compile(r"Output file (#0 )?does not contain any stream"),
    "not whitelisted": re.compile(r"Format not on whitelist"),
    "unsure format": re.compile(r"misdetection possible"),
    "at end": re.compile(r": End of file$"),
    "no index": re.compile(r"moov atom not found"),
    "no decoder": re.compile(
        r"no decoder found for|Decoder \(codec .*\) not found|Unknown decoder"
    ),
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

# The demuxer of Matroska and WebM shows the key's name among the tags of an encrypted track.
_KEY_NAME = re.compile(r"\s+enc_key_id\s*: ")


# A damaged file makes some few lines come by the thousand.
@functools.lru_cache(maxsize=64)
def _signs_of(text: str) -> tuple[frozenset[str], bool]:
    signs = frozenset(name for name, sign in SIGNS.items() if sign.search(text))
    return signs, _LOST_PACKET.search(text) is not None


@dataclass(kw_only=True)
class FfmpegMessages:
    """What is known from ffmpeg's standard error so far.

    Attributes
    ----------
    input_format : str
        ffmpeg's name of the format, such as ``mov,mp4,m4a,3gp,3g2,mj2``; empty before it is known.
    start_seconds : float
        Time of the first sample on the file's own clock.
    audio_codec : str
        Codec of the first audio track; empty where there is none.
    other_streams : int
        How many further streams there are, of any kind.
    decoding : bool
        Whether decoding began.
    lost_packets : int
        How many packets the decoder refused.
    error_lines : int
        How many errors were reported since decoding began, lost packets among them.
    signs : set of str
        The names from `SIGNS` that were met.
    quote : str
        The first error that explains something, in ffmpeg's words.
    """

    input_format: str = ""
    start_seconds: float = 0.0
    audio_codec: str = ""
    other_streams: int = 0
    decoding: bool = False
    lost_packets: int = 0
    error_lines: int = 0
    signs: set[str] = field(default_factory=set)
    quote: str = ""
    _announced: float | None = None
    _line: bytearray = field(default_factory=bytearray)

    @property
    def announced_seconds(self) -> float | None:
        """Length that the file claims; None where ffmpeg only guesses it from the file size."""
        return None if "estimated" in self.signs else self._announced

    @property
    def errors(self) -> int:
        """How often decoding went wrong: lost packets, or errors that the decoder bridged."""
        return self.lost_packets or self.error_lines

    def feed(self, data: bytes) -> None:
        """Take the next bytes of ffmpeg's standard error.

        The rest of a line beyond 4096 bytes is dropped.
        """
        lines = data.split(b"\n")
        for index, part in enumerate(lines):
            self._line += part[: _LINE_BYTES - len(self._line)]
            if index < len(lines) - 1:
                self._take(self._line.decode("utf-8", "replace"))
                self._line.clear()

    def finish(self) -> None:
        """Take what is left: a killed child leaves a line without an end."""
        self._take(self._line.decode("utf-8", "replace"))
        self._line.clear()

    def _take(self, line: str) -> None:
        match = _LINE.fullmatch(line.rstrip())
        if match is None:
            return
        text = match["text"]
        if match["level"] == "info":
            self._take_banner(text)
            return
        text = _NAME.sub("", text)
        # Not from the banner, where tags stand that anyone may have written.
        signs, lost = _signs_of(text)
        self.signs |= signs
        # A gap in the reception; elsewhere the end of the file, which is no error yet.
        lost = lost or (self.input_format == "mpegts" and "short packet" in signs)
        severe = match["level"] != "warning"
        if self.decoding:
            self.lost_packets += lost
            self.error_lines += severe or lost
        # The first one is the cause, mostly; those after it follow from it.
        if severe and (not self.quote or (_RELAYED.match(self.quote) and not _RELAYED.match(text))):
            self.quote = text

    def _take_banner(self, text: str) -> None:
        if self.decoding:
            return
        if text.startswith("Stream mapping:"):
            self.decoding = True
            # What was wrong until here, often in a picture, did not prevent it.
            self.quote = ""
        elif match := _INPUT.match(text):
            self.input_format = match["format"]
        elif match := _DURATION.match(text):
            minutes = 60 * int(match["hours"]) + int(match["minutes"])
            self._announced = 60 * minutes + float(match["seconds"])
            self.start_seconds = float(match["start"] or 0)
        elif match := _STREAM.match(text):
            if match["kind"] == "Audio" and not self.audio_codec:
                self.audio_codec = match["codec"]
            else:
                self.other_streams += 1
        elif _KEY_NAME.match(text):
            self.signs.add("encrypted")
