"""Recordings in which nobody speaks, made by recipe, and speech beside them.

Every recipe has a seed of its own, which is its name, so a recording is the same in every run and
hangs on no other. Samples are mono at 16 kHz, between -1 and 1.
"""

from __future__ import annotations

import wave
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

RATE = 16000
"""Samples of a second."""

SECONDS = 24.0
"""Length of a recording of nothing."""

Samples = npt.NDArray[np.float64]
Chance = np.random.Generator
Recipe = Callable[[Chance, float], Samples]
"""Makes so many seconds."""


def make(name: str, seconds: float = SECONDS) -> Samples:
    """Return a recording of nothing.

    Parameters
    ----------
    name : str
        One of `NOTHING`.
    seconds : float
        Its length.
    """
    made = NOTHING[name](np.random.default_rng(zlib.crc32(name.encode())), seconds)
    return made[: int(seconds * RATE)]


def write(path: Path, samples: Samples) -> Path:
    """Write samples as 16-bit PCM; what is too loud is clipped."""
    pcm = np.clip(np.round(samples * 32767), -32768, 32767).astype("<i2")
    with wave.open(str(path), "wb") as stream:
        stream.setnchannels(1)
        stream.setsampwidth(2)
        stream.setframerate(RATE)
        stream.writeframes(pcm.tobytes())
    return path


def read(path: Path) -> Samples:
    """Return the samples of 16-bit PCM in mono at 16 kHz."""
    with wave.open(str(path), "rb") as stream:
        assert (stream.getnchannels(), stream.getsampwidth(), stream.getframerate()) == (1, 2, RATE)
        content = stream.readframes(stream.getnframes())
    samples: Samples = np.frombuffer(content, "<i2") / 32768
    return samples


def joined(*parts: Samples) -> tuple[Samples, list[tuple[float, float]]]:
    """Return parts one behind the other, and where each begins and ends, in seconds."""
    ends = np.cumsum([len(part) for part in parts]) / RATE
    starts = [0.0, *ends.tolist()[:-1]]
    return np.concatenate(parts), list(zip(starts, ends.tolist(), strict=True))


def looped(samples: Samples, start: float, end: float, *, times: int, pause: float) -> Samples:
    """Return a part of a recording, in seconds, again and again, with silence between.

    Parameters
    ----------
    samples : array
        The recording.
    start, end : float
        The part; its edges are faded over 10 ms.
    times : int
        How often it comes.
    pause : float
        Seconds of silence behind each.
    """
    part = samples[int(start * RATE) : int(end * RATE)]
    part = part * _faded(len(part) / RATE, 0.01, 0.01)[: len(part)]
    once: Samples = np.concatenate([part, np.zeros(int(pause * RATE))])
    return np.tile(once, times)


# What the recipes are made of.


def _times(seconds: float) -> Samples:
    return np.arange(round(seconds * RATE)) / RATE


def _level(samples: Samples, decibels: float) -> Samples:
    """Return samples with a root mean square of so many dB below full scale."""
    scaled: Samples = samples * (10 ** (decibels / 20) / max(float(np.std(samples)), 1e-12))
    return scaled


def _faded(seconds: float, rise: float, fall: float) -> Samples:
    t = _times(seconds)
    shape: Samples = np.clip(np.minimum(t / rise, (seconds - t) / fall), 0, 1)
    return shape


def _noise(
    chance: Chance, seconds: float, low: float = 0, high: float = 8000, tilt: float = 0
) -> Samples:
    """Return noise of a band whose power falls with the `tilt`-th power of the frequency."""
    spectrum = np.fft.rfft(chance.standard_normal(int(seconds * RATE)))
    frequencies = np.fft.rfftfreq(int(seconds * RATE), 1 / RATE)
    shape = np.maximum(frequencies, 20) ** (-tilt / 2) * (frequencies >= low)
    # A gentle upper edge, as real sounds have.
    shape = shape / np.sqrt(1 + (frequencies / high) ** 8)
    return _level(np.fft.irfft(spectrum * shape, int(seconds * RATE)), 0)


