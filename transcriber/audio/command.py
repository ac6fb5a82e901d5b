"""The command line that makes ffmpeg turn a recording into Whisper's samples."""

from __future__ import annotations

from pathlib import Path

SAMPLE_RATE = 16000
"""Samples per second that Whisper's models were trained on."""

DEMUXERS: tuple[str, ...] = (
    # Uncompressed, in the containers of operating systems and recorders.
    *("wav", "w64", "aiff", "caf", "au", "iff", "voc", "sox", "ircam", "avr", "pvf", "paf", "epaf"),
    # Speech corpora and laboratories.
    *("nistsphere", "nsp", "wve"),
    # Compressed audio on its own.
    *("mp3", "aac", "loas", "ac3", "eac3", "dts", "dtshd", "mlp", "truehd", "sbc", "lc3"),
    *("flac", "ape", "wv", "tta", "tak", "shn", "mpc", "mpc8", "oma", "aea", "vqf", "xwma"),
    *("dsf", "iamf", "qoa"),
    # Telephony, dictation machines and voice recorders.
    *("amr", "amrnb", "amrwb", "g722", "g723_1", "g729", "gsm", "ilbc", "sln", "codec2", "qcp"),
    *("act", "dss", "aa"),
    # Containers of sound and picture, television and cameras among them.
    *("mov", "matroska", "ogg", "asf", "asf_o", "avi", "flv", "rm", "ivr", "nut", "nsv", "wtv"),
    *("mpegts", "mpeg", "mxf", "gxf", "dv", "dhav", "pva", "ty", "swf", "live_flv"),
)
"""ffmpeg's demuxers that may open a recording, by the names that `ffmpeg -demuxers` prints.

Left out are those that open further files or addresses named in the first (hls, dash, concat,
imf, sdp, rtsp, avisynth), devices, pictures and subtitles, which hold no sound, and headerless
PCM, whose rate nobody knows. Games' formats and tracker music stay out too: they hold no
recorded speech, and every parser that cannot be reached cannot be attacked. ffmpeg ignores
names that it was built without.
"""

CHANNELS_OUTPUT = "pipe:channels"
"""Where the two channels go; whoever starts ffmpeg puts the number of a pipe in its place."""

_PLACEHOLDER = "file:/recording"

# ffmpeg keeps what it looks through in memory.
_THOROUGH = {"analyzeduration": 3600 * 10**6, "probesize": 200 * 10**6}

# Prints where samples and stream time come to differ by a tenth of a second, and by how much: a
# line for the seconds of sound before that place, a line for the seconds that time goes ahead. The
# first pair is the first sample's own time. Samples pass through as they are; their times become
# their count, since the writer of samples complains of times that go back.
_TELL_JUMPS = (
    "asetpts='N+0*if(gte(abs(T-N/SR-ld(0)),.1)+eq(N,0),"
    "print(N/SR)+print(T-N/SR-ld(0))+st(0,T-N/SR))'"
)


def build_command(
    program: Path,
    recording: Path,
    *,
    stream: int | None = None,
    offset: int = 0,
    channels: bool = False,
    thorough: bool = False,
) -> list[str]:
    """Return the arguments that decode `recording` to standard output.

    Output is signed 16-bit little-endian PCM, mono, 16 kHz: the conversion of openai-whisper's
    ``load_audio``, so that the samples are the same bit for bit. The other options choose what
    may be opened and what is said about it.

    Parameters
    ----------
    program : Path
        The ffmpeg executable.
    recording : Path
        The file; any name works.
    stream : int, optional
        Which of the file's streams to decode; ffmpeg's own choice otherwise.
    offset : int
        How many bytes of the file to pass over.
    channels : bool
        Whether two channels are to be written to `CHANNELS_OUTPUT`, beside the mix of all.
    thorough : bool
        Whether to look for the tracks beyond the first seconds.

    Examples
    --------
    >>> command = build_command(Path("ffmpeg"), Path("/talk.mp3"), stream=1)
    >>> command[0], command[-1], "file:/talk.mp3" in command
    ('ffmpeg', '-', True)
    """
    # Slow to import for --help, and nothing else needs it.
    import ffmpeg  # noqa: PLC0415

    source = ffmpeg.input(
        _PLACEHOLDER,
        threads=0,
        # No address inside a recording is followed, whatever its format allows.
        protocol_whitelist="file",
        format_whitelist=",".join(DEMUXERS),
        **({"skip_initial_bytes": offset} if offset else {}),
        **(_THOROUGH if thorough else {}),
    )
    chosen = {} if stream is None else {"map": f"0:{stream}"}
    target = source.output(
        "-",
        format="s16le",
        acodec="pcm_s16le",
        ac=1,
        ar=SAMPLE_RATE,
        af=_TELL_JUMPS,
        vn=None,
        sn=None,
        dn=None,
        # Else each packet is written by itself, 50 a second, and this process woken for it.
        flush_packets=0,
        **chosen,
    )
    # Times as the file has them: else ffmpeg bridges what is missing in MPEG-TS and its kin.
    options = ["-nostdin", "-hide_banner", "-nostats", "-copyts"]
    # `level` marks each line with its level; `repeat` keeps equal lines apart, for counting.
    options += ["-loglevel", "repeat+level+info"]
    arguments: list[str] = target.compile(cmd=[str(program), *options])
    if channels:
        arguments += ["-map", f"0:{stream}", "-f", "s16le", "-ac", "2", "-ar", str(SAMPLE_RATE)]
        arguments += ["-flush_packets", "0", CHANNELS_OUTPUT]
    # ffmpeg-python hashes the name as UTF-8, which fails for names that are not. The protocol's
    # name keeps ffmpeg from reading a colon, a percent sign or a dash in the name as syntax.
    url = f"file:{recording.absolute()}"
    return [url if argument == _PLACEHOLDER else argument for argument in arguments]
