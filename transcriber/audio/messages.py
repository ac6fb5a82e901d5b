"""What ffmpeg said while it decoded, read line by line into bounded memory."""

from __future__ import annotations

import math
import re
from collections import deque
from dataclasses import dataclass, field

from transcriber.audio.signs import signs_of
from transcriber.audio.tracks import AudioTrack

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
_STREAM = re.compile(
    r"\s+Stream #0:(?P<number>\d+)(?:\[0x(?P<id>[0-9a-f]+)\])?(?:\((?P<language>.*?)\))?"
    r": (?P<kind>[A-Z]\w+): (?P<codec>[^\s,]+)(?P<rest>.*)"
)
# ISO 13818-1, 2.4.3.7: the streams of pictures. ffmpeg takes one for sound by mistake where it was
# built without the format that it is.
_PICTURE_ID = re.compile("1e[0-9a-f]")
_RATE = re.compile(r", (\d+) Hz,")
_NEW_RATE = re.compile(r"audio parameters changed to (\d+) Hz,")
_LAYOUT = re.compile(r", \d+ Hz, ([^,]+)")

# What a filter prints: see `build_command`. Tags stand in lines that begin with spaces.
_PRINTED = re.compile(r"-?(\d+\.\d{6}|nan|inf)")

# Containers whose clock begins at 0. In others, broadcast among them, it may begin anywhere, and
# the recording with it; in these, too, where a piece of a broadcast was kept as it came.
_CLOCK_FROM_ZERO = frozenset({"mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm", "flv"})
_LATEST_START = 3600.0

# ISO 13818-1, 2.4.3.7: times have 33 bits. ffmpeg takes one that was set back for one that counts
# on beyond them.
MPEG = frozenset({"mpegts", "mpeg"})
MPEG_SECONDS = 2**33 / 90_000

# The filter counts anew where rate or channels change. A browser writes a recording of unknown
# length, and appends the next one to it.
_HARMLESS = re.compile(
    r"non monotonically increasing dts to muxer|unknown-length element with ID 0x18538067 "
)

# Lines that only pass on a failure that another line explains.
_RELAYED = re.compile(
    r"Error opening (input|output)|Error submitting|Error while decoding stream|Decoding error:"
    r"|Conversion failed|Task finished|Terminating thread|Nothing was written|Could not open"
    r"|Error initializing"
)

# The name of the recording, which may hold any of the words that are looked for.
_NAME = re.compile(r"file:/(.*: |.*$)")

# The demuxer of Matroska and WebM shows the key's name among the tags of an encrypted track.
_KEY_NAME = re.compile(r"\s+enc_key_id\s*: ")


def _plain(text: str) -> str:
    # Anybody may have written it, and it is shown.
    return re.sub(r"[^\w.() -]", "", text)[:24]


@dataclass(kw_only=True)
class FfmpegMessages:
    """What is known from ffmpeg's standard error so far.

    Attributes
    ----------
    input_format : str
        ffmpeg's name of the format, such as ``mov,mp4,m4a,3gp,3g2,mj2``; empty before it is known.
    start_seconds : float
        Time of the first sample or picture on the file's own clock.
    tracks : list of AudioTrack
        The audio tracks, in the file's order.
    jumps : deque of tuple of float
        Where samples and stream time came to differ since the last such place, and who reads them
        takes them away: the seconds of sound before it, and by how many seconds time goes ahead.
        The first is at 0 and has the first sample's time.
    rate_changed : bool
        Whether the sound goes on at a rate that no track began with. There, ffmpeg's times for the
        sound between those of an MPEG stream are counted by the first rate.
    mistaken : bool
        Whether ffmpeg takes a picture for sound.
    audio_codec : str
        Codec of the first audio track; empty where there is none.
    other_streams : int
        How many further streams there are, of any kind.
    decoding : bool
        Whether decoding began.
    joined : int
        How many recordings followed the first one. Who reads the samples counts them.
    lost_packets : int
        How many packets the decoder refused.
    error_lines : int
        How many errors were reported since decoding began, lost packets among them.
    signs : set of str
        The names from `transcriber.audio.signs.SIGNS` that were met.
    quote : str
        The first error that explains something, in ffmpeg's words.
    """

    input_format: str = ""
    start_seconds: float = 0.0
    tracks: list[AudioTrack] = field(default_factory=list)
    jumps: deque[tuple[float, float]] = field(default_factory=deque)
    rate_changed: bool = False
    mistaken: bool = False
    audio_codec: str = ""
    other_streams: int = 0
    decoding: bool = False
    joined: int = 0
    lost_packets: int = 0
    error_lines: int = 0
    signs: set[str] = field(default_factory=set)
    quote: str = ""
    _announced: float | None = None
    _rates: set[str] = field(default_factory=set)
    _place: float | None = None
    _line: bytearray = field(default_factory=bytearray)

    @property
    def announced_seconds(self) -> float | None:
        """Length that the file claims; None where ffmpeg only guesses it."""
        length = self._announced
        beyond = self.input_format in MPEG and length is not None and length > MPEG_SECONDS / 2
        return None if beyond or "estimated" in self.signs else length

    @property
    def zero_seconds(self) -> float:
        """The time on the file's own clock that a player shows as 0."""
        zero = self.input_format in _CLOCK_FROM_ZERO and 0 < self.start_seconds < _LATEST_START
        return 0.0 if zero else self.start_seconds

    @property
    def errors(self) -> int:
        """How often decoding went wrong: lost packets, or errors that the decoder bridged."""
        count = self.lost_packets or self.error_lines
        # Before its release 8 ffmpeg decodes the two heads of each further link of a chain.
        return max(0, count - 2 * self.joined) if self.input_format == "ogg" else count

    @property
    def stopped(self) -> bool:
        """Whether ffmpeg gave up before the end, or in FLAC had no use for some of it."""
        return "stopped" in self.signs or (self.input_format == "flac" and self.errors > 0)

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
            if _PRINTED.fullmatch(text):
                self._take_number(float(text))
            elif changed := _NEW_RATE.search(text):
                self.rate_changed = self.rate_changed or changed[1] not in self._rates
            else:
                self._take_banner(text)
            return
        if _HARMLESS.search(text):
            return
        text = _NAME.sub("", text)
        # Not from the banner, where tags stand that anyone may have written.
        signs, lost = signs_of(text)
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

    def _take_number(self, number: float) -> None:
        number = number if math.isfinite(number) else 0.0
        if self._place is None:
            self._place = number
        else:
            self.jumps.append((self._place, number))
            self._place = None

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
            sound = match["kind"] == "Audio"
            if sound and self.input_format == "mpeg" and _PICTURE_ID.fullmatch(match["id"] or ""):
                self.mistaken, sound = True, False
            if sound:
                self._take_track(match)
            if sound and not self.audio_codec:
                self.audio_codec = match["codec"]
            else:
                self.other_streams += 1
        elif _KEY_NAME.match(text):
            self.signs.add("encrypted")

    def _take_track(self, match: re.Match[str]) -> None:
        self._rates.update(_RATE.findall(match["rest"]))
        layout = _LAYOUT.search(match["rest"])
        self.tracks.append(
            AudioTrack(
                stream=int(match["number"]),
                language=_plain(match["language"] or ""),
                layout=_plain(layout[1] if layout else ""),
                preferred="(default)" in match["rest"],
            )
        )
        # MPEG-TS lists them by programme.
        self.tracks.sort(key=lambda track: track.stream)