def _slow(chance: Chance, seconds: float, highest: float) -> Samples:
    """Return a number between 0 and 1 that wanders at up to so many Hz."""
    wandering = _noise(chance, seconds, high=highest)
    return 1 / (1 + np.exp(-1.5 * wandering))


def _tone(frequency: float, seconds: float, partials: Sequence[float] = (1,)) -> Samples:
    """Return a tone with its overtones, each of the height that is given."""
    return _bent(np.full(int(seconds * RATE), float(frequency)), partials)


def _bent(frequencies: Samples, partials: Sequence[float] = (1,)) -> Samples:
    """Return a tone whose frequency changes from sample to sample."""
    turning = np.exp(2j * np.pi * np.cumsum(frequencies) / RATE)
    found = np.zeros(len(turning))
    overtone = np.ones(len(turning), np.complex128)
    for height in partials:
        overtone *= turning
        found += height * overtone.imag
    return found


def _sum(parts: Iterable[Samples]) -> Samples:
    total: Samples = np.sum(list(parts), axis=0, dtype=np.float64)
    return total


def _at(seconds: float, events: Iterable[tuple[float, Samples]]) -> Samples:
    """Return sounds, each where it begins."""
    found = np.zeros(int(seconds * RATE))
    for start, sound in events:
        place = int(start * RATE)
        part = sound[: max(0, len(found) - place)]
        found[place : place + len(part)] += part
    return found


def _every(step: float, seconds: float) -> list[float]:
    return np.arange(0, seconds, step).tolist()


def _pluck(frequency: float, seconds: float, decay: float = 4) -> Samples:
    """Return a note of something struck or plucked."""
    fall = np.exp(-decay * _times(seconds)) * _faded(seconds, 0.004, 0.02)
    return _tone(frequency, seconds, (1, 0.5, 0.3, 0.15, 0.08)) * fall


def _bowed(frequency: float, seconds: float) -> Samples:
    """Return a note of a bowed string, with vibrato."""
    t = _times(seconds)
    wave_form = _bent(
        frequency * (1 + 0.006 * np.sin(2 * np.pi * 5.5 * t)), [1 / n for n in range(1, 11)]
    )
    return wave_form * _faded(seconds, 0.15, 0.2)


def _burst(
    chance: Chance, seconds: float, decay: float, low: float = 0, high: float = 8000
) -> Samples:
    """Return noise that dies away."""
    return _noise(chance, seconds, low, high) * np.exp(-decay * _times(seconds))


def _pitch(key: float) -> float:
    """Return the frequency of a key of a piano in MIDI's numbers."""
    return float(440 * 2 ** ((key - 69) / 12))


# Recipes, by kind.


def _noise_at(tilt: float, decibels: float) -> Recipe:
    return lambda chance, seconds: _level(_noise(chance, seconds, tilt=tilt), decibels)


def _silence(chance: Chance, seconds: float) -> Samples:
    return np.zeros(int(seconds * RATE))


def _dither(chance: Chance, seconds: float) -> Samples:
    return chance.triangular(-1, 0, 1, int(seconds * RATE)) / 32767


def _offset(chance: Chance, seconds: float) -> Samples:
    return 0.1 + _noise(chance, seconds) * 1e-4


def _room(chance: Chance, seconds: float) -> Samples:
    """Return the tone of a room that is recorded louder and softer."""
    steps = np.repeat(10 ** (chance.uniform(-2.8, -1.6, 6)), int(seconds * RATE / 6) + 1)
    return _noise(chance, seconds, 40, 3000, tilt=1.5) * steps[: int(seconds * RATE)]


def _fade_in(chance: Chance, seconds: float) -> Samples:
    return _level(_noise(chance, seconds, tilt=1), -20) * _faded(seconds, seconds, 0.01) ** 2


