// Which of several finished hypotheses is taken: openai-whisper's MaximumLikelihoodRanker.
#pragma once

#include <vector>

#include "search.h"

namespace whisper {

// The index of the one with the largest log probability by length, the first of equal ones.
// A negative `length_penalty` divides by the length, others by a power of it (Wu et al., 2016:
// Google's neural machine translation system).
size_t best_hypothesis(const std::vector<Hypothesis>& hypotheses, double length_penalty);

} // namespace whisper
