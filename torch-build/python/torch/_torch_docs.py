"""Names of notes that upstream's modules put into their docstrings, here without their texts."""

from __future__ import annotations

reproducibility_notes = {
    "forward_reproducibility_note": "",
    "backward_reproducibility_note": "",
    "cudnn_reproducibility_note": "",
}
sparse_support_notes = {"sparse_beta_warning": ""}
tf32_notes = {"tf32_note": ""}