def _cassette(chance: Chance, seconds: float) -> Samples:
    hiss = _level(_noise(chance, seconds, 1000), -40) * (1 + 0.1 * _slow(chance, seconds, 5))
    return hiss + _level(_tone(50, seconds, (1, 0.2)), -50)


def _vinyl(chance: Chance, seconds: float) -> Samples:
    crackles = [
        (float(start), 0.3 * chance.uniform(0.1, 1) * _burst(chance, 0.004, 1500))
        for start in chance.uniform(0, seconds, int(12 * seconds))
    ]
    rumble = _level(_noise(chance, seconds, 20, 120), -38)
    return _at(seconds, crackles) + rumble + _level(_noise(chance, seconds), -52)


def _hum(frequency: float, decibels: float) -> Recipe:
    heights = (1, 0.6, 0.4, 0.3, 0.2, 0.15, 0.1, 0.08, 0.05)
    return lambda chance, seconds: (
        _level(_tone(frequency, seconds, heights), decibels) + 0.0003 * _noise(chance, seconds)
    )


def _tone_of(frequency: float, decibels: float = -16) -> Recipe:
    return lambda chance, seconds: _level(_tone(frequency, seconds), decibels)


def _square(frequency: float) -> Recipe:
    return lambda chance, seconds: np.sign(_tone(frequency, seconds)) * 1.2


def _keys(chance: Chance, seconds: float) -> Samples:
    """Return what the keys of a telephone sound like."""
    low, high = (697, 770, 852, 941), (1209, 1336, 1477)
    return _at(
        seconds,
        (
            (
                start,
                0.2
                * (_tone(chance.choice(low), 0.12) + _tone(chance.choice(high), 0.12))
                * _faded(0.12, 0.003, 0.003),
            )
            for start in _every(0.25, seconds)
        ),
    )


def _beeps(chance: Chance, seconds: float) -> Samples:
    beep = 0.3 * _tone(1000, 0.2) * _faded(0.2, 0.005, 0.005)
    return _at(seconds, ((start, beep) for start in _every(1, seconds)))


def _busy(chance: Chance, seconds: float) -> Samples:
    beep = 0.2 * (_tone(480, 0.5) + _tone(620, 0.5)) * _faded(0.5, 0.01, 0.01)
    return _at(seconds, ((start, beep) for start in _every(1, seconds)))


def _ring(chance: Chance, seconds: float) -> Samples:
    """Return a telephone with a bell in it."""
    t = _times(2)
    bell = (_tone(1200, 2) + 0.6 * _tone(1523, 2)) * (0.5 + 0.5 * np.sign(np.sin(40 * np.pi * t)))
    return _at(seconds, ((start, 0.12 * bell) for start in _every(5, seconds)))


def _mobile(chance: Chance, seconds: float) -> Samples:
    """Return a melody of a telephone without one."""
    keys = (76, 74, 66, 68, 73, 71, 62, 64, 71, 69, 61, 64, 69)
    steps = (1, 1, 2, 2, 1, 1, 2, 2, 1, 1, 2, 2, 6)
    starts = np.cumsum((0, *steps[:-1])) * 0.14
    melody = [
        (float(start), np.sign(_tone(_pitch(key + 12), 0.13)) * 0.08)
        for start, key in zip(starts, keys, strict=True)
    ]
    once = _at(5, melody)
    return np.tile(once, int(seconds / 5) + 1)


def _siren(chance: Chance, seconds: float) -> Samples:
    sweep = 900 + 350 * np.sin(2 * np.pi * 0.4 * _times(seconds))
    return _level(_bent(sweep, (1, 0.4, 0.3, 0.1)), -18)


def _sweep(chance: Chance, seconds: float) -> Samples:
    return 0.3 * _bent(np.geomspace(60, 7000, int(seconds * RATE)))


