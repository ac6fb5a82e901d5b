from __future__ import annotations

import pickle
import subprocess
import sys
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from transcriber.engine import openai_whisper
from transcriber.errors import ModelError, OutOfMemoryError, TranscriberError, UsageError
from transcriber.models.stored import StoredModel
from transcriber.settings import DecodingSettings

whisper = openai_whisper.load()

from transcriber.engine.model import WhisperModel  # noqa: E402
from transcriber.engine.model_loading import load_model  # noqa: E402

DIMENSIONS = {
    "n_mels": 80,
    "n_audio_ctx": 1500,
    "n_audio_state": 16,
    "n_audio_head": 2,
    "n_audio_layer": 1,
    "n_vocab": 51865,
    "n_text_ctx": 32,
    "n_text_state": 16,
    "n_text_head": 2,
    "n_text_layer": 4,
}
SETTINGS = DecodingSettings(fp16=False, beam_size=None)


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Two threads would wait for each other longer than they compute."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def random_checkpoint(**changes: Any) -> dict[str, Any]:
    torch.manual_seed(3)
    dimensions = whisper.model.ModelDimensions(**(DIMENSIONS | changes))
    network = whisper.model.Whisper(dimensions)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.copy_(torch.randn(parameter.shape))
    return {"dims": DIMENSIONS | changes, "model_state_dict": network.state_dict()}


@pytest.fixture(scope="module")
def checkpoint() -> dict[str, Any]:
    return random_checkpoint()


def stored(path: Path, name: str = "mine") -> StoredModel:
    return StoredModel(
        name=name, path=path, sha256="0" * 64, size=path.stat().st_size, origin="openai"
    )


def save(content: object, path: Path, **options: Any) -> StoredModel:
    torch.save(content, path, **options)
    return stored(path)


def load(model: StoredModel, settings: DecodingSettings = SETTINGS) -> WhisperModel:
    return load_model(model, device="cpu", settings=settings)


def network(model: WhisperModel) -> Any:
    return model._model


def heads(model: Any) -> list[list[int]]:
    """Return layer and number of the heads that align words with the sound."""
    indices: list[list[int]] = model.alignment_heads.indices().T.tolist()
    return indices


def test_parameters_are_those_that_openai_whisper_loads(
    checkpoint: dict[str, Any], tmp_path: Path
) -> None:
    model = save(checkpoint, tmp_path / "mine.pt")
    ours, theirs = network(load(model)), whisper.load_model(str(model.path), device="cpu")
    assert ours.dims == theirs.dims
    assert ours.state_dict().keys() == theirs.state_dict().keys() != set()
    for name, expected in theirs.state_dict().items():
        actual = ours.state_dict()[name]
        assert actual.dtype == expected.dtype == torch.float32
        assert torch.equal(actual, expected)
    # Beside the parameters there is the mask of the decoder, and the alignment heads.
    buffers = dict(theirs.named_buffers())
    assert buffers.keys() == dict(ours.named_buffers()).keys()
    for name, buffer in ours.named_buffers():
        mine, other = (b.indices() if b.is_sparse else b for b in (buffer, buffers[name]))
        assert torch.equal(mine, other), name
    assert not ours.training


def test_what_is_loaded_computes_the_same(checkpoint: dict[str, Any], tmp_path: Path) -> None:
    model = save(checkpoint, tmp_path / "mine.pt")
    theirs = whisper.load_model(str(model.path), device="cpu").eval()
    window = torch.randn(80, 3000, generator=torch.Generator().manual_seed(1))
    ours = load(model)
    features = ours.encode(window)
    assert features.shape == (1500, 16)
    assert torch.equal(features, theirs.embed_audio(window[None])[0])
    probabilities = theirs.detect_language(window)[1]
    assert ours.language_probabilities(window) == probabilities
    hypothesis = ours.decode(features, language="en", prompt=[1, 2], temperature=0.0)
    options = whisper.DecodingOptions(language="en", prompt=[1, 2], fp16=False)
    expected = whisper.decode(theirs, window, options)
    assert list(hypothesis.tokens) == expected.tokens
    assert hypothesis.avg_logprob == expected.avg_logprob
    assert hypothesis.no_speech_prob == expected.no_speech_prob
    assert hypothesis.compression_ratio == expected.compression_ratio
    assert hypothesis.temperature == 0.0


def test_half_precision_is_read_as_single(checkpoint: dict[str, Any], tmp_path: Path) -> None:
    halves = {name: value.half() for name, value in checkpoint["model_state_dict"].items()}
    model = save(checkpoint | {"model_state_dict": halves}, tmp_path / "mine.pt")
    loaded = network(load(model)).state_dict()
    for name, value in halves.items():
        assert torch.equal(loaded[name], value.float())


