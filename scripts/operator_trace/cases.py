"""The matrix: what is run on stock PyTorch, so that every path that Whisper takes is seen."""

from __future__ import annotations

import contextlib
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from unittest import mock

from buildkit.errors import ToolError
from scripts.operator_trace.material import (
    ENGLISH,
    MULTILINGUAL,
    Material,
    ffmpeg_on_path,
    lengthened,
)
from torch_build.trace import printing, small_things

Case = Callable[[Material], None]


def _program(*options: str, model: str = ENGLISH, recordings: int = 1) -> Case:
    """Return a case that runs our program with these options."""

    def run(material: Material) -> None:
        transcribe(material, material.recordings[:recordings], model, options)

    return run


def transcribe(
    material: Material, recordings: Sequence[Path], model: str, options: Sequence[str]
) -> None:
    """Run our program.

    Raises
    ------
    ToolError
        When it fails.
    """
    from transcriber.__main__ import main  # noqa: PLC0415  it loads torch only now

    arguments = [
        *map(str, recordings),
        *("--model", model, "--model_dir", str(material.models), "--offline"),
        *("--output_dir", str(material.scratch), "--device", "cpu", "--threads", "1"),
        *options,
    ]
    if code := main(arguments):
        raise ToolError(f"the traced program ended with exit code {code}")


def _openai(*options: str, model: str = ENGLISH, recordings: int = 1) -> Case:
    """Return a case that runs openai-whisper's own program with these options."""

    def run(material: Material) -> None:
        from whisper.transcribe import cli  # noqa: PLC0415

        arguments = [
            "whisper",
            *map(str, material.recordings[:recordings]),
            *("--model", model, "--model_dir", str(material.models)),
            *("--output_dir", str(material.scratch), "--device", "cpu", "--threads", "1"),
            *options,
        ]
        with mock.patch.object(sys, "argv", arguments), ffmpeg_on_path(material.scratch):
            cli()
        # It reports a failure and goes on.
        if not list(material.scratch.glob("*.json")):
            raise ToolError("openai-whisper wrote no transcript")

    return run


def _openai_functions(material: Material) -> None:
    """Call openai-whisper as its README does."""
    import torch  # noqa: PLC0415
    import whisper  # noqa: PLC0415

    with ffmpeg_on_path(material.scratch):
        samples = whisper.load_audio(str(material.recordings[0]))
        longer = whisper.load_audio(str(lengthened(material, seconds=31)))
        whisper.log_mel_spectrogram(str(material.recordings[0]), padding=16000)
    model = whisper.load_model(MULTILINGUAL, download_root=str(material.models), in_memory=True)
    whisper.load_model(str(material.models / f"{ENGLISH}.pt"), device=torch.device("cpu"))
    whisper.pad_or_trim(torch.from_numpy(longer))
    audio = whisper.pad_or_trim(samples)
    mel = whisper.log_mel_spectrogram(audio, n_mels=model.dims.n_mels).to(model.device)
    whisper.log_mel_spectrogram(torch.from_numpy(audio), n_mels=128)
    _, probabilities = model.detect_language(mel)
    max(probabilities, key=probabilities.get)
    model.detect_language(mel[None])
    for options in (
        {"sample_len": 12},
        {"language": "en", "without_timestamps": True, "sample_len": 8},
        {"beam_size": 3, "patience": 2.0, "length_penalty": 0.6, "sample_len": 12},
        {"temperature": 0.7, "best_of": 3, "sample_len": 12},
        {"prompt": "Miss Dashwood", "prefix": "Ah", "sample_len": 12},
        {"suppress_blank": False, "suppress_tokens": "", "sample_len": 12},
        {"task": "lang_id"},
        {"max_initial_timestamp": None, "sample_len": 12},
    ):
        whisper.decode(model, mel, whisper.DecodingOptions(fp16=False, **options))
    whisper.decode(
        model, torch.stack([mel, mel]), whisper.DecodingOptions(fp16=False, sample_len=4)
    )
    features = model.embed_audio(mel[None])
    model.logits(torch.tensor([[50258]]), features)
    # With gradients, as who calls the model without torch.no_grad().
    model(mel[None], torch.tensor([[50258, 50259]]))
    for given in (samples, torch.from_numpy(samples)):
        model.transcribe(given, fp16=False, word_timestamps=True, clip_timestamps=[0.0, 2.0])


def _checkpoints(material: Material) -> None:
    """Transcribe with a model of each type of weights, and with one of another name."""
    import torch  # noqa: PLC0415

    checkpoint = torch.load(material.models / f"{ENGLISH}.pt", weights_only=True)
    weights = checkpoint["model_state_dict"]
    for dtype in (torch.float16, torch.bfloat16, torch.float32):
        path = material.scratch / f"mine-{dtype}.pt".replace("torch.", "")
        changed = {name: tensor.to(dtype) for name, tensor in weights.items()}
        heads = [(0, 1), (3, 2)]
        torch.save({**checkpoint, "model_state_dict": changed, "alignment_heads": heads}, path)
        options = ("--word_timestamps", "True", "--beam_size", "None")
        transcribe(material, material.recordings[:1], str(path), options)
        store = material.scratch / "store"
        _models("import", str(path), "--model_dir", str(store), "--name", path.stem)


