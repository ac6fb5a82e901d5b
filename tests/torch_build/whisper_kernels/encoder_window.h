// A window on its way through one layer of the encoder.
#pragma once

#include "products_test.h"

using whisper::EncoderState;
using whisper::kHead;
using whisper::kSpareRows;

// A layer's weights, and the memory of a window on its way.
class EncoderWindow {
 public:
  EncoderWindow(Random& random, Form form, int64_t heads, int64_t positions, Style out, Style fc2)
      : form_(form),
        attention_norm_(random, heads * kHead),
        mlp_norm_(random, heads * kHead),
        qkv_(random, form, 3 * heads * kHead, heads * kHead),
        out_(random, form, heads * kHead, heads * kHead, out),
        fc1_(random, form, 4 * heads * kHead, heads * kHead),
        fc2_(random, form, heads * kHead, 4 * heads * kHead, fc2),
        x_(positions * heads * kHead),
        queries_(heads * (positions + kSpareRows) * kHead * bytes_of(form)),
        query_scales_(heads * (positions + kSpareRows)),
        keys_(heads * whisper::round_up(positions, 32) * kHead * bytes_of(form)),
        key_scales_(heads * whisper::round_up(positions, 32)),
        values_(keys_.size()),
        value_scales_(key_scales_.size()),
        heard_((positions + kSpareRows) * heard_stride(form, heads) * heard_bytes(form)) {
    layer_ = {attention_norm_.norm(), qkv_.linear(),  out_.linear(),
              mlp_norm_.norm(),       fc1_.linear(), fc2_.linear()};
    state_ = {positions, whisper::round_up(positions, 32), heads * kHead, heads, x_.data(),
              queries_.data(), query_scales_.data(), keys_.data(), key_scales_.data(),
              values_.data(), value_scales_.data(), heard_.data()};
    heard_.fill(0);
    keys_.fill(0);
    values_.fill(0);
    key_scales_.fill(0.f);
    value_scales_.fill(0.f);
    for (int64_t position = 0; position < positions; ++position) {
      draw_row(random, x_.data() + position * state_.state, state_.state,
               random.whole(0, 2) == 0 ? random.whole(0, kRowKinds - 1) : 0);
    }
  }

  const whisper::EncoderLayer& layer() const {
    return layer_;
  }
  const EncoderState& state() const {
    return state_;
  }
  const Weights& qkv() const {
    return qkv_;
  }
  const Weights& out() const {
    return out_;
  }
  const Weights& fc1() const {
    return fc1_;
  }
  const Weights& fc2() const {
    return fc2_;
  }

  // Indices of channels of a head, by kernels.h.
  int64_t query_index(int64_t head, int64_t position, int64_t channel) const {
    return (head * (state_.positions + kSpareRows) + position) * kHead + channel;
  }
  int64_t key_index(int64_t head, int64_t position, int64_t channel) const {
    return head * state_.padded * kHead + in_panels(position, channel, kHead, group_of(form_));
  }
  int64_t value_index(int64_t head, int64_t position, int64_t channel) const {
    return head * state_.padded * kHead +
        in_panels(channel, position, state_.padded, group_of(form_));
  }
  // What a position hears, as kernels.h has it.
  Number heard(int64_t position, int64_t channel) const {
    const int64_t index = position * heard_stride(form_, state_.heads) + channel;
    return {read_element(heard_form(form_), heard_.data(), index), 0};
  }
  void set_heard(int64_t position, int64_t channel, float value) const {
    const int64_t index = position * heard_stride(form_, state_.heads) + channel;
    write_element(heard_form(form_), heard_.data(), index, value);
  }
  float& query_scale(int64_t head, int64_t position) const {
    return query_scales_[head * (state_.positions + kSpareRows) + position];
  }
  float& key_scale(int64_t head, int64_t position) const {
    return key_scales_[head * state_.padded + position];
  }
  float& value_scale(int64_t head, int64_t position) const {
    return value_scales_[head * state_.padded + position];
  }

 private:
  static Form heard_form(Form form) {
    return form == Form::kInt16 ? Form::kFloat32 : form;
  }
  static int64_t heard_bytes(Form form) {
    return bytes_of(heard_form(form));
  }
  static int64_t heard_stride(Form form, int64_t heads) {
    return whisper::row_stride(heads * kHead, heard_bytes(form));
  }

  Form form_;
  Norm attention_norm_, mlp_norm_;
  Weights qkv_, out_, fc1_, fc2_;
  Buffer<float> x_;
  Buffer<char> queries_;
  Buffer<float> query_scales_;
  Buffer<char> keys_;
  Buffer<float> key_scales_;
  Buffer<char> values_;
  Buffer<float> value_scales_;
  Buffer<char> heard_;
  whisper::EncoderLayer layer_{};
  EncoderState state_{};
};
