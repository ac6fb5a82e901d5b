// The operators of the namespace `whisper`: a window's way from samples to tokens.
//
// encode and cross turn a window into what the decoder attends to; decode makes its text, forward
// the logits of a text that is known: for the language, and for the times of words.

#include "capability.h"
#include "decoding.h"
#include "encoder.h"
#include "packing.h"

#include <ATen/ops/empty.h>
#include <torch/library.h>

#include <algorithm>

namespace whisper {

namespace {

constexpr int64_t kFrame = 400;
constexpr int64_t kHop = 160;
constexpr int64_t kFrequencies = kFrame / 2 + 1;

std::string capability() {
  return kernels().name;
}

at::Tensor log_mel(const at::Tensor& samples, const at::Tensor& filters) {
  TORCH_CHECK(
      samples.scalar_type() == at::kFloat && samples.dim() == 1 && samples.is_contiguous() &&
          samples.size(0) >= kFrame,
      "expected at least ", kFrame, " samples in float32");
  TORCH_CHECK(
      filters.scalar_type() == at::kFloat && filters.dim() == 2 && filters.is_contiguous() &&
          filters.size(1) == kFrequencies,
      "expected filters of ", kFrequencies, " frequencies");
  const int64_t frames = (samples.size(0) - kFrame) / kHop + 1, mels = filters.size(0);
  at::Tensor out = at::empty({frames, mels}, at::kFloat);
  kernels().log_mel(
      samples.const_data_ptr<float>(), frames, filters.const_data_ptr<float>(), mels,
      out.data_ptr<float>());
  return out;
}

void check_tokens(at::IntArrayRef tokens, const DecoderWeights& weights) {
  TORCH_CHECK(
      !tokens.empty() && static_cast<int64_t>(tokens.size()) <= weights.context,
      "expected 1 to ", weights.context, " tokens");
  for (const int64_t token : tokens) {
    TORCH_CHECK(0 <= token && token < weights.tokens(), "there is no token ", token);
  }
}

std::vector<CrossCache> cross_of(
    at::TensorList cross, const DecoderWeights& weights, int64_t heads) {
  std::vector<CrossCache> caches = read_cross(cross, heads);
  TORCH_CHECK(caches.size() == weights.layers.size(), "the window is of another model");
  return caches;
}

std::tuple<at::Tensor, at::Tensor> forward(
    at::TensorList tensors, at::TensorList cross, int64_t heads, at::IntArrayRef tokens,
    at::IntArrayRef rows, at::IntArrayRef alignment) {
  const DecoderWeights weights = read_decoder(tensors, heads);
  check_tokens(tokens, weights);
  const std::vector<CrossCache> caches = cross_of(cross, weights, heads);
  const int64_t count = tokens.size(), wanted = rows.size();
  for (const int64_t row : rows) {
    TORCH_CHECK(0 <= row && row < count, "there is no row ", row);
  }
  Decoder::Alignment aligned;
  TORCH_CHECK(alignment.size() % 2 == 0, "alignment is pairs of a layer and a head");
  for (size_t i = 0; i < alignment.size(); i += 2) {
    const std::pair<int64_t, int64_t> pair{alignment[i], alignment[i + 1]};
    const bool is_new =
        std::find(aligned.heads.begin(), aligned.heads.end(), pair) == aligned.heads.end();
    TORCH_CHECK(
        0 <= pair.first && pair.first < static_cast<int64_t>(weights.layers.size()) &&
            0 <= pair.second && pair.second < heads && is_new,
        "there is no head ", pair.second, " in layer ", pair.first, ", or it was named before");
    aligned.heads.push_back(pair);
  }
  const int64_t pairs = aligned.heads.size();
  at::Tensor scores = at::empty({pairs, count, caches[0].positions}, at::kFloat);
  aligned.scores = scores.data_ptr<float>();

  TeamLease team;
  Decoder decoder(weights, heads, 1, std::max(count, wanted));
  const std::vector<int32_t> history(count, 0);
  std::vector<DecoderRow> step;
  for (int64_t position = 0; position < count; ++position) {
    step.push_back({position, history.data(), 0, caches.data()});
  }
  decoder.step(*team, step, tokens.vec(), &aligned);
  at::Tensor logits = at::empty({wanted, decoder.stride()}, at::kFloat);
  decoder.logits(*team, rows.vec(), logits.data_ptr<float>());
  return {logits, scores};
}

std::tuple<at::Tensor, at::Tensor> decode(
    at::TensorList tensors, at::TensorList cross, int64_t heads, at::IntArrayRef prompt,
    int64_t vocabulary, int64_t sot_index, int64_t eot, int64_t no_speech, int64_t timestamp_begin,
    int64_t no_timestamps, bool timestamps, at::IntArrayRef suppress,
    at::IntArrayRef suppress_first, int64_t max_initial_timestamp, int64_t sample_len,
    int64_t beam_size, double patience, double length_penalty, int64_t best_of, double temperature,
    int64_t seed, bool exact_sampling) {
  const DecoderWeights weights = read_decoder(tensors, heads);
  check_tokens(prompt, weights);
  TORCH_CHECK(
      0 < vocabulary && vocabulary <= weights.tokens(), "the vocabulary is of another model");
  TORCH_CHECK(no_speech < vocabulary, "there is no token ", no_speech);
  const std::vector<CrossCache> caches = cross_of(cross, weights, heads);
  SearchOptions options;
  options.vocabulary = vocabulary;
  options.eot = eot;
  options.timestamp_begin = timestamp_begin;
  options.no_timestamps = no_timestamps;
  options.timestamps = timestamps;
  options.suppress = suppress.vec();
  options.suppress_first = suppress_first.vec();
  options.max_initial_timestamp = max_initial_timestamp;
  options.beam_size = beam_size;
  options.patience = patience;
  options.length_penalty = length_penalty;
  options.best_of = best_of;
  options.temperature = temperature;
  options.seed = seed;
  options.exact_sampling = exact_sampling;
  TeamLease team;
  const Decoded decoded = decode_window(
      *team, weights, caches, heads, prompt.vec(), options, {sot_index, no_speech, sample_len});
  const std::vector<int64_t>& tokens = decoded.hypothesis.tokens;
  at::Tensor out = at::empty({static_cast<int64_t>(tokens.size())}, at::kLong);
  std::copy(tokens.begin(), tokens.end(), out.data_ptr<int64_t>());
  at::Tensor sums = at::empty({2}, at::kDouble);
  sums.data_ptr<double>()[0] = decoded.hypothesis.sum_logprob;
  sums.data_ptr<double>()[1] = decoded.no_speech_prob;
  return {out, sums};
}

} // namespace

} // namespace whisper

