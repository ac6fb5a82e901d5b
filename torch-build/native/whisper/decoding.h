// Decoding a window: the tokens that follow a prompt.
#pragma once

#include "decoder.h"
#include "search.h"

namespace whisper {

struct Decoded {
  Hypothesis hypothesis;
  float no_speech_prob; // NaN where it was not asked for
};

struct DecodingLimits {
  int64_t sot_index; // where <|startoftranscript|> is in the prompt
  int64_t no_speech; // its token; -1: not asked for
  int64_t sample_len; // most tokens behind the prompt
};

Decoded decode_window(
    Team& team, const DecoderWeights& weights, const std::vector<CrossCache>& cross, int64_t heads,
    const std::vector<int64_t>& prompt, const SearchOptions& options, const DecodingLimits& limits);

} // namespace whisper
