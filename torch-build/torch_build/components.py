"""What is in PyTorch's wheel beside the sources that are fetched, and where its licences are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from buildkit.components import Component, source_components
from buildkit.licences import RUNTIME_PLACES, Texts
from buildkit.sources import Source

MINIZ = Component(
    name="miniz",
    version="3.0.2",
    licence="MIT",
    purpose="reads the zip archives that checkpoints are; PyTorch's source contains it",
    supplier="Rich Geldreich and contributors",
    purl="pkg:github/richgel999/miniz@3.0.2",
)

PLACES: Mapping[str, Texts] = {
    **RUNTIME_PLACES,
    # PyTorch's tree contains it, in a folder of its own.
    "miniz": Texts(source="pytorch", patterns=("third_party/miniz-3.0.2/LICENSE",)),
    # Taken from its package for pip, which has the text in the package's description.
    "pybind11": Texts(source="pybind11", patterns=("*.dist-info/**/LICENSE*",)),
    # One header of numpy's source; numpy's licence is not that of the header.
    "pocketfft": Texts(source="pocketfft", patterns=("**/pocketfft_hdronly.h",), in_comment=True),
}
"""Of a component's name to the place of its licence texts."""


def torch_components(sources: Iterable[Source]) -> tuple[Component, ...]:
    """Return the components of the pinned `sources`, with what PyTorch's own tree contains."""
    return source_components(sources, contained={"pytorch": (MINIZ,)})
