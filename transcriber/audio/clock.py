"""A recording's samples on its clock: silence stands where time goes on without sound."""

from __future__ import annotations

from collections.abc import Iterator

from transcriber.audio.command import SAMPLE_RATE
from transcriber.audio.messages import MPEG, MPEG_SECONDS, FfmpegMessages

_LEAST_SECONDS = 0.1
"""A smaller difference is the jitter of a container's clock, or what an encoder adds in front."""

_LEAST_SECONDS_OF_ANOTHER_RATE = 0.5
"""More than the sound of one packet of an MPEG stream, where its rate has changed."""

_DRIFT_SECONDS = 0.25
"""When time goes back further at once, another recording was appended or the clock set anew."""

_MOST_SECONDS = 4 * 3600.0
"""Longest silence in all. Beyond it a clock is rather damaged than right."""

_BEYOND_END_SECONDS = 2.0
"""How far beyond its announced end a recording may go on."""

# Only these keep times. For others ffmpeg makes them from counts of bytes or of packets, which are
# wrong where the bit rate or the sample rate changes.
_WITH_TIMES = frozenset(
    {
        *("mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm", "ogg", "asf", "asf_o", "flv", "live_flv"),
        # These number their samples.
        *("flac", "wv"),
        *("mpegts", "mpeg", "rm", "ivr", "nut", "nsv", "wtv", "mxf", "gxf", "dhav", "pva", "ty"),
    }
)

_SILENCE = bytes(1 << 20)


