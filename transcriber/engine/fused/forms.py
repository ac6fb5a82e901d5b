"""In which form each weight is stored, by the compute type and by what the processor has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

ROWS = 16
"""Outputs of a panel, the unit in which weights are stored and read."""

DEFAULT_TYPE = "int8"
"""What ``auto`` stands for: the fastest, with about as few errors as float32."""

EXACT = "exact"
"""The form ``float16`` where that holds every weight without rounding it, else ``float32``."""


class Storage(NamedTuple):
    """How a form stores the elements of a matrix.

    Attributes
    ----------
    dtype : str
        Their type, as safetensors names it.
    group : int
        Inputs that lie side by side.
    scaled : bool
        Whether each output has a scale.
    size : int
        Bytes of an element.
    """

    dtype: str
    group: int
    scaled: bool
    size: int


STORAGES = {
    "float32": Storage("F32", 1, False, 4),
    "float16": Storage("F16", 1, False, 2),
    "bfloat16": Storage("BF16", 2, False, 2),
    "int16": Storage("I16", 2, True, 2),
    "int8": Storage("I8", 4, True, 1),
}
"""The forms that the operators know."""


@dataclass(frozen=True, kw_only=True)
class Forms:
    """The forms of a model's weights.

    Attributes
    ----------
    encoder : str
        Of the encoder's matrices, but for the convolutions, and of the keys and values that the
        decoder takes from its output.
    decoder : str
        Of all others, but for those that `sensitive` is about; `EXACT` until the weights are known.
    """

    encoder: str
    decoder: str

    @property
    def sensitive(self) -> str:
        """Form of the layers that lose the most in 8 bits: the second one of each MLP.

        OpenAI's weights are float16. (Logits lose more, but those of the likely tokens are made
        anew with the embedding in float16.) The tiles of AMX multiply integers, of which those of
        16 bits lose next to nothing.
        """
        if self.decoder != "int8":
            return self.decoder
        return "int16" if self.encoder == "bfloat16" else "float16"

    @property
    def label(self) -> str:
        """A name for them, the same before and after the weights are known."""
        if self.decoder in (EXACT, "float16", "float32"):
            return "float32"
        return self.decoder if self.decoder == self.encoder else f"{self.decoder}-{self.encoder}"


LABELS = ("float32", "bfloat16", "int8-bfloat16", "int8-int16")
"""Every label there is."""


def resolve(compute_type: str) -> str:
    """Return the compute type that `compute_type` stands for, which may be ``auto``.

    Parameters
    ----------
    compute_type : str
        One of `transcriber.settings.COMPUTE_TYPES`.

    Examples
    --------
    >>> resolve("auto"), resolve("float32")
    ('int8', 'float32')
    """
    return DEFAULT_TYPE if compute_type == "auto" else compute_type


def choose_forms(compute_type: str, capability: str) -> Forms:
    """Return the forms that are fastest for a compute type.

    Parameters
    ----------
    compute_type : str
        ``float32``, ``bfloat16`` or ``int8``.
    capability : str
        The instruction set that the kernels use.

    Examples
    --------
    >>> choose_forms("int8", "avx2")
    Forms(encoder='int16', decoder='int8')
    """
    if compute_type == "float32":
        return Forms(encoder="float32", decoder=EXACT)
    if compute_type == "bfloat16":
        return Forms(encoder="bfloat16", decoder="bfloat16")
    # Eight bits are too few for the encoder. Integers of 16 lose less than bfloat16 does, and
    # every processor multiplies them; AMX has no such product.
    return Forms(encoder="bfloat16" if capability == "amx" else "int16", decoder="int8")


def in_words(compute_type: str, capability: str) -> str:
    """Say what a compute type means here, and why it was taken.

    Parameters
    ----------
    compute_type : str
        What was asked for, ``auto`` included.
    capability : str
        The instruction set that the kernels use.

    Examples
    --------
    >>> in_words("auto", "avx2")
    'decoder in int8, encoder in int16; the fastest'
    """
    resolved = resolve(compute_type)
    forms = choose_forms(resolved, capability)
    if resolved == "float32":
        meaning = "single precision throughout"
    else:
        meaning = f"decoder in {forms.decoder}, encoder in {forms.encoder}"
    reason = "the fastest" if compute_type == "auto" else "asked for"
    return f"{meaning}; {reason}"
