// The encoder's three jobs of a layer, each from what the test prepares by itself.
#pragma once

#include "encoder_window.h"

constexpr float kScoreFactor = 0.125f; // one over the root of 64

inline double query_limit(Form form) {
  return form == Form::kInt16 ? 5790 : 0;
}

// Calls work(begin, end) for chunks of any size up to `count`; all begin with an even row.
template <typename Work>
void in_chunks(Random& random, int64_t count, const Work& work) {
  for (int64_t begin = 0; begin < count;) {
    const int64_t end = std::min(count, begin + random.one_of({2, 6, 14, 38, 96}));
    work(begin, end);
    begin = end;
  }
}

// What a converted channel may be: `limit` is the largest integer.
inline void check_converted(
    Checks& checks, Form form, double found, const Number& expected, double scale, double limit,
    const char* part, int64_t row, int64_t channel) {
  if (form == Form::kInt16) {
    checks.that(std::abs(found) <= limit, "an integer beyond its limit", row, channel);
    checks.near(
        found * scale,
        {expected.value, expected.error + 0.5001 * scale + 4 * kUnit * std::abs(expected.value)},
        part, row, channel);
  } else {
    const Number bound = rounded({expected}, form, 0)[0];
    checks.near(found, bound, part, row, channel);
  }
}

inline void check_attention_input(
    Checks& checks, Random& random, const Kernels& kernels, Form form, int64_t heads,
    int64_t positions) {
  checks.begin("%s attention input, %lld heads, %lld positions", form_name(form),
               static_cast<long long>(heads), static_cast<long long>(positions));
  const EncoderWindow window(random, form, heads, positions, Style::kRandom, Style::kRandom);
  const EncoderState& state = window.state();
  in_chunks(random, positions, [&](int64_t begin, int64_t end) {
    kernels.encoder_attention_input(window.layer(), state, begin, end);
  });
  for (int64_t position = 0; position < positions; ++position) {
    const Numbers given = exact(state.x + position * state.state, state.state);
    const Numbers qkv = linear(normalize(given, window.layer().attention_norm), window.qkv());
    for (int64_t channel = 0; channel < state.state; ++channel) {
      const int64_t head = channel / kHead, within = channel % kHead;
      // Queries have the factor of the scores, a power of 2.
      const Number query = {qkv[channel].value * kScoreFactor, qkv[channel].error * kScoreFactor};
      check_converted(
          checks, form, read_element(form, state.queries, window.query_index(head, position, within)),
          query, window.query_scale(head, position), query_limit(form), "query", position,
          channel);
      check_converted(
          checks, form, read_element(form, state.keys, window.key_index(head, position, within)),
          qkv[state.state + channel], window.key_scale(head, position), query_limit(form), "key",
          position, channel);
      check_converted(
          checks, form, read_element(form, state.values, window.value_index(head, position, within)),
          qkv[2 * state.state + channel], window.value_scale(head, position), 1023, "value",
          position, channel);
    }
  }
  for (int64_t position = positions; position < state.padded; ++position) {
    for (int64_t within = 0; within < kHead; ++within) {
      const double key = read_element(form, state.keys, window.key_index(0, position, within));
      const double value = read_element(form, state.values, window.value_index(0, position, within));
      checks.that(key == 0 && value == 0, "padding was written", position, within);
    }
  }
}

