// Attention of decoder rows to their own past.
#pragma once

#include "products_test.h"

using whisper::DecoderRow;
using whisper::kHead;
using whisper::SelfCache;

// Rows of others give scores that float32 is no longer exact enough for.
constexpr int kHeardKinds = 5;

// Rows at once, each with a history in a cache of more slots than rows.
class Step {
 public:
  Step(Random& random, int64_t count, int64_t slots, int64_t context, int64_t state, bool prompt)
      : cache_memory_(slots * context * 2 * state), histories_(count * context), rows_(count) {
    for (int64_t i = 0; i < cache_memory_.size(); ++i) {
      cache_memory_[i] = random.normal();
    }
    cache_ = {cache_memory_.data(), context, state};
    const int64_t same = random.whole(0, context - 1);
    const bool mixed = random.whole(0, 1) == 0;
    for (int64_t row = 0; row < count; ++row) {
      DecoderRow& of = rows_[row];
      int32_t* history = histories_.data() + row * context;
      of.slot = prompt ? slots - 1 : row;
      of.position = prompt ? row : mixed ? random.whole(0, context - 1) : same;
      for (int64_t at = 0; at <= of.position; ++at) {
        history[at] = static_cast<int32_t>(prompt ? of.slot : random.whole(0, slots - 1));
      }
      history[of.position] = static_cast<int32_t>(of.slot);
      of.history = history;
      of.cross = nullptr;
    }
  }

  const SelfCache& cache() const {
    return cache_;
  }
  const Buffer<float>& memory() const {
    return cache_memory_;
  }
  std::vector<DecoderRow>& rows() {
    return rows_;
  }

 private:
  Buffer<float> cache_memory_;
  Buffer<int32_t> histories_;
  std::vector<DecoderRow> rows_;
  SelfCache cache_{};
};

// Query times key of one position, by an eighth; `query` and `key` of 64 channels.
inline Number score(const Number* query, const Number* key) {
  double sum = 0, sizes = 0, carried = 0;
  for (int64_t i = 0; i < kHead; ++i) {
    const double a = std::abs(query[i].value), b = std::abs(key[i].value);
    sum += query[i].value * key[i].value;
    sizes += (a + query[i].error) * (b + key[i].error);
    carried += a * key[i].error + b * query[i].error + query[i].error * key[i].error;
  }
  return {sum / 8, (carried + (kHead + 4) * kUnit * sizes) / 8 + kTiny};
}

inline void check_self_attention(
    Checks& checks, Random& random, const Kernels& kernels, Form form, int64_t count, int64_t heads,
    bool prompt) {
  const int64_t state = heads * kHead, head = random.whole(0, heads - 1);
  const int64_t context = std::max<int64_t>(random.one_of({7, 37, 100}), prompt ? count : 1);
  checks.begin("%s self attention of %lld rows, context %lld, head %lld of %lld, prompt %d",
               form_name(form), static_cast<long long>(count), static_cast<long long>(context),
               static_cast<long long>(head), static_cast<long long>(heads), prompt);
  const Weights qkv(random, form, 3 * state, state);
  const Rows input(random, kernels, form, count, state, Style::kRandom, kHeardKinds);
  Step step(random, count, count + random.whole(0, 2), context, state, prompt);
  const SelfCache& cache = step.cache();
  Numbers expected = exact(step.memory().data(), step.memory().size());
  Numbers queries(count * kHead);
  for (int64_t row = 0; row < count; ++row) {
    const DecoderRow& of = step.rows()[row];
    const int64_t place = cache.at(of.slot, of.position) - cache.base;
    for (int64_t i = 0; i < kHead; ++i) {
      const int64_t channel = head * kHead + i;
      queries[row * kHead + i] = input.times(row, qkv, channel);
      expected[place + channel] = input.times(row, qkv, state + channel);
      expected[place + state + channel] = input.times(row, qkv, 2 * state + channel);
    }
  }
  Buffer<float> out(count * state);
  out.fill(kUntouched);
  kernels.self_attention(
      qkv.linear(), input.activations(), cache, step.rows().data(), count, head, out.data());
  for (int64_t i = 0; i < step.memory().size(); ++i) {
    checks.near(step.memory()[i], expected[i], "cache", i / state, i % state);
  }
  for (int64_t row = 0; row < count; ++row) {
    const DecoderRow& of = step.rows()[row];
    Numbers scores(of.position + 1), values(of.position + 1);
    for (int64_t at = 0; at <= of.position; ++at) {
      const int64_t place = cache.at(of.history[at], at) - cache.base;
      scores[at] = score(&queries[row * kHead], &expected[place + head * kHead]);
    }
    const Hearing hearing = weigh(scores, {});
    for (int64_t channel = 0; channel < state; ++channel) {
      const float found = out[row * state + channel];
      if (channel / kHead != head) {
        checks.equal(found, kUntouched, "outside of the head", row, channel);
        continue;
      }
      for (int64_t at = 0; at <= of.position; ++at) {
        values[at] = expected[cache.at(of.history[at], at) - cache.base + state + channel];
      }
      checks.near(found, hear(hearing, values), "heard", row, channel);
    }
  }
}