class Clock:
    """Puts samples on the clock of the messages that ffmpeg writes beside them.

    Parameters
    ----------
    messages : FfmpegMessages
        What ffmpeg says. It must have taken what was said before a piece of samples.
    label : str
        What messages call the recording.
    before : int
        How many samples of the same file came before its first.
    alone : bool
        Whether what is appended to the recording is left out.

    Attributes
    ----------
    samples : int
        How many have been given out.
    joined : int
        How often time went back: so many recordings were appended to the first.
    """

    def __init__(
        self, messages: FfmpegMessages, label: str, *, before: int = 0, alone: bool = False
    ) -> None:
        self._messages = messages
        self._label = label
        self._before = before
        self._alone = alone
        self._taken = 0
        self._origin = 0
        self._begun = False
        self._has_times = True
        # Seconds by which the samples are behind the clock, or ahead of it.
        self._late = 0.0
        self._gone_back = 0.0
        self._surplus = 0
        self._gaps: list[tuple[float, float]] = []
        self._left_out = 0.0
        self._jumps: list[tuple[float, float]] = []
        self.samples = 0
        self.joined = 0

    @property
    def refused(self) -> bool:
        """Whether the clock went further ahead than is followed."""
        return bool(self._jumps)

    def place(self, data: bytes) -> Iterator[bytes]:
        """Yield the next samples, and the silence that belongs before and between them."""
        jumps = self._messages.jumps
        while jumps:
            at = round(jumps[0][0] * SAMPLE_RATE) + self._origin
            if at >= self._taken + len(data) // 2:
                break
            place, seconds = jumps.popleft()
            cut = 2 * max(0, at - self._taken)
            yield from self._give(data[:cut])
            data = data[cut:]
            if place == 0:
                yield from self._start(seconds)
            elif self._has_times and self._messages.input_format in _WITH_TIMES:
                yield from self._follow(seconds)
            if self.ended:
                return
        yield from self._give(data)

    @property
    def ended(self) -> bool:
        """Whether nothing more belongs to the recording."""
        return self._alone and self.joined > 0

    def notes(self) -> list[str]:
        """Return a line for each way in which the samples are not those of the file."""
        lines = []
        earlier = self._before / SAMPLE_RATE
        gaps = self._gaps
        if gaps and gaps[0][0] == earlier == 0:
            lines.append(
                f"{self._label}: its sound begins at {gaps[0][1]:.1f} s; "
                "silence fills the time before"
            )
            gaps = gaps[1:]
        if gaps:
            total = sum(length for _, length in gaps)
            several = len(gaps) > 1
            where = f"in {len(gaps)} places, the first at" if several else "at"
            lines.append(
                f"{self._label}: sound is missing {where} {earlier + gaps[0][0]:.1f} s; "
                f"{total:.1f} s of silence fill the gap{'s' * several}"
            )
        if self._left_out:
            lines.append(
                f"{self._label}: its sound runs ahead of its clock: {self._left_out:.1f} s "
                "were left out, where it is quietest"
            )
        if self._jumps:
            at, length = self._jumps[0]
            lines.append(
                f"{self._label} is damaged: its clock jumps ahead by {length:.0f} s at "
                f"{earlier + at:.1f} s, more than can be right; later times may be too early"
            )
        return lines

    def _give(self, data: bytes) -> Iterator[bytes]:
        self._taken += len(data) // 2
        if self._surplus and len(data) >= 8 * self._surplus:
            data = _without_quietest(data, self._surplus)
            self._surplus = 0
        if data:
            self.samples += len(data) // 2
            yield data

    def _start(self, seconds: float) -> Iterator[bytes]:
        own = seconds - self._messages.zero_seconds
        if not self._begun:
            self._begun = True
            if own > -_LEAST_SECONDS:
                yield from self._follow(own)
            return
        # Before its release 8 ffmpeg counts the next link of an Ogg chain by the first one's rate.
        self._has_times = self._messages.input_format != "ogg"
        # Rate or channels changed, and ffmpeg counts anew. Samples from before may yet come, so
        # the count begins where the clock says, unless that cannot be.
        ahead = round(own * SAMPLE_RATE) - self.samples
        self._origin = self._taken + (ahead if 0 <= ahead < 10 * SAMPLE_RATE else 0)

    def _follow(self, seconds: float) -> Iterator[bytes]:
        """Take notice that time went ahead of the samples, or back."""
        late = self._late + seconds
        if late > MPEG_SECONDS / 2 and self._messages.input_format in MPEG:
            late -= MPEG_SECONDS
        changed = self._messages.rate_changed
        least = _LEAST_SECONDS_OF_ANOTHER_RATE if changed else _LEAST_SECONDS
        if late >= least:
            self._late = 0.0
            now = self.samples / SAMPLE_RATE
            if self._is_followed(now, late):
                self._gaps.append((now, late))
                yield from self._silence(round(late * SAMPLE_RATE))
            else:
                self._jumps.append((now, late))
        elif late <= -_DRIFT_SECONDS:
            self._gone_back -= late
            self.joined += 1
            self._messages.joined = self.joined
        elif late <= -least:
            self._late = 0.0
            self._left_out -= late
            self._surplus += round(-late * SAMPLE_RATE)
        else:
            self._late = late

    def _is_followed(self, now: float, late: float) -> bool:
        if sum(length for _, length in self._gaps) + late > _MOST_SECONDS:
            return False
        announced = self._messages.announced_seconds
        if announced is None:
            return True
        # In some containers it is counted from the clock's zero, in others from the first sample.
        end = announced + max(0.0, self._messages.start_seconds) + self._gone_back
        end += _BEYOND_END_SECONDS
        # One that is behind the end already was announced wrongly.
        return now > end or now + late <= end

    def _silence(self, count: int) -> Iterator[bytes]:
        self.samples += count
        for start in range(0, 2 * count, len(_SILENCE)):
            yield _SILENCE[: 2 * count - start]


def _without_quietest(data: bytes, count: int) -> bytes:
    """Return samples without the `count` in a row that are the quietest."""
    import numpy as np  # noqa: PLC0415  loads much, and few recordings need it

    energy = np.cumsum(np.frombuffer(data, "<i2").astype(np.float64) ** 2)
    start = 2 * int((energy[count:] - energy[:-count]).argmin()) + 2
    return data[:start] + data[start + 2 * count :]
