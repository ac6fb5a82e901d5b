// Drawing tokens from PyTorch's generator.
#pragma once

#include <cstdint>
#include <vector>

#include "scored_rows.h"

namespace whisper {

// A token for each row, which are those that torch.distributions.Categorical would draw from a
// tensor of the rows' logits. A null row stands for one whose token does not matter: random
// numbers are drawn for it too.
std::vector<int64_t> sample_exactly(
    const std::vector<const ScoredRow*>& rows, int64_t vocabulary, double temperature);

} // namespace whisper
