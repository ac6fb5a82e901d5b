#include "search.h"

#include "search_ways.h"

namespace whisper {

std::unique_ptr<Search> make_search(const SearchOptions& options) {
  if (options.beam_size > 0) {
    return make_beam_search(options); // whatever the temperature, as in openai-whisper
  }
  return options.temperature == 0 ? make_greedy_search(options) : make_sampling_search(options);
}

} // namespace whisper