TORCH_LIBRARY(whisper, m) {
  m.def("capability() -> str", &whisper::capability);
  m.def("capabilities() -> str[]", &whisper::capabilities);
  m.def("set_capability(str name) -> ()", &whisper::set_capability);
  m.def("pack(Tensor weight, str form) -> (Tensor, Tensor)", &whisper::pack);
  m.def("log_mel(Tensor samples, Tensor filters) -> Tensor", &whisper::log_mel);
  m.def("encode(Tensor[] weights, Tensor mel, int heads) -> Tensor", &whisper::encode);
  m.def("cross(Tensor[] weights, Tensor features, int heads) -> Tensor[]", &whisper::make_cross);
  m.def(
      "forward(Tensor[] weights, Tensor[] cross, int heads, int[] tokens, int[] rows, "
      "int[] alignment) -> (Tensor logits, Tensor scores)",
      &whisper::forward);
  m.def(
      "decode(Tensor[] weights, Tensor[] cross, int heads, int[] prompt, int vocabulary, "
      "int sot_index, int eot, int no_speech, int timestamp_begin, int no_timestamps, "
      "bool timestamps, int[] suppress, int[] suppress_first, int max_initial_timestamp, "
      "int sample_len, int beam_size, float patience, float length_penalty, int best_of, "
      "float temperature, int seed, bool exact_sampling) -> (Tensor tokens, Tensor sums)",
      &whisper::decode);
}
