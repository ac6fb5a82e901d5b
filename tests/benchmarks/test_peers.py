"""The programs that ours is compared with: their environment, weights, commands and texts."""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import jiwer
import pytest
from utterance import Utterance
from whisper.normalizers import EnglishTextNormalizer
from whisper.tokenizer import get_tokenizer

from benchmarks.measuring.speed import REFERENCE, spoken
from benchmarks.peers import contestants as module
from benchmarks.peers.contestants import BATCH_1, BY_DEFAULT, OWN, contestants
from benchmarks.peers.ctranslate2_weights import as_characters, merges, provide_ctranslate2
from benchmarks.peers.peer_program import Options, Transcript, run
from buildkit.commands import Command
from buildkit.errors import InputError, SourceError
from buildkit.places import CHECKOUT
from scripts import peers
from scripts.layout import CHECKPOINTS, PEERS_PYTHON
from transcriber.errors import ModelError

PEERS = (
    "faster-whisper fp32",
    "faster-whisper int8",
    "faster-whisper fp32 batched",
    "faster-whisper int8 batched",
    "whisper.cpp f16",
    "whisper.cpp q8_0",
)
TEXTS = (
    " Hello, world! It's 3.50 € – isn't it?",
    " Grüße aus München; où êtes-vous? ¿Qué tal, señor?",
    "こんにちは、世界。 你好 안녕하세요 שלום नमस्ते",
    " ♪♪♪ [music] (laughs) <<\n\t  two  spaces",
    "🎉👩‍👩‍👧 zero\u200bwidth",
)


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return what is started for the environment; nothing is."""
    started: list[str] = []
    folder = tmp_path / ".cache" / "peers"
    for name, path in {
        "PEERS": folder,
        "PEERS_PYTHON": folder / "python",
        "STAMP": folder / "set-up.json",
        "REQUIREMENTS": tmp_path / "peers.txt",
    }.items():
        monkeypatch.setattr(peers, name, path)
    (tmp_path / "peers.txt").write_text("one==1")

    def note(command: Command) -> int:
        words = [str(word) for word in command]
        started.append("venv" if "venv" in words else "install")
        if "venv" in words:
            folder.mkdir(parents=True)
            (folder / "python").touch()
        else:
            assert words[-2:] == ["-r", str(tmp_path / "peers.txt")]
            assert {"--require-hashes", "--no-deps", "--only-binary"} < set(words)
        return int("fail" in (tmp_path / "peers.txt").read_text())

    monkeypatch.setattr(peers, "provide_environment", lambda: None)
    monkeypatch.setattr(peers, "run", note)
    monkeypatch.setattr(peers, "run_quietly", lambda command: (note(command) and 0, ""))
    return started


def test_the_environment_is_made_anew_when_a_pin_changed(
    environment: list[str], tmp_path: Path
) -> None:
    peers.provide_peers()
    assert environment == ["venv", "install"]
    peers.provide_peers()
    assert environment == ["venv", "install"]
    (tmp_path / "peers.txt").write_text("one==2")
    peers.provide_peers()
    assert environment == ["venv", "install"] * 2


def test_an_environment_that_is_not_finished_is_made_anew(
    environment: list[str], tmp_path: Path
) -> None:
    (tmp_path / "peers.txt").write_text("fail==1")
    for _ in range(2):
        with pytest.raises(SourceError, match=r"requirements/peers\.txt"):
            peers.provide_peers()
    assert environment == ["venv", "install"] * 2


class Parrot:
    """Says three segments of each recording."""

    def transcribe(self, recording: Path, options: Options, transcript: Transcript) -> None:
        assert recording in options.audio
        assert (options.language, options.threads) == ("en", 2)
        transcript.add(0, 59.9996, " One")
        transcript.add(59.9996, 61.5, " two. ")
        transcript.add(61.5, 61.5, "")


def arguments(folder: Path, *more: str) -> list[str]:
    (folder / "weights").touch()
    (folder / "audio.wav").touch()
    paths = ["--weights", str(folder / "weights"), "--audio", str(folder / "audio.wav")]
    return [*paths, "--language", "en", "--threads", "2", *more]


def test_a_peer_prints_segments_and_at_last_its_times(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given: list[Options] = []

    def load(options: Options) -> Parrot:
        given.append(options)
        return Parrot()

    assert run(load, arguments(tmp_path, "--beam_size", "5", "--compute_type", "int8")) == 0
    *segments, last = capsys.readouterr().out.splitlines()
    assert segments == [
        "[00:00.000 --> 01:00.000] One",
        "[01:00.000 --> 01:01.500] two.",
        "[01:01.500 --> 01:01.500] ",
    ]
    told = json.loads(last)
    assert told["text"] == "One two."
    assert told["load_seconds"] >= 0
    assert told["transcribe_seconds"] > 0
    assert run(load, arguments(tmp_path, "--greedy", "--batched", "--fallback")) == 0
    assert [one.fallback for one in given] == [False, True]
    assert [one.beam_size for one in given] == [5, None]
    assert [one.compute_type for one in given] == ["int8", "float32"]
    assert [one.batched for one in given] == [False, True]


def test_a_peer_loads_once_and_transcribes_one_recording_after_the_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    loaded: list[Options] = []
    heard: list[Path] = []

    class Echo:
        def transcribe(self, recording: Path, options: Options, transcript: Transcript) -> None:
            heard.append(recording)
            transcript.add(0, 1, recording.stem)

    def load(options: Options) -> Echo:
        loaded.append(options)
        return Echo()

    paths = [tmp_path / name for name in ("b.wav", "a.wav")]
    for path in paths:
        path.touch()
    more = (word for path in paths for word in ("--audio", str(path)))
    assert run(load, arguments(tmp_path, "--greedy", *more)) == 0
    assert len(loaded) == 1
    assert heard == [tmp_path / "audio.wav", *paths]
    output = capsys.readouterr().out
    assert spoken(output) == json.loads(output.splitlines()[-1])["text"] == "audio b a"


def test_a_peer_tells_what_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = arguments(tmp_path, "--greedy")
    assert run(lambda _: Parrot(), [*words, "--audio", str(tmp_path / "other.wav")]) == 2
    assert capsys.readouterr().err == f"there is no {tmp_path / 'other.wav'}\n"
    (tmp_path / "audio.wav").unlink()
    assert run(lambda _: Parrot(), words) == 2
    assert capsys.readouterr().err == f"there is no {tmp_path / 'audio.wav'}\n"
    with pytest.raises(SystemExit):
        run(lambda _: Parrot(), arguments(tmp_path, "--greedy", "--beam_size", "5"))


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a checkout in which all is there, and all of it is empty."""
    for name in (
        "build/native/program/ultra-lean/transcriber.bin",
        ".venv/bin/python",
        ".cache/stock/bin/python",
        ".cache/peers/bin/python",
        ".cache/models/base.pt",
        ".cache/checkpoints/base/model.bin",
        "benchmarks/reference.py",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    monkeypatch.setattr(module, "provide_ctranslate2", lambda _, folder: folder / "ctranslate2")
    monkeypatch.setattr(module, "provide_ggml", lambda _, form, folder: folder / form)
    return tmp_path


def pairs(command: Sequence[str]) -> dict[str, str]:
    return dict(itertools.pairwise(command))


def test_all_get_the_same_options(checkout: Path) -> None:
    found = contestants(checkout, peers=True)
    ours = (
        "native",
        "native, batch 1",
        "native float32",
        "wheel under CPython",
        "openai-whisper",
    )
    assert [one.name for one in found] == [*ours, *PEERS]
    assert [one.name for one in contestants(checkout, peers=False)] == list(ours)
    assert set(ours) == OWN
    for one in found:
        for beams, written in ((5, "5"), (None, "None")):
            command = one.command(
                [Path("talk.wav")], language="en", beam_size=beams, threads=3, output=Path("out")
            )
            assert all(isinstance(word, str) for word in command)
            assert command[-1] == "talk.wav"
            given = pairs(command)
            assert (given["--language"], given["--threads"]) == ("en", "3")
            if one.like_whisper:
                assert given["--beam_size"] == written
                assert given["--temperature"] == "0"
                assert given["--temperature_increment_on_fallback"] == "None"
                assert given["--output_dir"] == "out"
            else:
                assert given.get("--beam_size", "None") == written
                assert ("--greedy" in command) == (beams is None)
                assert one.variables["HF_HUB_OFFLINE"] == "1"
    kinds = {one.name: ("int8" in one.start, "--batched" in one.start) for one in found[5:9]}
    assert list(kinds.values()) == [(False, False), (True, False), (False, True), (True, True)]
    weights = [pairs(one.start)["--weights"] for one in found[5:]]
    folder = checkout / ".cache" / "peers-weights"
    names = ("ctranslate2",) * 4 + ("f16", "q8_0")
    assert weights == [str(folder / name) for name in names]


def test_all_fall_back_when_they_are_asked_to(checkout: Path) -> None:
    for one in contestants(checkout, peers=True):
        command = one.command(
            [Path("talk.wav")],
            language="en",
            beam_size=5,
            threads=3,
            output=Path("out"),
            fallback=True,
        )
        assert "--temperature_increment_on_fallback" not in command
        assert ("--fallback" in command) != one.like_whisper
        assert pairs(command)["--beam_size"] == "5"


def test_all_take_several_recordings_in_one_call(checkout: Path) -> None:
    for one in contestants(checkout, peers=True):
        command = one.command(
            [Path("b.wav"), Path("a.wav")],
            language="en",
            beam_size=None,
            threads=3,
            output=Path("out"),
        )
        audio = () if one.like_whisper else ("--audio",)
        expected = (*audio, "b.wav", *audio, "a.wav")
        assert command[-len(expected) :] == expected


def test_one_takes_part_only_where_it_is_named(checkout: Path) -> None:
    found = {one.name: one.start for one in contestants(checkout, peers=True)}
    assert found.keys() - BY_DEFAULT == {BATCH_1}
    assert found.keys() > set(BY_DEFAULT)
    assert found[BATCH_1] == (*found["native"], "--batch_size", "1")


def test_one_of_ours_computes_as_openai_whisper_does(checkout: Path) -> None:
    found = {one.name: one.start for one in contestants(checkout, peers=True)}
    assert found["native float32"] == (*found["native"], "--compute_type", "float32")
    assert [name for name, start in found.items() if "--compute_type" in start] == [
        "native float32",
        *PEERS[:4],
    ]


def test_openai_whisper_is_told_the_digest_of_the_weights(checkout: Path) -> None:
    weights = checkout / ".cache/models/base.pt"
    weights.write_bytes(b"weights")
    (reference,) = [
        one.start for one in contestants(checkout, peers=False) if one.name == REFERENCE
    ]
    place = reference.index("--digest")
    assert reference[place - 1] == str(weights)
    assert reference[place + 1] == hashlib.sha256(b"weights").hexdigest()


STAND_INS = {
    "imageio_ffmpeg": "def get_ffmpeg_exe(): return '/no/ffmpeg'",
    "torch": "",
    "whisper": """
import types
class Whisper:
    decode = None
model = types.SimpleNamespace(Whisper=Whisper)
_MODELS = {}
""",
    "whisper/transcribe": """
import sys, pathlib, whisper
def cli():
    name = sys.argv[sys.argv.index("--model") + 1]
    folder = pathlib.Path(sys.argv[sys.argv.index("--model_dir") + 1])
    print(whisper._MODELS[name].split("/")[-2], (folder / f"{name}.pt").read_text(), sys.argv[1:3])
""",
}
"""What the script imports, without what takes seconds."""


@pytest.mark.parametrize("given", [("--digest", "abc"), ()])
def test_the_reference_digests_what_nobody_digested(given: Sequence[str], tmp_path: Path) -> None:
    for name, text in STAND_INS.items():
        place = tmp_path / (f"{name}.py" if "/" in name else f"{name}/__init__.py")
        place.parent.mkdir(exist_ok=True)
        place.write_text(text)
    weights = tmp_path / "some.pt"
    weights.write_text("weights")
    script = CHECKOUT / "benchmarks" / "reference.py"
    done = subprocess.run(
        [sys.executable, script, weights, *given, "--model", "base"],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    digest = "abc" if given else hashlib.sha256(b"weights").hexdigest()
    assert done.stdout == f"{digest} weights ['--model', 'base']\n"


def test_what_is_not_built_is_told(checkout: Path) -> None:
    (checkout / ".cache/peers/bin/python").unlink()
    assert len(contestants(checkout, peers=False)) == len(OWN)
    with pytest.raises(InputError, match=r"there is no .*peers/bin/python: run make bench"):
        contestants(checkout, peers=True)
    (checkout / "build/native/program/ultra-lean/transcriber.bin").unlink()
    with pytest.raises(InputError, match=r"transcriber\.bin: run make"):
        contestants(checkout, peers=False)


def test_the_pairs_that_are_joined_follow_from_the_ranks() -> None:
    tokens = [bytes([byte]) for byte in range(256)]
    tokens += [b"ab", b"cd", b"abc", b"abcd", b""]
    # "abcd" comes last, from what is joined first: "ab", then "abc", as "cd" comes after "ab".
    assert merges(tokens) == [(b"a", b"b"), (b"c", b"d"), (b"ab", b"c"), (b"ab", b"cd")]


def test_bytes_are_written_as_printable_characters() -> None:
    # From GPT-2's vocabulary: a space, a line feed, an umlaut, and what stands for itself.
    assert as_characters(b" a") == "Ġa"
    assert as_characters(b"\n") == "Ċ"
    assert as_characters("ü".encode()) == "Ã¼"
    every = as_characters(bytes(range(256)))
    assert len(set(every)) == 256
    assert every.isprintable()


def test_a_folder_without_weights_is_told(tmp_path: Path) -> None:
    (tmp_path / "base").mkdir()
    for name in ("model.bin", "config.json"):
        (tmp_path / "base" / name).write_text("{}")
    with pytest.raises(ModelError):
        provide_ctranslate2(tmp_path / "base", tmp_path / "made")
    assert not list((tmp_path / "made").iterdir())


needs_peers = pytest.mark.skipif(
    not PEERS_PYTHON.exists(), reason="the peers are not installed: `make bench` does it"
)

ENCODE = """
import json, sys, tokenizers
tokenizer = tokenizers.Tokenizer.from_file(sys.argv[1])
texts = json.load(sys.stdin)
ids = [tokenizer.encode(text, add_special_tokens=False).ids for text in texts]
names = [tokenizer.id_to_token(number) for number in range(50257, tokenizer.get_vocab_size())]
print(json.dumps([ids, [tokenizer.decode(one) for one in ids], names]))
"""


@needs_peers
@pytest.mark.slow
def test_the_tokenizer_is_openai_whispers(tmp_path: Path, utterances: list[Utterance]) -> None:
    folder = provide_ctranslate2(CHECKPOINTS / "base", tmp_path)
    texts = [*TEXTS, *(one.reference for one in utterances)]
    done = subprocess.run(
        [PEERS_PYTHON, "-c", ENCODE, folder / "tokenizer.json"],
        input=json.dumps(texts),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    ids, decoded, names = json.loads(done.stdout)
    reference = get_tokenizer(multilingual=True)
    assert ids == [reference.encode(text) for text in texts]
    assert decoded == texts
    assert names == [reference.encoding.decode([50257 + place]) for place in range(len(names))]
    vocabulary = json.loads((folder / "vocabulary.json").read_text("utf-8"))
    assert len(vocabulary) == 51865
    assert vocabulary[50257:] == names
    # The weights are linked to, wherever the checkout lies.
    assert (folder / "model.bin").samefile(CHECKPOINTS / "base" / "model.bin")


@needs_peers
@pytest.mark.slow
@pytest.mark.parametrize("beam_size", [None, 5])
@pytest.mark.parametrize("name", PEERS)
def test_a_peer_says_what_openai_whisper_says(
    name: str, beam_size: int | None, utterances: list[Utterance], tmp_path: Path
) -> None:
    (peer,) = [one for one in contestants(CHECKOUT, peers=True) if one.name == name]
    utterance = utterances[0]
    command = peer.command(
        [utterance.path], language="en", beam_size=beam_size, threads=1, output=tmp_path
    )
    done = subprocess.run(
        command,
        env={**os.environ, **peer.variables},
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    assert done.stdout.startswith("[00:00.")
    text = spoken(done.stdout)
    clean = EnglishTextNormalizer()
    assert jiwer.wer(clean(utterance.reference), clean(text)) == 0
    assert not list(tmp_path.iterdir())
