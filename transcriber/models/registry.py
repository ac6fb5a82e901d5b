"""The official models as data."""

from __future__ import annotations

import difflib
import functools
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources

from transcriber.download.published import PublishedFile
from transcriber.errors import ModelError

AUDIO_CONTEXT = 1500
"""Positions of the encoder's output: 30 s at 20 ms each."""
TEXT_CONTEXT = 448
"""Tokens that the decoder sees at once."""
MULTILINGUAL_VOCABULARY = 51865
"""The smallest vocabulary with language tokens; an English-only model has one token less."""


@dataclass(frozen=True, kw_only=True)
class Dimensions:
    """The sizes that make one Whisper architecture differ from another.

    Attributes
    ----------
    mels : int
        Mel frequency bands of the input.
    vocabulary : int
        Tokens that the decoder chooses from.
    state : int
        Width of both transformers.
    heads : int
        Attention heads of a layer, in both transformers.
    encoder_layers, decoder_layers : int
        Depth of each transformer.
    """

    mels: int
    vocabulary: int
    state: int
    heads: int
    encoder_layers: int
    decoder_layers: int

    @property
    def multilingual(self) -> bool:
        """Whether the model knows other languages than English, and can translate."""
        return self.vocabulary >= MULTILINGUAL_VOCABULARY

    def as_checkpoint(self) -> dict[str, int]:
        """Return the dimensions under the names that OpenAI's checkpoints give them."""
        return {
            "n_mels": self.mels,
            "n_audio_ctx": AUDIO_CONTEXT,
            "n_audio_state": self.state,
            "n_audio_head": self.heads,
            "n_audio_layer": self.encoder_layers,
            "n_vocab": self.vocabulary,
            "n_text_ctx": TEXT_CONTEXT,
            "n_text_state": self.state,
            "n_text_head": self.heads,
            "n_text_layer": self.decoder_layers,
        }


@dataclass(frozen=True, kw_only=True)
class OfficialModel(PublishedFile):
    """One of OpenAI's files, under the name that openai-whisper stores it under.

    Attributes
    ----------
    aliases : tuple of str
        Other names for the same file.
    dimensions : Dimensions
        Its architecture.
    """

    aliases: tuple[str, ...]
    dimensions: Dimensions

    @property
    def title(self) -> str:
        """What it is, within a sentence."""
        return f"the model {self.name}"

    @property
    def space_advice(self) -> str:
        """What to do where the disk is too small for it."""
        return "free some space or choose another folder with --model_dir"

    @property
    def source_advice(self) -> str:
        """What to do where no source brings it."""
        return "check the network, or name another source with --model_mirror"


@functools.cache
def official_models() -> Mapping[str, OfficialModel]:
    """Return every official model by its name; aliases are not keys."""
    text = resources.files("transcriber.models").joinpath("models.toml").read_text("utf-8")
    return {name: _from_entry(name, entry) for name, entry in tomllib.loads(text).items()}


def _from_entry(name: str, entry: dict[str, object]) -> OfficialModel:
    fields = dict(entry)
    identity = {key: fields.pop(key) for key in ("aliases", "address", "size", "sha256")}
    identity["aliases"] = tuple(identity["aliases"])  # type: ignore[arg-type]
    return OfficialModel(
        name=name,
        dimensions=Dimensions(**fields),  # type: ignore[arg-type]
        **identity,  # type: ignore[arg-type]
    )


def find_official(name: str) -> OfficialModel | None:
    """Return the official model that `name` or one of its aliases denotes, or None."""
    models = official_models()
    if name in models:
        return models[name]
    return next((model for model in models.values() if name in model.aliases), None)


def require_official(name: str) -> OfficialModel:
    """Return the official model that `name` denotes.

    Raises
    ------
    ModelError
        When there is none; the message names the nearest ones.
    """
    model = find_official(name)
    if model is not None:
        return model
    names = [*official_models(), *(a for m in official_models().values() for a in m.aliases)]
    near = difflib.get_close_matches(name, names, n=2)
    hint = f"did you mean {' or '.join(near)}?" if near else f"choose one of {', '.join(names)}"
    raise ModelError(f"there is no model named {name!r}", hint)
