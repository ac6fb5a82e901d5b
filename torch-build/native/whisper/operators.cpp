// The operators of the namespace `whisper`: a window's way from samples to tokens.
//
// encode and cross turn a window into what the decoder attends to; a batch makes the texts of many
// windows, forward the logits of a text that is known: for the language, and for the times of words.

#include "capability.h"
#include "decoding.h"
#include "encoder.h"
#include "packing.h"
#include "speech.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <torch/library.h>

#include <algorithm>
#include <map>

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

// A batch, and what it reads. A tensor owns it, so that it lives as long as Python has that.
struct HeldBatch {
  HeldBatch(at::TensorList tensors, int64_t heads, int64_t slots)
      : kept(tensors.vec()),
        heads(heads),
        weights(read_decoder(kept, heads)),
        batch(weights, heads, slots) {}

  const std::vector<at::Tensor> kept;
  const int64_t heads;
  const DecoderWeights weights;
  Batch batch;
  std::map<int64_t, std::vector<at::Tensor>> windows;
};

HeldBatch& held_batch(const at::Tensor& handle) {
  TORCH_CHECK(
      handle.scalar_type() == at::kByte && handle.numel() == sizeof(HeldBatch),
      "expected what `batch` returned");
  return *static_cast<HeldBatch*>(handle.data_ptr());
}

at::Tensor make_batch(at::TensorList tensors, int64_t heads, int64_t slots) {
  TORCH_CHECK(slots > 0, "a batch without rows");
  auto* held = new HeldBatch(tensors, heads, slots);
  return at::from_blob(
      held, {static_cast<int64_t>(sizeof(HeldBatch))},
      [](void* pointer) { delete static_cast<HeldBatch*>(pointer); }, at::kByte);
}

void add_to_batch(
    const at::Tensor& handle, int64_t number, at::TensorList cross, at::IntArrayRef prompt,
    int64_t vocabulary, int64_t sot_index, int64_t eot, int64_t no_speech, int64_t timestamp_begin,
    int64_t no_timestamps, bool timestamps, at::IntArrayRef suppress,
    at::IntArrayRef suppress_first, int64_t max_initial_timestamp, int64_t sample_len,
    int64_t beam_size, double patience, double length_penalty, int64_t best_of, double temperature,
    int64_t seed, bool exact_sampling) {
  HeldBatch& held = held_batch(handle);
  check_tokens(prompt, held.weights);
  TORCH_CHECK(
      0 < vocabulary && vocabulary <= held.weights.tokens(),
      "the vocabulary is of another model");
  TORCH_CHECK(no_speech < vocabulary, "there is no token ", no_speech);
  TORCH_CHECK(held.windows.count(number) == 0, "window ", number, " is in the batch already");
  DecodingRequest request;
  request.number = number;
  request.cross = cross_of(cross, held.weights, held.heads);
  request.prompt = prompt.vec();
  request.limits = {sot_index, no_speech, sample_len};
  SearchOptions& options = request.options;
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
  held.batch.add(std::move(request));
  held.windows.emplace(number, cross.vec());
}

// Of each window that is done: its number, how many tokens it has, and these; the sum of their log
// probabilities, and the probability that nobody speaks.
std::tuple<at::Tensor, at::Tensor> run_batch(const at::Tensor& handle) {
  HeldBatch& held = held_batch(handle);
  TeamLease team;
  const std::vector<Decoded> done = held.batch.run(*team);
  std::vector<int64_t> numbers;
  at::Tensor sums = at::empty({static_cast<int64_t>(done.size()), 2}, at::kDouble);
  double* of_window = sums.data_ptr<double>();
  for (const Decoded& decoded : done) {
    const std::vector<int64_t>& tokens = decoded.hypothesis.tokens;
    numbers.push_back(decoded.number);
    numbers.push_back(tokens.size());
    numbers.insert(numbers.end(), tokens.begin(), tokens.end());
    *of_window++ = decoded.hypothesis.sum_logprob;
    *of_window++ = decoded.no_speech_prob;
    held.windows.erase(decoded.number);
  }
  at::Tensor out = at::empty({static_cast<int64_t>(numbers.size())}, at::kLong);
  std::copy(numbers.begin(), numbers.end(), out.data_ptr<int64_t>());
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
  m.def("speech(Tensor[] weights, Tensor samples, Tensor state) -> Tensor", &whisper::detect_speech);
  m.def("encode(Tensor[] weights, Tensor mel, int heads) -> Tensor", &whisper::encode);
  m.def("cross(Tensor[] weights, Tensor features, int heads) -> Tensor[]", &whisper::make_cross);
  m.def(
      "forward(Tensor[] weights, Tensor[] cross, int heads, int[] tokens, int[] rows, "
      "int[] alignment) -> (Tensor logits, Tensor scores)",
      &whisper::forward);
  m.def("batch(Tensor[] weights, int heads, int slots) -> Tensor", &whisper::make_batch);
  m.def(
      "batch_add(Tensor batch, int number, Tensor[] cross, int[] prompt, int vocabulary, "
      "int sot_index, int eot, int no_speech, int timestamp_begin, int no_timestamps, "
      "bool timestamps, int[] suppress, int[] suppress_first, int max_initial_timestamp, "
      "int sample_len, int beam_size, float patience, float length_penalty, int best_of, "
      "float temperature, int seed, bool exact_sampling) -> ()",
      &whisper::add_to_batch);
  m.def("batch_run(Tensor batch) -> (Tensor numbers, Tensor sums)", &whisper::run_batch);
}
