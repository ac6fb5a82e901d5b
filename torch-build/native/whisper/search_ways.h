// The three ways to choose tokens; make_search takes the one that the options ask for.
#pragma once

#include <memory>

#include "search.h"

namespace whisper {

// The most probable token, of one hypothesis.
std::unique_ptr<Search> make_greedy_search(const SearchOptions& options);

// A random token for each of `best_of` hypotheses, by probabilities that the temperature sharpens.
std::unique_ptr<Search> make_sampling_search(const SearchOptions& options);

// The `beam_size` most probable hypotheses side by side.
std::unique_ptr<Search> make_beam_search(const SearchOptions& options);

} // namespace whisper
