// Logits that 8 bits have rounded, once more where it matters.
#pragma once

#include "kernels.h"
#include "team.h"

namespace whisper {

// Of each row of logits (rows, stride), those near its largest become products of the tokens'
// embedding in float16 and the row of `outputs` (rows, state), which are the decoder's, normalised.
void refine_logits(
    Team& team, const Embedding& embedding, const float* outputs, int64_t rows, float* logits,
    int64_t stride);

} // namespace whisper