def _models(*arguments: str) -> None:
    from transcriber.__main__ import main  # noqa: PLC0415

    if code := main(["models", *arguments]):
        raise ToolError(f"models {arguments[0]} ended with exit code {code}")


def _long(material: Material) -> None:
    recording = lengthened(material, seconds=62)
    options = ("--beam_size", "None", "--word_timestamps", "True")
    more = ("--hallucination_silence_threshold", "1", "--initial_prompt", "Elinor")
    transcribe(material, [recording], ENGLISH, (*options, *more, "--carry_initial_prompt", "True"))


def _tests(material: Material) -> None:
    """Run those of the program's own tests that use torch: they must run on the build, too."""
    import pytest  # noqa: PLC0415

    folders = (
        "engine",
        "models/checkpoints",
        "models/test_importing.py",
        "machine/test_device_probe.py",
        "machine/test_threads.py",
    )
    # Time limits don't hold while each call is recorded.
    arguments = ["-q", "-m", "not slow", "-p", "no:cacheprovider", "--timeout=0", "--tb=line"]
    with contextlib.redirect_stdout(sys.stderr):
        code = pytest.main([*arguments, *(str(material.tests / folder) for folder in folders)])
    # What a test that failed used is recorded all the same; which fail is not the question here,
    # and another PyTorch may round differently.
    if code not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        raise ToolError(f"the program's own tests did not run: {code!r}")


def _doctor(_: Material) -> None:
    from transcriber.__main__ import main  # noqa: PLC0415

    # What it thinks of this machine is not the question.
    main(["doctor"])


_WORDS = ("--word_timestamps", "True")
_NO_BEAM = ("--beam_size", "None")

CASES: Mapping[str, Case] = {
    "greedy": _program(*_NO_BEAM),
    "beam": _program("--patience", "1.5", "--length_penalty", "0.8", recordings=2),
    "sampling": _program("--temperature", "0.6", "--best_of", "3", "--seed", "5"),
    # Nothing is likely enough, so every temperature is tried.
    "fallback": _program("--logprob_threshold", "-0.01", "--no_speech_threshold", "1", *_NO_BEAM),
    "fallback-repetition": _program("--compression_ratio_threshold", "0.1", "--best_of", "2"),
    "silence": _program("--logprob_threshold", "0", "--no_speech_threshold", "0"),
    "words": _program(*_WORDS, "--max_line_width", "40", "--highlight_words", "True"),
    "clips": _program("--clip_timestamps", "0.5,1.5,2", *_WORDS, *_NO_BEAM),
    "prompt": _program("--initial_prompt", "Elinor and Marianne", "--suppress_tokens", "1,2,3"),
    "half": _program("--fp16", "True", "--condition_on_previous_text", "False", *_NO_BEAM),
    "language": _program(*_WORDS, "--suppress_tokens", "", model=MULTILINGUAL),
    "translation": _program("--task", "translate", "--language", "fr", model=MULTILINGUAL),
    "long": _long,
    "checkpoints": _checkpoints,
    "openai": _openai("--fp16", "False"),
    "openai-words": _openai(*_WORDS, *_NO_BEAM, "--clip_timestamps", "0,2", model=MULTILINGUAL),
    "openai-sampling": _openai("--temperature", "0.5", "--best_of", "2", "--language", "en"),
    "openai-fallback": _openai("--logprob_threshold", "-0.01", "--initial_prompt", "Elinor"),
    "openai-translation": _openai("--task", "translate", "--language", "de", model=MULTILINGUAL),
    "openai-functions": _openai_functions,
    "doctor": _doctor,
    "tensors": lambda material: small_things.tensors(),
    "printing": lambda material: printing.printing(),
    "files": lambda material: small_things.files(material.scratch),
    "layers": lambda material: small_things.layers(),
    "tests": _tests,
}

ON_GPU = tuple(
    name
    for name in CASES
    # Files are read and tensors are printed by the processor, and the rest is for programs that
    # do more than transcribe, which the add-on is not for.
    if name not in {"checkpoints", "doctor", "tensors", "printing", "files", "layers", "tests"}
)
"""What a GPU can do: traced for ``cuda/operators.yaml``."""

REDUCED = ("greedy", "sampling", "words", "openai-words", "tensors", "printing", "files", "layers")
"""What finds most in little time."""


def run_case(name: str, given: Material) -> None:
    """Run one case of `CASES` in a folder of its own, which is removed afterwards."""
    folder = given.scratch / name
    folder.mkdir()
    try:
        CASES[name](replace(given, scratch=folder))
    finally:
        shutil.rmtree(folder)
