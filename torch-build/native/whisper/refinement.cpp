#include "refinement.h"

#include "capability.h"
#include "row_statistics.h"

#include <algorithm>
#include <vector>

namespace whisper {

namespace {

// What lies further below the largest logit has less than a twenty-thousandth of its probability.
// Within are some five hundred of fifty thousand tokens, on average: a hundredth of the memory that
// all take.
constexpr float kMargin = 10.f;
// Parts of the vocabulary, whatever the number of threads: whole lines of the cache.
constexpr int64_t kPart = 4096;

void fetch(const uint16_t* row, int64_t size) {
  constexpr int64_t kLine = 64 / sizeof(*row);
  for (int64_t i = 0; i < size; i += kLine) {
    __builtin_prefetch(row + i);
  }
}

} // namespace

void refine_logits(
    Team& team, const Embedding& embedding, const float* outputs, int64_t rows, float* logits,
    int64_t stride) {
  const RowKernels& of_rows = row_kernels();
  const int64_t parts = (embedding.tokens + kPart - 1) / kPart;
  std::vector<float> largest(rows * parts);
  const auto of_part = [&](int64_t chunk, const auto& use) {
    const int64_t begin = chunk % parts * kPart;
    use(chunk / parts, begin, std::min(embedding.tokens, begin + kPart));
  };
  team.run(rows * parts, [&](int64_t chunk) {
    of_part(chunk, [&](int64_t row, int64_t begin, int64_t end) {
      largest[chunk] = of_rows.largest(logits + row * stride + begin, end - begin);
    });
  });
  team.run(rows * parts, [&](int64_t chunk) {
    of_part(chunk, [&](int64_t row, int64_t token, int64_t end) {
      const auto first = largest.begin() + row * parts;
      const float threshold = *std::max_element(first, first + parts) - kMargin;
      const float* output = outputs + row * embedding.state;
      float* at = logits + row * stride;
      // Their rows are far apart: one comes from memory while another is worked on.
      int64_t waiting = end;
      for (;; ++token) {
        token += of_rows.first_above(at + token, end - token, threshold);
        if (token < end) {
          fetch(embedding.row(token), embedding.state);
        }
        if (waiting < end) {
          at[waiting] = kernels().dot(embedding.row(waiting), output, embedding.state);
        }
        if (token >= end) {
          break;
        }
        waiting = token;
      }
    });
  });
}

} // namespace whisper