// Queries, keys and values of a kind: usual; all the largest (so that sums are as large as they
// get); each position hears one other alone.
inline void draw_attention(Random& random, const EncoderWindow& window, Form form, int kind) {
  const EncoderState& state = window.state();
  const bool whole = form == Form::kInt16;
  const auto draw = [&](float limit, float deviation) {
    const float value = random.normal() * deviation;
    return kind == 1 ? limit : std::max(-limit, std::min(limit, whole ? std::rint(value) : value));
  };
  for (int64_t head = 0; head < state.heads; ++head) {
    for (int64_t position = 0; position < state.positions; ++position) {
      const float scale = kind == 1 ? 5e-5f : 4e-4f * random.whole(5, 15) / 10;
      window.query_scale(head, position) = scale * kScoreFactor;
      window.key_scale(head, position) = scale;
      window.value_scale(head, position) = 2e-3f * random.whole(1, 30) / 10;
      for (int64_t channel = 0; channel < kHead; ++channel) {
        const float key = whole ? draw(5790, 2500) : draw(4, 1.2f);
        const float query = kind == 2 ? key : whole ? draw(5790, 2500) : draw(4, 1.2f);
        const int64_t target = kind == 2 ? (position * 7 + 3) % state.positions : position;
        const float value = whole ? draw(1023, 400) : draw(4, 1.f);
        const float factor = (kind == 2 && !whole ? 2.f : 1.f) * (whole ? 1.f : kScoreFactor);
        write_element(form, state.queries, window.query_index(head, target, channel), query * factor);
        write_element(form, state.keys, window.key_index(head, position, channel), key);
        write_element(form, state.values, window.value_index(head, position, channel), value);
      }
    }
  }
}

// What a position hears of all heads.
inline Numbers heard(const EncoderWindow& window, Form form, int64_t position) {
  const EncoderState& state = window.state();
  const bool whole = form == Form::kInt16;
  Numbers result(state.state);
  for (int64_t head = 0; head < state.heads; ++head) {
    Numbers scores(state.positions);
    Meeting meeting;
    meeting.form = form;
    meeting.norm = 1023 * std::sqrt(double(state.padded));
    for (int64_t other = 0; other < state.positions; ++other) {
      double sum = 0, sizes = 0;
      for (int64_t channel = 0; channel < kHead; ++channel) {
        const double product =
            read_element(form, state.queries, window.query_index(head, position, channel)) *
            read_element(form, state.keys, window.key_index(head, other, channel));
        sum += product;
        sizes += std::abs(product);
      }
      const double scale =
          whole ? double(window.query_scale(head, position)) * window.key_scale(head, other) : 1.;
      const double steps = whole ? 0 : kHead + 2;
      scores[other] = {sum * scale, kUnit * scale * (steps * sizes + 6 * std::abs(sum))};
      if (whole) {
        meeting.scales.push_back(window.value_scale(head, other));
      }
    }
    const Hearing hearing = weigh(scores, meeting);
    Numbers values(state.positions);
    for (int64_t channel = 0; channel < kHead; ++channel) {
      for (int64_t other = 0; other < state.positions; ++other) {
        const double scale = whole ? window.value_scale(head, other) : 1.;
        values[other].value =
            read_element(form, state.values, window.value_index(head, other, channel)) * scale;
      }
      result[head * kHead + channel] = hear(hearing, values);
    }
  }
  return result;
}

inline void check_attention(
    Checks& checks, Random& random, const Kernels& kernels, Form form, int64_t heads,
    int64_t positions, int kind) {
  checks.begin("%s attention, %lld heads, %lld positions, kind %d", form_name(form),
               static_cast<long long>(heads), static_cast<long long>(positions), kind);
  const EncoderWindow window(random, form, heads, positions, Style::kRandom, Style::kRandom);
  draw_attention(random, window, form, kind);
  // The end of the window, and some rows in the middle, are what differs from other rows.
  const int64_t count = std::min(positions, random.one_of<int64_t>({1, 5, 13, 33}));
  const int64_t begin =
      random.whole(0, 1) == 0 ? positions - count : random.whole(0, positions - count);
  const int64_t head = random.whole(0, heads - 1);
  kernels.encoder_attention(form, window.state(), head, begin, begin + count);
  for (int64_t position = 0; position < positions; ++position) {
    const bool there = begin <= position && position < begin + count;
    const Numbers expected = there ? heard(window, form, position) : Numbers();
    for (int64_t channel = 0; channel < heads * kHead; ++channel) {
      const double found = window.heard(position, channel).value;
      if (!there || channel / kHead != head) {
        checks.equal(found, 0., "outside of the rows", position, channel);
      } else if (form == Form::kBFloat16) {
        checks.near(found, rounded({expected[channel]}, form, 0)[0], "heard", position, channel);
      } else {
        checks.near(found, expected[channel], "heard", position, channel);
      }
    }
  }
}

