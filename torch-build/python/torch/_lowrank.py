"""Two functions that upstream's ``torch.functional`` re-exports and Whisper does not use."""

from __future__ import annotations

from torch._absent import Placeholder

pca_lowrank = Placeholder("torch.pca_lowrank")
svd_lowrank = Placeholder("torch.svd_lowrank")
