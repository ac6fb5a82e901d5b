// What decoder rows hear in a window: its keys and values as they are kept, and attention to them.
#pragma once

#include "self_attention_test.h"

using whisper::CrossCache;

// A window's keys and values of one layer.
class CrossMemory {
 public:
  CrossMemory(Form form, int64_t heads, int64_t positions)
      : heads_(heads),
        keys_(heads * whisper::round_up(positions, 32) * kHead * bytes_of(form)),
        values_(keys_.size()),
        key_scales_(heads * kHead),
        value_scales_(heads * kHead),
        cache_{form, keys_.data(), values_.data(), key_scales_.data(), value_scales_.data(),
               positions, whisper::round_up(positions, 32)} {}

  const CrossCache& cache() const {
    return cache_;
  }
  double key(int64_t channel, int64_t position) const {
    return read_element(cache_.form, cache_.keys, key_index(channel, position));
  }
  double value(int64_t channel, int64_t position) const {
    return read_element(cache_.form, cache_.values, value_index(channel, position));
  }
  double key_scale(int64_t channel) const {
    return is_integer(cache_.form) ? key_scales_[channel] : 1.;
  }
  double value_scale(int64_t channel) const {
    return is_integer(cache_.form) ? value_scales_[channel] : 1.;
  }
  // Anything, but nothing behind the last position.
  void draw(Random& random, int kind) {
    const bool whole = is_integer(cache_.form);
    for (int64_t channel = 0; channel < heads_ * kHead; ++channel) {
      key_scales_[channel] = 1e-2f * random.whole(1, 20) / 10;
      value_scales_[channel] = 1e-2f * random.whole(1, 20) / 10;
      for (int64_t position = 0; position < cache_.padded; ++position) {
        const bool there = position < cache_.positions;
        const float key = whole ? random.whole(-127, 127) : random.normal();
        const float value = kind == 1 ? 127.f : whole ? random.whole(-127, 127) : random.normal();
        write_element(cache_.form, cache_.keys, key_index(channel, position), there ? key : 0.f);
        write_element(cache_.form, cache_.values, value_index(channel, position), there ? value : 0.f);
      }
    }
  }

 private:
  int64_t key_index(int64_t channel, int64_t position) const {
    return channel / kHead * cache_.padded * kHead +
        in_panels(position, channel % kHead, kHead, group_of(cache_.form));
  }
  int64_t value_index(int64_t channel, int64_t position) const {
    return channel / kHead * cache_.padded * kHead +
        in_panels(channel % kHead, position, cache_.padded, group_of(cache_.form));
  }

  int64_t heads_;
  Buffer<char> keys_, values_;
  Buffer<float> key_scales_, value_scales_;
  CrossCache cache_;
};

constexpr Form kCrossForms[] = {Form::kFloat32, Form::kBFloat16, Form::kInt8};

inline void check_pack_cross(
    Checks& checks, Random& random, const Kernels& kernels, Form form, int64_t positions) {
  const int64_t heads = random.whole(1, 2), state = heads * kHead;
  checks.begin("%s cross cache of %lld positions", form_name(form), static_cast<long long>(positions));
  const CrossMemory memory(form, heads, positions);
  Buffer<float> rows(positions * 2 * state);
  for (int64_t i = 0; i < rows.size(); ++i) {
    const int64_t channel = i % (2 * state);
    rows[i] = channel % 7 == 3 ? 0.f : random.normal() * (channel % 5 == 0 ? 1e-20f : 1.f);
  }
  for (int64_t head = 0; head < heads; ++head) {
    kernels.pack_cross(memory.cache(), rows.data(), state, head);
  }
  for (int64_t channel = 0; channel < 2 * state; ++channel) {
    const bool is_key = channel < state;
    const int64_t within = channel % state;
    float largest = 0;
    for (int64_t position = 0; position < positions; ++position) {
      largest = std::max(largest, std::abs(rows[position * 2 * state + channel]));
    }
    const double scale = is_key ? memory.key_scale(within) : memory.value_scale(within);
    if (is_integer(form)) {
      checks.near(scale, {largest / 127., largest * 1e-7 + 1e-32}, "scale", 0, channel);
    }
    for (int64_t position = 0; position < memory.cache().padded; ++position) {
      const float given = position < positions ? rows[position * 2 * state + channel] : 0.f;
      const double found = is_key ? memory.key(within, position) : memory.value(within, position);
      const double expected = form == Form::kBFloat16 ? from_bfloat16(to_bfloat16(given)) : given;
      const double off = is_integer(form) ? 0.50002 * scale : 0.;
      checks.near(found * scale, {expected, position < positions ? off : 0.}, is_key ? "key" : "value",
                  position, channel);
    }
  }
}

