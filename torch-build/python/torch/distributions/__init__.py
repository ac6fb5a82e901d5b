"""The one distribution that Whisper samples from."""

from __future__ import annotations

from torch._absent import module_getattr
from torch.distributions.categorical import Categorical as Categorical
from torch.distributions.distribution import Distribution as Distribution

__getattr__ = module_getattr(__name__)