// The kernels' GELU in front of bfloat16 has an error of its own.
inline Number hidden_gelu(Form form, const Number& x) {
  const Number value = gelu(x);
  return {value.value, value.error + (form == Form::kBFloat16 ? 9e-5 : 0.)};
}

inline void check_layer_rest(
    Checks& checks, Random& random, const Kernels& kernels, Form form, int64_t heads,
    int64_t positions, Style out, Style fc2) {
  checks.begin("%s rest of a layer, %lld heads, %lld positions, out %d, fc2 %d", form_name(form),
               static_cast<long long>(heads), static_cast<long long>(positions),
               static_cast<int>(out), static_cast<int>(fc2));
  const EncoderWindow window(random, form, heads, positions, out, fc2);
  const EncoderState& state = window.state();
  std::vector<float> heard(state.state);
  for (int64_t position = 0; position < positions; ++position) {
    draw_row(random, heard.data(), state.state, 0);
    for (int64_t channel = 0; channel < state.state; ++channel) {
      window.set_heard(position, channel, heard[channel]);
    }
  }
  const std::vector<float> before(state.x, state.x + positions * state.state);
  const int64_t count = std::min(positions, random.one_of<int64_t>({1, 5, 13, 33}));
  const int64_t begin =
      random.whole(0, 1) == 0 ? positions - count : random.whole(0, positions - count);
  kernels.encoder_layer_rest(window.layer(), state, begin, begin + count);
  for (int64_t position = 0; position < positions; ++position) {
    const float* found = state.x + position * state.state;
    const float* given = before.data() + position * state.state;
    if (position < begin || position >= begin + count) {
      for (int64_t i = 0; i < state.state; ++i) {
        checks.equal(found[i], given[i], "outside of the rows", position, i);
      }
      continue;
    }
    Numbers x = exact(given, state.state), input(state.state);
    const auto add = [&](const Numbers& more) {
      for (int64_t i = 0; i < state.state; ++i) {
        x[i] = sum(x[i], more[i]);
      }
    };
    for (int64_t channel = 0; channel < state.state; ++channel) {
      input[channel] = window.heard(position, channel);
    }
    add(linear(input, window.out()));
    Numbers hidden = linear(normalize(x, window.layer().mlp_norm), window.fc1());
    for (Number& value : hidden) {
      value = hidden_gelu(form, value);
    }
    add(linear(hidden, window.fc2()));
    for (int64_t i = 0; i < state.state; ++i) {
      checks.near(found[i], x[i], "residual", position, i);
    }
  }
}

inline void test_encoder(Checks& checks, Random& random, const Kernels& kernels, int rounds) {
  constexpr Style kStyles[] = {Style::kRandom, Style::kZero};
  for (int round = 0; round < rounds * 3; ++round) {
    const Form form = kEncoderForms[round % 3];
    const int64_t most = rounds == 1 ? 1 : 3;
    check_attention_input(checks, random, kernels, form, random.whole(1, most),
                          random.one_of({1, 5, 37, rounds == 1 ? 37 : 100}));
    for (int kind = 0; kind < 3; ++kind) {
      check_attention(checks, random, kernels, form, random.whole(1, most),
                      random.one_of({2, 13, 37, rounds == 1 ? 37 : 100}), kind);
    }
    const Style out = random.one_of(kStyles);
    const Style fc2 = out == Style::kZero ? Style::kRandom : Style::kZero;
    check_layer_rest(checks, random, kernels, form, random.whole(1, most),
                     random.one_of({2, 13, 37, rounds == 1 ? 37 : 100}), out, fc2);
  }
  if (rounds >= 8) {
    for (const Form form : kEncoderForms) {
      check_attention(checks, random, kernels, form, 1, 1500, 0);
      // With more hidden channels than are done at once, and a part of them at the end.
      check_layer_rest(checks, random, kernels, form, 3, 101, Style::kRandom, Style::kRandom);
    }
  }
}