def test_what_a_model_is(checkpoint: dict[str, Any], tmp_path: Path) -> None:
    model = load(save(checkpoint, tmp_path / "mine.pt"))
    assert (model.mels, model.multilingual, model.prompt_limit) == (80, True, 15)
    english = load(save(random_checkpoint(n_vocab=51864, n_mels=128), tmp_path / "english.pt"))
    assert (english.mels, english.multilingual) == (128, False)
    assert english.tokenizer("en").language is None
    assert model.tokenizer("de").language == "de"


def test_the_file_may_go_once_it_is_loaded(checkpoint: dict[str, Any], tmp_path: Path) -> None:
    model = save(checkpoint, tmp_path / "mine.pt")
    loaded = network(load(model))
    # What is mapped into memory would change with the file.
    with model.path.open("r+b") as stream:
        stream.write(bytes(model.size))
    for name, value in checkpoint["model_state_dict"].items():
        assert torch.equal(loaded.state_dict()[name], value)


def test_loading_draws_no_random_numbers(checkpoint: dict[str, Any], tmp_path: Path) -> None:
    model = save(checkpoint, tmp_path / "mine.pt")
    before = torch.random.get_rng_state()
    load(model)
    assert torch.equal(torch.random.get_rng_state(), before)


@pytest.mark.parametrize("damaged", [False, True])
def test_layers_made_later_are_random_again(
    checkpoint: dict[str, Any], tmp_path: Path, damaged: bool
) -> None:
    model = save(checkpoint, tmp_path / "mine.pt")
    layers = (torch.nn.Linear, torch.nn.Conv1d, torch.nn.Embedding, torch.nn.LayerNorm)
    untouched = [dict(vars(layer)) for layer in layers]
    if damaged:
        model = save(checkpoint | {"dims": {}}, tmp_path / "mine.pt")
        with pytest.raises(ModelError):
            load(model)
    else:
        load(model)
    assert [dict(vars(layer)) for layer in layers] == untouched
    made = [torch.nn.Linear(9, 9), torch.nn.Conv1d(9, 9, 3), torch.nn.Embedding(9, 9)]
    assert all(0.01 < layer.get_parameter("weight").detach().std() < 2 for layer in made)
    assert torch.equal(torch.nn.LayerNorm(9).weight, torch.ones(9))


def test_what_tests_use_is_not_loaded() -> None:
    # Stock PyTorch loads it by itself.
    code = (
        "import sys\nfrom transcriber.engine import openai_whisper\nopenai_whisper.load()\n"
        "before = set(sys.modules)\nimport transcriber.engine.model\n"
        "print([name for name in set(sys.modules) - before if name.startswith('unittest')])"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True
    )
    assert answer.stdout.strip() == "[]"


def test_without_alignment_heads_the_upper_half_aligns(
    checkpoint: dict[str, Any], tmp_path: Path
) -> None:
    model = network(load(save(checkpoint, tmp_path / "mine.pt")))
    assert heads(model) == [[2, 0], [2, 1], [3, 0], [3, 1]]


def test_alignment_heads_of_an_imported_model(checkpoint: dict[str, Any], tmp_path: Path) -> None:
    given = [[0, 1], [3, 0]]
    for written in (given, [tuple(pair) for pair in given], torch.tensor(given).tolist()):
        model = save(checkpoint | {"alignment_heads": written}, tmp_path / "mine.pt")
        assert heads(network(load(model))) == given
    # None are no choice: words need some.
    model = save(checkpoint | {"alignment_heads": []}, tmp_path / "mine.pt")
    assert len(heads(network(load(model)))) == 4


def test_alignment_heads_of_an_official_model(tmp_path: Path) -> None:
    # As wide as a model of six layers with eight heads, which is what "base" is.
    content = random_checkpoint(n_text_layer=6, n_text_head=8, n_audio_head=8)
    torch.save(content | {"alignment_heads": [[0, 0]]}, tmp_path / "base.pt")
    model = network(load(stored(tmp_path / "base.pt", "base")))
    expected = whisper.load_model(str(tmp_path / "base.pt"), device="cpu")
    expected.set_alignment_heads(whisper._ALIGNMENT_HEADS["base"])
    assert heads(model) == heads(expected)
    # Those of the checkpoint count for other names only.
    assert heads(model) != [[0, 0]]
    assert heads(network(load(stored(tmp_path / "base.pt", "mine")))) == [[0, 0]]