def _birds(chance: Chance, seconds: float) -> Samples:
    def chirp() -> Samples:
        long = chance.uniform(0.06, 0.25)
        start, end = chance.uniform(2200, 6500, 2)
        bent = np.linspace(start, end, int(long * RATE))
        return 0.15 * _bent(bent) * np.hanning(len(bent))

    starts = chance.uniform(0, seconds, int(3 * seconds)).tolist()
    calls = _at(seconds, ((start, chirp()) for start in starts))
    return calls + _level(_noise(chance, seconds, tilt=1), -50)


def _crickets(chance: Chance, seconds: float) -> Samples:
    t = _times(seconds)
    pulses = np.clip(np.sin(2 * np.pi * 30 * t), 0, 1) * (np.sin(2 * np.pi * 1.3 * t) > 0)
    return _level(_tone(4300, seconds) * pulses, -28) + 0.001 * _noise(chance, seconds)


def _whistle(chance: Chance, seconds: float) -> Samples:
    """Return somebody who whistles a tune."""
    keys = np.repeat(chance.choice((81, 83, 85, 86, 88), int(seconds / 0.4) + 1), int(0.4 * RATE))
    keys = np.convolve(keys[: int(seconds * RATE)], np.hanning(800) / 399.5, "same")
    shake = 0.2 * np.sin(2 * np.pi * 5 * _times(seconds))
    return 0.15 * _bent(440 * 2 ** ((keys + shake - 69) / 12), (1, 0.05)) + 0.002 * _noise(
        chance, seconds, 1500
    )


def _clicks(chance: Chance, seconds: float) -> Samples:
    starts = chance.uniform(0, seconds, int(4 * seconds)).tolist()
    return _at(seconds, ((start, np.array([0.9, -0.7, 0.3])) for start in starts))


def _typing(chance: Chance, seconds: float) -> Samples:
    strokes = [
        (float(start), chance.uniform(0.05, 0.2) * _burst(chance, 0.05, 120, 800, 6000))
        for start in np.cumsum(chance.gamma(2, 0.07, int(8 * seconds)))
        if start < seconds
    ]
    return _at(seconds, strokes) + _level(_noise(chance, seconds, tilt=1), -55)


def _steps(chance: Chance, seconds: float) -> Samples:
    starts = _every(0.55, seconds)
    return _at(
        seconds,
        (
            (start + float(chance.uniform(0, 0.04)), 0.25 * _burst(chance, 0.2, 35, 60, 900))
            for start in starts
        ),
    ) + _level(_noise(chance, seconds, tilt=1.5), -52)


def _clock(chance: Chance, seconds: float) -> Samples:
    tick, tock = (
        0.3 * _pluck(frequency, 0.06, 90) + 0.1 * _burst(chance, 0.06, 200)
        for frequency in (2400, 1900)
    )
    return _at(
        seconds,
        ((start, tick if round(start) % 2 else tock) for start in _every(1, seconds)),
    ) + _level(_noise(chance, seconds, tilt=1), -58)


def _heart(chance: Chance, seconds: float) -> Samples:
    beats = [
        (start + late, height * _tone(pitch, 0.14) * np.hanning(int(0.14 * RATE)))
        for start in _every(0.85, seconds)
        for late, height, pitch in ((0.0, 0.6, 48), (0.3, 0.4, 62))
    ]
    return _at(seconds, beats)


def _breath(chance: Chance, seconds: float) -> Samples:
    """Return somebody asleep."""
    breaths = []
    for start in _every(4, seconds):
        for late, long, loud, high in ((0.0, 1.3, 0.02, 2500), (1.8, 1.6, 0.03, 1200)):
            air = _noise(chance, long, 250, high, tilt=1)
            breaths.append((start + late, loud * air * np.hanning(len(air))))
    return _at(seconds, breaths) + _level(_noise(chance, seconds), -66)


def _applause(chance: Chance, seconds: float) -> Samples:
    """Return many hands, first more and more of them and then fewer."""
    pool = [_burst(chance, 0.06, 90, 500 + 60 * n, 2500 + 150 * n) for n in range(12)]
    starts = chance.beta(2, 2, int(90 * seconds)) * seconds
    return _level(_at(seconds, ((float(at), pool[chance.integers(12)]) for at in starts)), -22)


