"""The programs that ours is compared with: their environment, weights, commands and texts."""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import subprocess
import sys
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

import jiwer
import pytest
from utterance import Utterance
from whisper.normalizers import EnglishTextNormalizer
from whisper.tokenizer import get_tokenizer

from benchmarks.measuring.speed import REFERENCE, spoken
from benchmarks.peers import contestants as module
from benchmarks.peers.contestants import BATCH_1, BY_DEFAULT, FLOAT32, OWN, PEERS, contestants
from benchmarks.peers.ctranslate2_weights import as_characters, merges, provide_ctranslate2
from benchmarks.peers.peer_program import Say, Transcribe, run
from buildkit.errors import InputError
from buildkit.places import CHECKOUT
from scripts.layout import CHECKPOINTS, PEERS_PYTHON
from transcriber.errors import ModelError

TEXTS = (
    " Hello, world! It's 3.50 € – isn't it?",
    " Grüße aus München; où êtes-vous? ¿Qué tal, señor?",
    "こんにちは、世界。 你好 안녕하세요 שלום नमस्ते",
    " ♪♪♪ [music] (laughs) <<\n\t  two  spaces",
    "🎉👩‍👩‍👧 zero\u200bwidth",
)


def output_of(command: Sequence[str | Path], text: str = "", **variables: str) -> str:
    done = subprocess.run(
        command,
        env={**os.environ, **variables},
        input=text,
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    return done.stdout


def test_a_peer_loads_once_and_prints_the_segments_of_one_recording_after_the_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    loaded: list[Namespace] = []

    def load(options: Namespace) -> Transcribe:
        loaded.append(options)

        def transcribe(recording: Path, say: Say) -> None:
            say(0, 59.9996, f" {recording.stem} One")
            say(59.9996, 61.5, " two. ")

        return transcribe

    for name in ("weights", "b.wav", "a.wav"):
        (tmp_path / name).touch()
    words = ["--weights", str(tmp_path / "weights"), "--language", "en", "--threads", "2"]
    words += ["--audio", str(tmp_path / "b.wav"), "--audio", str(tmp_path / "a.wav")]
    run(load, [*words, "--beam_size", "5", "--compute_type", "int8"])
    output = capsys.readouterr().out
    assert output.splitlines()[:2] == [
        "[00:00.000 --> 01:00.000] b One",
        "[01:00.000 --> 01:01.500] two.",
    ]
    assert spoken(output) == "b One two. a One two."
    run(load, [*words, "--greedy", "--batched", "--fallback"])
    assert [
        (one.beam_size, one.compute_type, one.batched, one.fallback, one.threads) for one in loaded
    ] == [(5, "int8", False, False, 2), (None, "float32", True, True, 2)]
    for wrong in (["--greedy", "--beam_size", "5"], ["--greedy", "--audio", "no.wav"], []):
        with pytest.raises(SystemExit):
            run(load, [*words, *wrong])
    assert "there is no no.wav" in capsys.readouterr().err
    assert len(loaded) == 2


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


def test_who_takes_part_and_how_each_is_started(checkout: Path) -> None:
    found = {one.name: one.start for one in contestants(checkout, peers=True)}
    assert set(found) == {*BY_DEFAULT, BATCH_1} == {*OWN, *PEERS}
    assert {one.name for one in contestants(checkout, peers=False)} == OWN
    assert found[BATCH_1] == (*found["native"], "--batch_size", "1")
    assert found[FLOAT32] == (*found["native"], "--compute_type", "float32")
    digest = hashlib.sha256(b"").hexdigest()
    weights = str(checkout / ".cache/models/base.pt")
    assert (weights, "--digest", digest) == found[REFERENCE][4:7]
    folder = checkout / ".cache" / "peers-weights"
    assert {name: pairs(found[name])["--weights"] for name in PEERS} == {
        name: str(folder / (name.split()[1] if "cpp" in name else "ctranslate2")) for name in PEERS
    }
    for name in PEERS:
        assert ("--batched" in found[name]) == ("batched" in name)
        wanted = "int8" if "int8" in name else "float32"
        assert pairs(found[name]).get("--compute_type", wanted) == wanted


@pytest.mark.parametrize("fallback", [True, False])
@pytest.mark.parametrize("beam_size", [5, None])
def test_all_get_the_same_options(checkout: Path, beam_size: int | None, fallback: bool) -> None:
    for one in contestants(checkout, peers=True):
        command = one.command(
            [Path("b.wav"), Path("a.wav")],
            language="en",
            beam_size=beam_size,
            threads=3,
            output=Path("out"),
            fallback=fallback,
        )
        assert all(isinstance(word, str) for word in command)
        given = pairs(command)
        assert (given["--language"], given["--threads"]) == ("en", "3")
        if one.like_whisper:
            assert given["--beam_size"] == str(beam_size)
            assert given["--output_dir"] == "out"
            once = {"--temperature": "0", "--temperature_increment_on_fallback": "None"}
            assert {name: given[name] for name in once if name in given} == (
                {} if fallback else once
            )
            assert command[-2:] == ("b.wav", "a.wav")
        else:
            assert given.get("--beam_size", "None") == str(beam_size)
            assert ("--greedy" in command) == (beam_size is None)
            assert ("--fallback" in command) == fallback
            assert one.variables["HF_HUB_OFFLINE"] == "1"
            assert command[-4:] == ("--audio", "b.wav", "--audio", "a.wav")


STAND_INS = {
    "imageio_ffmpeg": "def get_ffmpeg_exe(): return '/no/ffmpeg'",
    "torch": "",
    "whisper": "import types\nclass Whisper: decode = None\n"
    "model, _MODELS = types.SimpleNamespace(Whisper=Whisper), {}",
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
    (tmp_path / "some.pt").write_text("weights")
    script = CHECKOUT / "benchmarks" / "reference.py"
    command: list[str | Path] = [
        sys.executable,
        script,
        tmp_path / "some.pt",
        *given,
        "--model",
        "base",
    ]
    output = output_of(command, PYTHONPATH=str(tmp_path))
    digest = "abc" if given else hashlib.sha256(b"weights").hexdigest()
    assert output == f"{digest} weights ['--model', 'base']\n"


def test_what_is_not_built_is_told(checkout: Path, tmp_path: Path) -> None:
    (checkout / ".cache/peers/bin/python").unlink()
    assert len(contestants(checkout, peers=False)) == len(OWN)
    with pytest.raises(InputError, match=r"there is no .*peers/bin/python: run make bench"):
        contestants(checkout, peers=True)
    (checkout / "build/native/program/ultra-lean/transcriber.bin").unlink()
    with pytest.raises(InputError, match=r"transcriber\.bin: run make"):
        contestants(checkout, peers=False)
    (tmp_path / "base").mkdir()
    for name in ("model.bin", "config.json"):
        (tmp_path / "base" / name).write_text("{}")
    with pytest.raises(ModelError):
        provide_ctranslate2(tmp_path / "base", tmp_path / "made")
    assert not list((tmp_path / "made").iterdir())


def test_the_pairs_that_are_joined_follow_from_the_ranks() -> None:
    tokens = [bytes([byte]) for byte in range(256)]
    tokens += [b"ab", b"cd", b"abc", b"abcd", b""]
    # "abcd" comes last, from what is joined first: "ab", then "abc", as "cd" comes after "ab".
    assert merges(tokens) == [(b"a", b"b"), (b"c", b"d"), (b"ab", b"c"), (b"ab", b"cd")]


def test_bytes_are_written_as_printable_characters() -> None:
    # From GPT-2's vocabulary: a space, a line feed, an umlaut, and what stands for itself.
    assert [as_characters(token) for token in (b" a", b"\n", "ü".encode())] == ["Ġa", "Ċ", "Ã¼"]
    every = as_characters(bytes(range(256)))
    assert len(set(every)) == 256
    assert every.isprintable()


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
    told = output_of([PEERS_PYTHON, "-c", ENCODE, folder / "tokenizer.json"], json.dumps(texts))
    ids, decoded, names = json.loads(told)
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
    output = output_of(command, **peer.variables)
    assert output.startswith("[00:00.")
    clean = EnglishTextNormalizer()
    assert jiwer.wer(clean(utterance.reference), clean(spoken(output))) == 0
    assert not list(tmp_path.iterdir())
