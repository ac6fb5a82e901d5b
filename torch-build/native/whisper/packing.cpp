#include "packing.h"

#include "kernels.h"
#include "team.h"

#include <ATen/ops/empty.h>
#include <c10/util/BFloat16.h>
#include <c10/util/Half.h>

#include <cmath>
#include <vector>

namespace whisper {

namespace {

// Of the largest weight of an output. Int16 leaves the other bits to the activations.
constexpr float kInt16Limit = 4095.f;
constexpr float kInt8Limit = 127.f;

// One row of the weights as float32; zeros behind the last.
void read_row(const at::Tensor& weight, int64_t row, std::vector<float>& out) {
  const int64_t depth = weight.size(1);
  if (row >= weight.size(0)) {
    out.assign(depth, 0.f);
  } else if (weight.scalar_type() == at::kHalf) {
    const c10::Half* from = weight.const_data_ptr<c10::Half>() + row * depth;
    out.assign(from, from + depth);
  } else {
    const float* from = weight.const_data_ptr<float>() + row * depth;
    out.assign(from, from + depth);
  }
}

template <typename Element, typename Convert>
void pack_panels(const at::Tensor& weight, at::Tensor& packed, int64_t group, const Convert& convert) {
  const int64_t depth = weight.size(1);
  Element* to = static_cast<Element*>(packed.data_ptr());
  TeamLease team;
  (*team).run(packed.size(0), [&](int64_t panel) {
    std::vector<float> row;
    std::vector<Element> converted(depth);
    for (int64_t column = 0; column < kPanelColumns; ++column) {
      const int64_t output = panel * kPanelColumns + column;
      read_row(weight, output, row);
      convert(output, row, converted.data());
      Element* at = to + panel * depth * kPanelColumns + column * group;
      for (int64_t k = 0; k < depth; ++k) {
        at[k / group * group * kPanelColumns + k % group] = converted[k];
      }
    }
  });
}

template <typename Element>
void pack_numbers(const at::Tensor& weight, at::Tensor& packed, int64_t group) {
  pack_panels<Element>(
      weight, packed, group, [](int64_t, const std::vector<float>& row, Element* out) {
        for (size_t k = 0; k < row.size(); ++k) {
          out[k] = static_cast<Element>(row[k]);
        }
      });
}

template <typename Element>
void pack_integers(
    const at::Tensor& weight, at::Tensor& packed, int64_t group, float limit, float* scales) {
  const int64_t outputs = packed.size(0) * kPanelColumns;
  pack_panels<Element>(
      weight, packed, group, [&](int64_t output, const std::vector<float>& row, Element* out) {
        float largest = 0.f;
        for (const float value : row) {
          largest = std::max(largest, std::abs(value));
        }
        const float factor = largest > 0.f ? limit / largest : 0.f;
        double squares = 0.;
        for (size_t k = 0; k < row.size(); ++k) {
          const float whole = std::nearbyint(row[k] * factor);
          out[k] = static_cast<Element>(whole);
          squares += static_cast<double>(whole) * whole;
        }
        scales[output] = largest / limit;
        scales[outputs + output] = static_cast<float>(std::sqrt(squares));
      });
}

} // namespace

std::tuple<at::Tensor, at::Tensor> pack(const at::Tensor& weight, const std::string& form) {
  TORCH_CHECK(
      weight.dim() == 2 && weight.is_contiguous() &&
          (weight.scalar_type() == at::kFloat || weight.scalar_type() == at::kHalf),
      "weights must be a contiguous matrix of float32 or float16");
  const int64_t depth = weight.size(1);
  TORCH_CHECK(depth % 4 == 0, "the depth must be a multiple of 4");
  const int64_t panels = (weight.size(0) + kPanelColumns - 1) / kPanelColumns;
  at::Tensor scales = at::empty({0}, at::kFloat);
  const auto make = [&](at::ScalarType type, int64_t group) {
    return group == 1 ? at::empty({panels, depth, kPanelColumns}, type)
                      : at::empty({panels, depth / group, kPanelColumns, group}, type);
  };
  at::Tensor packed;
  if (form == "float32") {
    packed = make(at::kFloat, 1);
    pack_numbers<float>(weight, packed, 1);
  } else if (form == "float16") {
    packed = make(at::kHalf, 1);
    pack_numbers<c10::Half>(weight, packed, 1);
  } else if (form == "bfloat16") {
    packed = make(at::kBFloat16, 2);
    pack_numbers<c10::BFloat16>(weight, packed, 2);
  } else {
    TORCH_CHECK(form == "int16" || form == "int8", "there is no form ", form);
    scales = at::empty({2, panels * kPanelColumns}, at::kFloat);
    if (form == "int16") {
      packed = make(at::kShort, 2);
      pack_integers<int16_t>(weight, packed, 2, kInt16Limit, scales.data_ptr<float>());
    } else {
      packed = make(at::kChar, 4);
      pack_integers<int8_t>(weight, packed, 4, kInt8Limit, scales.data_ptr<float>());
    }
  }
  return {packed, scales};
}

} // namespace whisper