def _claps(chance: Chance, seconds: float) -> Samples:
    """Return one pair of hands."""
    return _at(
        seconds,
        (
            (start + float(chance.uniform(0, 0.05)), 0.4 * _burst(chance, 0.08, 70, 600, 3500))
            for start in _every(0.45, seconds)
        ),
    ) + _level(_noise(chance, seconds, tilt=1), -55)


def _rain(chance: Chance, seconds: float) -> Samples:
    pool = [_burst(chance, 0.02, 300, 1000) for _ in range(20)]
    starts = chance.uniform(0, seconds, int(150 * seconds)).tolist()
    drops = _at(
        seconds, ((at, chance.exponential(0.05) * pool[chance.integers(20)]) for at in starts)
    )
    return drops + _level(_noise(chance, seconds, 300, 7000, tilt=0.5), -36)


def _wind(chance: Chance, seconds: float) -> Samples:
    gusts = _slow(chance, seconds, 0.5) ** 2
    whistling = _noise(chance, seconds, 350, 600) * _slow(chance, seconds, 0.3) ** 4
    return 0.25 * _noise(chance, seconds, 20, 350, tilt=1) * gusts + 0.03 * whistling


def _sea(chance: Chance, seconds: float) -> Samples:
    waves = 0.15 + np.sin(np.pi * _times(seconds) / 7) ** 4
    return _level(_noise(chance, seconds, 60, 4000, tilt=1) * waves, -24)


def _engine(chance: Chance, seconds: float) -> Samples:
    speed = 32 + 14 * _slow(chance, seconds, 0.3)
    firing = _bent(speed, [1 / n**0.7 for n in range(1, 30)])
    return _level(firing, -22) + _level(_noise(chance, seconds, 50, 1500, tilt=1), -34)


def _propeller(chance: Chance, seconds: float) -> Samples:
    blades = np.clip(np.sin(2 * np.pi * 11 * _times(seconds)), 0, 1) ** 3
    return _level(_noise(chance, seconds, 40, 1200, tilt=1) * (0.1 + blades), -20)


def _vacuum(chance: Chance, seconds: float) -> Samples:
    whine = _tone(310, seconds, (0.5, 0.3, 1, 0.2, 0.4, 0.1))
    return _level(whine, -28) + _level(_noise(chance, seconds, 200, 6000), -24)


def _train(chance: Chance, seconds: float) -> Samples:
    joints = [
        (start + late, 0.25 * _burst(chance, 0.15, 40, 60, 700))
        for start in _every(1.4, seconds)
        for late in (0.0, 0.14)
    ]
    return _at(seconds, joints) + _level(_noise(chance, seconds, 30, 800, tilt=1.5), -26)


def _drill(chance: Chance, seconds: float) -> Samples:
    on = np.repeat(np.arange(int(seconds / 1.5) + 1) % 2, int(1.5 * RATE))[: int(seconds * RATE)]
    return _level(_bent(np.full(len(on), 180.0), [1] * 20) + _noise(chance, seconds), -18) * on


