"""What a run is asked to do, as plain data."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

OUTPUT_FORMATS = ("txt", "vtt", "srt", "tsv", "json")
"""openai-whisper's: what ``all`` stands for, and what is written where none is named."""

EXPORT_FORMATS = ("ass", "lrc", "docx", "html", "md", "csv")
"""Those that are written only where they are named: see `transcriber.exporting`."""

EVERY_FORMAT = (*OUTPUT_FORMATS, *EXPORT_FORMATS)

SUBTITLES = ("standard", "short", "words")
"""How subtitles are cut for those who read them: see `transcriber.transcript.subtitles`."""

BACKENDS = ("auto", "own", "system")

COMPUTE_TYPES = ("auto", "float32", "bfloat16", "int8")
"""What the processor computes in; ``auto`` is what is fastest on it."""

CAPABILITY_VARIABLE = "ATEN_CPU_CAPABILITY"
"""The variable that names the best instruction set to use. PyTorch reads it, too."""

CAPABILITIES = ("default", "avx2", "avx_vnni", "avx512", "avx512_vnni", "avx512_bf16", "amx")
"""Its values: the instruction sets that there are kernels for, the best one last."""

ADDON_CHOICES = ("ask", "fetch", "never")
"""What may be done where an NVIDIA driver is there and the CUDA add-on is not."""

DEFAULT_MODEL = "small"
"""The model that is used unless another is named.

openai-whisper's own default, ``turbo``, is a download of 1.6 GB and its encoder is the largest of
the family, which a laptop's processor pays for in every window. ``base`` has a word error rate of
17 % to 23 % on German, French and Portuguese speech. ``small`` lies between them, and is what
this program's forerunner used.
"""

PREPEND_PUNCTUATIONS = "\"'“¿([{-"
APPEND_PUNCTUATIONS = "\"'.。,，!！?？:：”)]}、"


@dataclass(frozen=True, kw_only=True)
class DecodingSettings:
    """Everything that decides which text a recording becomes.

    The defaults are those of openai-whisper's command line, under the same names.
    A threshold of None switches its check off. Those from `hotwords` on are faster-whisper's names;
    a `batch_size` or `vad_filter` of None leaves the choice to whoever chooses the engine.

    What the detector of speech finds was measured with these defaults: see "Many windows at once"
    in docs/how-it-works.md.
    """

    language: str | None = None
    task: str = "transcribe"
    temperatures: tuple[float, ...] = (0.0,)
    best_of: int | None = 5
    beam_size: int | None = 5
    patience: float | None = None
    length_penalty: float | None = None
    suppress_tokens: str = "-1"
    initial_prompt: str | None = None
    carry_initial_prompt: bool = False
    condition_on_previous_text: bool = True
    compression_ratio_threshold: float | None = 2.4
    logprob_threshold: float | None = -1.0
    no_speech_threshold: float | None = 0.6
    word_timestamps: bool = False
    prepend_punctuations: str = PREPEND_PUNCTUATIONS
    append_punctuations: str = APPEND_PUNCTUATIONS
    clip_timestamps: tuple[float, ...] = (0.0,)
    hallucination_silence_threshold: float | None = None
    fp16: bool = True
    compute_type: str = "auto"
    seed: int = 0
    hotwords: str | None = None
    multilingual: bool = False
    batch_size: int | None = None
    vad_filter: bool | None = None
    vad_threshold: float = 0.5
    vad_min_silence_ms: int = 300
    vad_speech_pad_ms: int = 200


@dataclass(frozen=True, kw_only=True)
class OutputSettings:
    """Which files are written, where, and how subtitles are broken into lines.

    Attributes
    ----------
    directory : Path or None
        The folder of the files; None writes the one format to standard output.
    formats : tuple of str
        Some of `EVERY_FORMAT`.
    subtitles : str or None
        One of `SUBTITLES`; None cuts them as openai-whisper does.
    """

    directory: Path | None = Path()
    formats: tuple[str, ...] = OUTPUT_FORMATS
    highlight_words: bool = False
    max_line_width: int | None = None
    max_line_count: int | None = None
    max_words_per_line: int | None = None
    skip_existing: bool = False
    subtitles: str | None = None


@dataclass(frozen=True, kw_only=True)
class RunSettings:
    """One call of the program: the recordings, the model and the machine.

    Attributes
    ----------
    inputs : tuple of str
        Files, folders, glob patterns or ``-`` for standard input.
    model : str
        A name in the store or the path of a checkpoint.
    model_is_open : bool
        Whether no model was named, now or at an earlier start, so that the user may be asked.
    model_directory : Path
        The store's folder.
    device : str
        ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
    backend : str
        Whose PyTorch decodes: ``own``, ``system``, or ``auto`` for the system's where only it
        can use the GPU.
    python : str or None
        The Python of the system to use, or the folder of its environment.
    cuda_addon : str or None
        What to do where the CUDA add-on is missing: ``ask``, ``fetch`` or ``never``. None asks,
        unless the user has once answered "never".
    threads : int
        Threads for the processor; 0 chooses.
    verbose : bool
        Whether segments are printed on standard output as they are decoded.
    progress : str
        ``auto``, ``bar``, ``json`` or ``none``, on standard error.
    quiet : bool
        Whether nothing but failures is told, and nobody is asked.
    offline : bool
        Whether the network is forbidden.
    mirrors : tuple of str
        Addresses to fetch models from before OpenAI's own.
    ffmpeg : str or None
        The ffmpeg to use.
    audio_track : str or None
        Which audio track of a recording is read: a number from 1 on, a language's code, or ``all``.
    audio_timeout, audio_memory : float, int
        Limits of reading one recording, in seconds and in MiB; 0 leaves the default.
    queue : bool
        Whether the running service decodes, in its turn.
    notes : tuple of str
        What the user should know about options and variables that have no effect.
    """

    inputs: tuple[str, ...]
    model: str = DEFAULT_MODEL
    model_is_open: bool = False
    model_directory: Path
    device: str = "auto"
    backend: str = "auto"
    python: str | None = None
    cuda_addon: str | None = None
    threads: int = 0
    verbose: bool = True
    progress: str = "auto"
    quiet: bool = False
    offline: bool = False
    mirrors: tuple[str, ...] = ()
    ffmpeg: str | None = None
    audio_track: str | None = None
    audio_timeout: float = 0
    audio_memory: int = 0
    queue: bool = False
    notes: tuple[str, ...] = ()
    decoding: DecodingSettings
    output: OutputSettings


def fallback_temperatures(first: float, increment: float | None) -> tuple[float, ...]:
    """Return the temperatures that are tried one after the other, up to 1.

    The values are those of ``numpy.arange(first, 1 + 1e-6, increment)`` to the last
    bit, because each segment's temperature is written into its JSON file.
    """
    if increment is None:
        return (first,)
    count = math.ceil((1.0 + 1e-6 - first) / increment)
    step = (first + increment) - first
    return tuple(first + index * step for index in range(max(count, 1)))