inline void check_cross_attention(
    Checks& checks, Random& random, const Kernels& kernels, Form cross_form, int64_t count,
    int64_t positions) {
  const int64_t heads = random.whole(1, 3), state = heads * kHead, head = random.whole(0, heads - 1);
  checks.begin("cross attention of %lld rows, %s of %lld positions, head %lld of %lld",
               static_cast<long long>(count), form_name(cross_form),
               static_cast<long long>(positions), static_cast<long long>(head),
               static_cast<long long>(heads));
  const int64_t first = random.whole(0, 2), all = first + count + random.whole(0, 2);
  Buffer<float> queries(all * state);
  for (int64_t row = 0; row < all; ++row) {
    draw_row(random, queries.data() + row * state, state, random.whole(0, kHeardKinds - 1));
  }
  CrossMemory memory(cross_form, heads, positions);
  memory.draw(random, static_cast<int>(random.whole(0, 2)));
  Buffer<float> out(all * state), scores(count * positions);
  out.fill(kUntouched);
  const bool wanted = random.whole(0, 1) == 0;
  kernels.cross_attention(
      memory.cache(), queries.data() + first * state, state, count, head,
      out.data() + first * state, wanted ? scores.data() : nullptr);
  Numbers values(positions), keys(kHead), expected(positions);
  for (int64_t row = 0; row < all; ++row) {
    const bool there = first <= row && row < first + count;
    for (int64_t channel = 0; channel < state; ++channel) {
      if (!there || channel / kHead != head) {
        checks.equal(out[row * state + channel], kUntouched, "outside", row, channel);
      }
    }
    if (!there) {
      continue;
    }
    Numbers folded(kHead);
    for (int64_t i = 0; i < kHead; ++i) {
      const double scale = memory.key_scale(head * kHead + i);
      const double value = queries[row * state + head * kHead + i] * scale;
      folded[i] = {value, kUnit * std::abs(value)};
    }
    const bool whole = is_integer(cross_form);
    folded = rounded(folded, whole ? Form::kInt8 : Form::kFloat32, 127 * 8);
    for (int64_t position = 0; position < positions; ++position) {
      for (int64_t i = 0; i < kHead; ++i) {
        keys[i].value = memory.key(head * kHead + i, position);
      }
      expected[position] = score(folded.data(), keys.data());
      if (wanted) {
        checks.near(scores[(row - first) * positions + position], expected[position], "score", row, position);
      }
    }
    Meeting meeting;
    meeting.form = whole ? Form::kInt8 : Form::kFloat32;
    meeting.norm = 127 * std::sqrt(double(memory.cache().padded));
    const Hearing hearing = weigh(expected, meeting);
    for (int64_t i = 0; i < kHead; ++i) {
      const int64_t channel = head * kHead + i;
      for (int64_t position = 0; position < positions; ++position) {
        values[position].value = memory.value(channel, position);
      }
      const Number heard = hear(hearing, values);
      const double scale = memory.value_scale(channel);
      const Number bound = {
          heard.value * scale, (heard.error + 2 * kUnit * std::abs(heard.value)) * scale};
      checks.near(out[row * state + channel], bound, "heard", row, channel);
    }
  }
}

inline void test_decoder(Checks& checks, Random& random, const Kernels& kernels, int rounds) {
  for (int round = 0; round < rounds; ++round) {
    const int64_t most = rounds == 1 ? 1 : 3;
    for (const Form form : kDecoderForms) {
      const bool prompt = random.whole(0, 1) == 0;
      const int64_t count = rounds == 1 ? (prompt ? 17 : 5)
          : prompt                      ? random.one_of<int64_t>({1, 3, 15, 16, 17, 40, 61})
                                        : random.one_of(kRowCounts);
      check_self_attention(checks, random, kernels, form, count, random.whole(1, most), prompt);
    }
    for (const Form cross : kCrossForms) {
      check_pack_cross(checks, random, kernels, cross, random.one_of({1, 7, 37, 100}));
      const int64_t count = rounds == 1 ? random.whole(1, 5) : random.one_of(kRowCounts);
      const int64_t positions = random.one_of({1, 37, 64, rounds == 1 ? 37 : 100});
      check_cross_attention(checks, random, kernels, cross, count, positions);
      if (round == 8) {
        check_cross_attention(checks, random, kernels, cross, 2, 1500);
      }
    }
  }
}
