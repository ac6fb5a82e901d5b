"""Translating another format's tensor names into OpenAI's."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Naming:
    """How a format names the tensors of a Whisper model.

    Attributes
    ----------
    separator : str
        What stands between the parts of a name.
    layer : re.Pattern of str
        Matches a module inside a layer; its groups are ``encoder`` or ``decoder``, the layer's
        number, and the module's name within the layer.
    layer_modules : mapping of str to str
        OpenAI's names of the modules within a layer.
    modules : mapping of str to str
        OpenAI's names of the other modules.
    tensors : mapping of str to str
        OpenAI's names of the tensors that belong to no module.
    parameters : mapping of str to str
        OpenAI's names of a module's tensors.
    """

    separator: str
    layer: re.Pattern[str]
    layer_modules: Mapping[str, str]
    modules: Mapping[str, str]
    tensors: Mapping[str, str]
    parameters: Mapping[str, str]

    def translate(self, name: str) -> str | None:
        """Return OpenAI's name of the tensor `name`, or None where Whisper has no such tensor."""
        if name in self.tensors:
            return self.tensors[name]
        module, _, last = name.rpartition(self.separator)
        parameter = self.parameters.get(last)
        translated = self.modules.get(module)
        match = self.layer.fullmatch(module)
        if match and match[3] in self.layer_modules:
            translated = f"{match[1]}.blocks.{match[2]}.{self.layer_modules[match[3]]}"
        return f"{translated}.{parameter}" if translated and parameter else None
