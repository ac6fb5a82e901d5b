"""The one name that upstream's ``nn.Module`` takes from this package, an annotation."""

from __future__ import annotations

from typing import Union

import torch

DeviceLikeType = Union[str, torch.device, int]  # noqa: UP007 - torch.device's type knows no "|"