def _dialling(chance: Chance, seconds: float) -> Samples:
    """Return a modem: tones that change many times a second, and noise."""
    keys = np.repeat(chance.choice((980, 1180, 1650, 1850), int(seconds * 50) + 1), RATE // 50)
    tones = _bent(keys[: int(seconds * RATE)].astype(float))
    return _level(tones + 0.3 * _noise(chance, seconds, 300, 3400), -20)


# Beings that do not speak.


def _sung(
    chance: Chance, frequencies: Samples, formants: Sequence[tuple[float, float, float]]
) -> Samples:
    """Return a voice-like sound: a rich tone whose spectrum has hills.

    Parameters
    ----------
    chance : numpy.random.Generator
        Of the air in it.
    frequencies : array
        The pitch at each sample.
    formants : sequence of (float, float, float)
        Middle of each hill in Hz, its width, and its height.
    """
    source = _bent(frequencies, [1 / n for n in range(1, 41)])
    source += 0.05 * chance.standard_normal(len(source))
    spectrum = np.fft.rfft(source)
    at = np.fft.rfftfreq(len(source), 1 / RATE)
    hills = np.zeros(len(at))
    for middle, wide, height in formants:
        hills += height / (1 + ((at - middle) / wide) ** 2)
    return _level(np.fft.irfft(spectrum * hills, len(source)), 0)


_AH = ((700, 90, 1), (1150, 110, 0.5), (2600, 160, 0.15))
_OO = ((320, 70, 1), (800, 90, 0.3), (2400, 160, 0.05))


def _choir(chance: Chance, seconds: float) -> Samples:
    """Return a choir of a synthesiser: chords of one vowel."""
    t = _times(3)
    notes = []
    for number, start in enumerate(_every(3, seconds)):
        for key in _CHORDS[number % 4]:
            shake = 1 + 0.008 * np.sin(2 * np.pi * 5 * t + chance.uniform(0, 6))
            voice = _sung(chance, _pitch(key) * shake, _AH if number % 2 else _OO)
            notes.append((start, 0.05 * voice * _faded(3, 0.3, 0.4)))
    return _at(seconds, notes)


def _dog(chance: Chance, seconds: float) -> Samples:
    def bark() -> Samples:
        fall = np.geomspace(620, 330, int(0.18 * RATE)) * chance.uniform(0.9, 1.1)
        voice = _sung(chance, fall, ((800, 300, 1), (1700, 400, 0.5))) + _noise(chance, 0.18)
        return 0.12 * voice * _faded(0.18, 0.01, 0.12)

    starts = [start for start in _every(0.5, seconds) if int(start / 2) % 3 != 2]
    return _at(seconds, ((at, bark()) for at in starts)) + _level(_noise(chance, seconds), -60)


def _cat(chance: Chance, seconds: float) -> Samples:
    def call() -> Samples:
        rise = 500 + 300 * np.hanning(int(0.8 * RATE))
        return (
            0.12 * _sung(chance, rise, ((1000, 250, 1), (2500, 400, 0.4))) * _faded(0.8, 0.1, 0.3)
        )

    return _at(seconds, ((start, call()) for start in _every(2.5, seconds)))


def _owl(chance: Chance, seconds: float) -> Samples:
    hoot = 0.2 * _tone(390, 0.35, (1, 0.1)) * np.hanning(int(0.35 * RATE))
    return _at(
        seconds,
        ((start + late, hoot) for start in _every(4, seconds) for late in (0, 0.5, 1.3)),
    ) + _level(_noise(chance, seconds, tilt=1), -54)


def _cough(chance: Chance, seconds: float) -> Samples:
    return _at(
        seconds,
        (
            (start + late, 0.2 * _burst(chance, 0.3, 14, 250, 3000))
            for start in _every(4, seconds)
            for late in (0, 0.4)
        ),
    ) + _level(_noise(chance, seconds, tilt=1), -58)


def _snoring(chance: Chance, seconds: float) -> Samples:
    flutter = np.clip(_tone(28, 1.4), 0, 1) ** 2
    snore = 0.2 * _noise(chance, 1.4, 80, 900, tilt=1) * flutter * np.hanning(len(flutter))
    return _at(seconds, ((start, snore) for start in _every(4, seconds)))


# Music.

_CHORDS = ((57, 60, 64), (53, 57, 60), (48, 52, 55), (55, 59, 62))
"""A minor, F, C, G."""


def _chords(chance: Chance, seconds: float) -> Samples:
    """Return a piano that plays chords."""
    notes = [
        (start, 0.12 * _pluck(_pitch(key), 2, 1.5))
        for number, start in enumerate(_every(2, seconds))
        for key in _CHORDS[number % 4]
    ]
    return _at(seconds, notes)


def _arpeggio(chance: Chance, seconds: float) -> Samples:
    return _at(
        seconds,
        (
            (start, 0.2 * _pluck(_pitch(_CHORDS[number // 8 % 4][number % 3] + 12), 0.6))
            for number, start in enumerate(_every(0.2, seconds))
        ),
    )


def _strings(chance: Chance, seconds: float) -> Samples:
    notes = [
        (start, 0.05 * _bowed(_pitch(key + octave), 2.1))
        for number, start in enumerate(_every(2, seconds))
        for key in _CHORDS[number % 4]
        for octave in (0, 12)
    ]
    return _at(seconds, notes)


def _violin(chance: Chance, seconds: float) -> Samples:
    """Return a tune on one string."""
    keys = chance.choice((67, 69, 71, 72, 74, 76, 79), len(_every(0.6, seconds)))
    return _at(
        seconds,
        (
            (start, 0.12 * _bowed(_pitch(key), 0.65))
            for start, key in zip(_every(0.6, seconds), keys, strict=True)
        ),
    )


def _organ(chance: Chance, seconds: float) -> Samples:
    notes = [
        (start, 0.05 * _tone(_pitch(key), 3, (1, 0.8, 0.2, 0.6, 0, 0.2)) * _faded(3, 0.03, 0.06))
        for number, start in enumerate(_every(3, seconds))
        for key in (*_CHORDS[number % 4], _CHORDS[number % 4][0] - 12)
    ]
    return _at(seconds, notes)


def _bass(chance: Chance, seconds: float) -> Samples:
    return _at(
        seconds,
        (
            (start, 0.35 * _pluck(_pitch(_CHORDS[number // 8 % 4][0] - 24), 0.4, 5))
            for number, start in enumerate(_every(0.3, seconds))
        ),
    )


def _drums(chance: Chance, seconds: float) -> Samples:
    events = []
    for number, start in enumerate(_every(0.25, seconds)):
        events.append((start, 0.08 * _burst(chance, 0.05, 80, 5000)))
        if number % 4 == 0:
            events.append((start, 0.7 * _pluck(55, 0.3, 14)))
        if number % 4 == 2:
            events.append((start, 0.3 * _burst(chance, 0.2, 25, 200, 6000)))
    return _at(seconds, events)


def _band(chance: Chance, seconds: float) -> Samples:
    """Return all of them together."""
    parts = (_chords, _arpeggio, _bass, _drums, _strings)
    return _level(_sum(part(chance, seconds) for part in parts), -18)


def _brass(chance: Chance, seconds: float) -> Samples:
    keys = chance.choice((58, 60, 62, 65, 67, 70), len(_every(0.5, seconds)))
    return _at(
        seconds,
        (
            (start, 0.06 * _tone(_pitch(key), 0.45, [1] * 8) * _faded(0.45, 0.05, 0.08))
            for start, key in zip(_every(0.5, seconds), keys, strict=True)
        ),
    )


def _flute(chance: Chance, seconds: float) -> Samples:
    keys = chance.choice((74, 76, 77, 79, 81, 84), len(_every(0.45, seconds)))
    notes = [
        (
            start,
            0.15 * _tone(_pitch(key), 0.45, (1, 0.25, 0.08)) * _faded(0.45, 0.06, 0.05)
            + 0.006 * _noise(chance, 0.45, 800, 5000) * _faded(0.45, 0.02, 0.05),
        )
        for start, key in zip(_every(0.45, seconds), keys, strict=True)
    ]
    return _at(seconds, notes)


def _bells(chance: Chance, seconds: float) -> Samples:
    def bell(key: float) -> Samples:
        ratios = ((0.5, 1, 1.2), (1, 1, 1.6), (1.2, 0.7, 2), (2, 0.6, 2.5), (2.7, 0.4, 4))
        t = _times(4)
        return _sum(
            height * np.sin(2 * np.pi * _pitch(key) * ratio * t) * np.exp(-decay * t)
            for ratio, height, decay in ratios
        )

    keys = chance.choice((60, 62, 64, 67), len(_every(1.5, seconds)))
    return _at(
        seconds,
        ((at, 0.08 * bell(key)) for at, key in zip(_every(1.5, seconds), keys, strict=True)),
    )


def _guitar(chance: Chance, seconds: float) -> Samples:
    """Return an electric one, distorted."""
    notes = [
        (start, _pluck(_pitch(key - 12 + step), 0.55, 2))
        for number, start in enumerate(_every(0.5, seconds))
        for key in _CHORDS[number // 4 % 4][:1]
        for step in (0, 7, 12)
    ]
    return 0.15 * np.tanh(6 * _at(seconds, notes))


def _synthesiser(chance: Chance, seconds: float) -> Samples:
    """Return a pad that swells, of saw teeth a little out of tune."""
    saws = [
        (
            start,
            0.03 * _tone(_pitch(key + cents / 100), 4, [1 / n for n in range(1, 16)]) * swell,
        )
        for number, start in enumerate(_every(4, seconds))
        for key in _CHORDS[number % 4]
        for cents in (-8, 8)
        for swell in (_faded(4, 1.5, 1.0),)
    ]
    return _at(seconds, saws)


NOTHING: Mapping[str, Recipe] = {
    "silence": _silence,
    "dither": _dither,
    "offset": _offset,
    "room": _room,
    "fade in": _fade_in,
    "cassette": _cassette,
    "vinyl": _vinyl,
    "white noise, soft": _noise_at(0, -60),
    "white noise": _noise_at(0, -40),
    "white noise, loud": _noise_at(0, -14),
    "pink noise, soft": _noise_at(1, -50),
    "pink noise": _noise_at(1, -30),
    "brown noise": _noise_at(2, -25),
    "brown noise, loud": _noise_at(2, -12),
    "hum of 50 Hz": _hum(50, -26),
    "hum of 60 Hz": _hum(60, -40),
    "tone of 120 Hz": _tone_of(120),
    "tone of 440 Hz": _tone_of(440),
    "tone of 1 kHz": _tone_of(1000),
    "square wave, clipped": _square(220),
    "keys of a telephone": _keys,
    "beeps": _beeps,
    "busy": _busy,
    "ring": _ring,
    "mobile": _mobile,
    "modem": _dialling,
    "siren": _siren,
    "sweep": _sweep,
    "birds": _birds,
    "crickets": _crickets,
    "whistling": _whistle,
    "clicks": _clicks,
    "typing": _typing,
    "steps": _steps,
    "clock": _clock,
    "heart": _heart,
    "breath": _breath,
    "cough": _cough,
    "snoring": _snoring,
    "dog": _dog,
    "cat": _cat,
    "owl": _owl,
    "applause": _applause,
    "claps": _claps,
    "rain": _rain,
    "wind": _wind,
    "sea": _sea,
    "engine": _engine,
    "propeller": _propeller,
    "vacuum cleaner": _vacuum,
    "train": _train,
    "drill": _drill,
    "piano": _chords,
    "arpeggio": _arpeggio,
    "strings": _strings,
    "violin": _violin,
    "organ": _organ,
    "bass": _bass,
    "drums": _drums,
    "band": _band,
    "brass": _brass,
    "flute": _flute,
    "bells": _bells,
    "guitar": _guitar,
    "synthesiser": _synthesiser,
    "choir": _choir,
}
"""Recipes of recordings in which nobody speaks, by name."""

KINDS = (
    "silence",
    "white noise",
    "pink noise",
    "hum of 50 Hz",
    "tone of 440 Hz",
    "beeps",
    "applause",
    "rain",
    "wind",
    "engine",
    "clock",
    "piano",
    "strings",
    "drums",
    "band",
)
"""The main ones of them, that speech is put beside."""