def check_refused(model: StoredModel) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ModelError) as caught:
            load(model)
    text = str(caught.value)
    assert text.startswith(
        (
            f"{model.path} is not a Whisper checkpoint",
            f"{model.path} is cut off, or damaged: fetch it again",
        )
    )
    assert len(text) < len(str(model.path)) + 400
    assert len(text.splitlines()) == 1
    assert caught.value.exit_code == 4
    return text


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"x",
        b"PK\x03\x04",
        bytes(5000),
        b"RIFF\x00\x00\x00\x00WAVE" * 100,
        b"<html>404 Not Found</html>\n" * 100,
        pickle.dumps({"dims": DIMENSIONS, "model_state_dict": {}}),
        pickle.dumps([1, 2, 3]),
    ],
    ids=lambda content: repr(content[:12]),
)
def test_what_is_no_checkpoint_is_told(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "mine.pt"
    path.write_bytes(content)
    check_refused(stored(path))


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    path = tmp_path / "mine.pt"
    check_refused(StoredModel(name="mine", path=path, sha256="", size=1, origin="openai"))


def test_a_folder_is_told(tmp_path: Path) -> None:
    check_refused(stored(tmp_path))


def test_a_truncated_checkpoint_is_told(checkpoint: dict[str, Any], tmp_path: Path) -> None:
    whole = save(checkpoint, tmp_path / "mine.pt").path.read_bytes()
    for part in (1, 30, 1000, len(whole) // 2, len(whole) - 1000, len(whole) - 1):
        path = tmp_path / f"{part}.pt"
        path.write_bytes(whole[:part])
        check_refused(stored(path))


def test_an_archive_of_other_things_is_told(tmp_path: Path) -> None:
    path = tmp_path / "mine.pt"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "no checkpoint")
    check_refused(stored(path))


@pytest.mark.parametrize(
    "content",
    [
        7,
        None,
        [],
        "text",
        {},
        {"dims": DIMENSIONS},
        {"model_state_dict": {}},
        {"dims": None, "model_state_dict": {}},
        {"dims": {}, "model_state_dict": {}},
        {"dims": [80, 1500], "model_state_dict": {}},
        {"dims": DIMENSIONS, "model_state_dict": {}},
        {"dims": DIMENSIONS, "model_state_dict": None},
        {"dims": DIMENSIONS, "model_state_dict": {"encoder.conv1.weight": 3}},
        {"dims": DIMENSIONS | {"more": 1}, "model_state_dict": {}},
        {"dims": DIMENSIONS | {"n_text_layer": "four"}, "model_state_dict": {}},
        {"dims": DIMENSIONS | {"n_audio_state": -16}, "model_state_dict": {}},
        {"dims": DIMENSIONS | {"n_audio_state": 15}, "model_state_dict": {}},
        {"dims": DIMENSIONS | {"n_audio_head": 0}, "model_state_dict": {}},
        {"dims": DIMENSIONS | {"n_audio_state": 0}, "model_state_dict": {}},
        {"dims": DIMENSIONS | {"n_vocab": 2**62}, "model_state_dict": {}},
        {"dims": DIMENSIONS | {"n_vocab": 2**70}, "model_state_dict": {}},
    ],
    ids=lambda content: repr(content)[-60:],
)
def test_a_checkpoint_of_something_else_is_told(tmp_path: Path, content: object) -> None:
    check_refused(save(content, tmp_path / "mine.pt"))


def test_a_checkpoint_that_lacks_a_layer_is_told(
    checkpoint: dict[str, Any], tmp_path: Path
) -> None:
    state = dict(checkpoint["model_state_dict"])
    del state["decoder.ln.bias"]
    text = check_refused(save(checkpoint | {"model_state_dict": state}, tmp_path / "mine.pt"))
    assert "Missing key" in text or "state_dict" in text


def test_a_checkpoint_of_another_size_is_told(checkpoint: dict[str, Any], tmp_path: Path) -> None:
    check_refused(
        save(checkpoint | {"dims": DIMENSIONS | {"n_audio_ctx": 750}}, tmp_path / "mine.pt")
    )


@pytest.mark.parametrize("given", [[[9, 0]], [[0, 9]], [[0]], [[0, 1, 1]], [["a", "b"]], 5, "ab"])
def test_odd_alignment_heads_are_told(
    checkpoint: dict[str, Any], tmp_path: Path, given: object
) -> None:
    check_refused(save(checkpoint | {"alignment_heads": given}, tmp_path / "mine.pt"))


def test_official_names_are_for_official_networks(
    checkpoint: dict[str, Any], tmp_path: Path
) -> None:
    torch.save(checkpoint, tmp_path / "base.pt")
    with pytest.raises(ModelError):
        load(stored(tmp_path / "base.pt", "base"))


class Malicious:
    """Writes a file when it is unpickled as pickle does it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


@pytest.mark.parametrize("form", ["archive", "legacy", "pickle", "weights"])
def test_a_checkpoint_never_runs_code(
    checkpoint: dict[str, Any], tmp_path: Path, form: str
) -> None:
    trace, path = tmp_path / "trace", tmp_path / "mine.pt"
    content: dict[str, Any] = checkpoint | {"dims": Malicious(trace)}
    if form == "pickle":
        path.write_bytes(pickle.dumps(content["dims"]))
    elif form == "legacy":
        torch.save(content, path, _use_new_zipfile_serialization=False)
    elif form == "weights":
        state = checkpoint["model_state_dict"] | {"decoder.ln.bias": Malicious(trace)}
        torch.save(checkpoint | {"model_state_dict": state}, path)
    else:
        torch.save(content, path)
    check_refused(stored(path))
    assert not trace.exists()
    # The files are what they are meant to be.
    if form == "pickle":
        pickle.loads(path.read_bytes())  # noqa: S301
    else:
        torch.load(path, weights_only=False)
    assert trace.exists()


@pytest.mark.parametrize(
    "error", [MemoryError(), RuntimeError("unable to mmap 9 bytes: Cannot allocate memory (12)")]
)
def test_too_little_memory_is_told(
    checkpoint: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    model = save(checkpoint, tmp_path / "mine.pt")
    monkeypatch.setattr(torch, "load", fail)
    with pytest.raises(OutOfMemoryError, match="not enough memory for the model mine") as caught:
        load(model)
    assert "--model" in caught.value.remedy


def test_a_long_name_of_a_cause_is_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("x" * 5000 + "\nsecond line")

    monkeypatch.setattr(torch, "load", fail)
    torch.save({}, tmp_path / "mine.pt")
    assert "xxx" in check_refused(stored(tmp_path / "mine.pt"))


def test_a_cause_without_words_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise EOFError

    monkeypatch.setattr(torch, "load", fail)
    torch.save({}, tmp_path / "mine.pt")
    assert "(EOFError)" in check_refused(stored(tmp_path / "mine.pt"))


@pytest.mark.parametrize("tokens", ["", "-1", "0", "-1,51864", "50364,-51865"])
def test_tokens_of_the_vocabulary_can_be_suppressed(
    checkpoint: dict[str, Any], tmp_path: Path, tokens: str
) -> None:
    model = load(
        save(checkpoint, tmp_path / "mine.pt"),
        DecodingSettings(fp16=False, beam_size=None, suppress_tokens=tokens),
    )
    features = torch.zeros(1500, 16)
    assert model.decode(features, language="en", prompt=[], temperature=0.0).temperature == 0


@pytest.mark.parametrize("tokens", ["51865", "-1,99999", "-51866"])
def test_tokens_beyond_the_vocabulary_are_told(
    checkpoint: dict[str, Any], tmp_path: Path, tokens: str
) -> None:
    settings = DecodingSettings(fp16=False, suppress_tokens=tokens)
    with pytest.raises(UsageError, match="--suppress_tokens") as caught:
        load(save(checkpoint, tmp_path / "mine.pt"), settings)
    assert isinstance(caught.value, TranscriberError)
    assert tokens.rpartition(",")[2] in caught.value.message


def options_of_decode(settings: DecodingSettings, temperature: float) -> Any:
    """Return the options that openai-whisper's decoder gets."""
    given: list[Any] = []

    class Network:
        dims = whisper.model.ModelDimensions(**DIMENSIONS)
        device = torch.device("cpu")
        is_multilingual = True

        def decode(self, _: torch.Tensor, options: Any) -> Any:
            given.append(options)
            return whisper.DecodingResult(audio_features=torch.zeros(1), language="de")

    WhisperModel(Network(), settings).decode(
        torch.zeros(1), language="de", prompt=[7, 8], temperature=temperature
    )
    return given[0]


def test_settings_reach_the_decoder() -> None:
    settings = DecodingSettings(
        task="translate",
        best_of=3,
        beam_size=4,
        patience=2.0,
        length_penalty=0.5,
        suppress_tokens="1,2",
    )
    common = {
        "task": "translate",
        "language": "de",
        "length_penalty": 0.5,
        "prompt": [7, 8],
        "suppress_tokens": "1,2",
        # Half precision is for a GPU.
        "fp16": False,
    }
    assert options_of_decode(settings, 0.0) == whisper.DecodingOptions(
        temperature=0.0, beam_size=4, patience=2.0, **common
    )
    assert options_of_decode(settings, 0.4) == whisper.DecodingOptions(
        temperature=0.4, best_of=3, **common
    )
