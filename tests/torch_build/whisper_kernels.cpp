// Every function of the fused operators' kernels against a reference in double, on random shapes.
//
// whisper_kernels [--unfilled] ROUNDS CAPABILITY...: tests these instruction sets, which the
// processor must have. The rounds are how many shapes each function gets; 1 is for machines that are
// imitated. New memory is full of what is no number, or left as it is where something else looks at
// what is read unwritten.
//
// A line for each test that fails, and one for each instruction set: with the largest error by its
// bound, and a sum over the results of integers alone, which is to be the same for all.

#include "whisper_kernels/activations_test.h"
#include "whisper_kernels/decoder_test.h"
#include "whisper_kernels/encoder_test.h"
#include "whisper_kernels/many_rows_test.h"

#include <sys/syscall.h>
#include <unistd.h>

namespace whisper {

// Those that the program is linked with.
#define OPTIONAL extern __attribute__((weak)) const Kernels
OPTIONAL default_kernels, avx2_kernels, avx_vnni_kernels, avx512_kernels;
OPTIONAL avx512_vnni_kernels, avx512_bf16_kernels, amx_kernels;

// Exactly what a kernel asks for, never what it had before.
void* scratch(int64_t bytes) {
  static Buffer<char>* memory = nullptr;
  delete memory;
  memory = new Buffer<char>(bytes);
  return memory->data();
}

} // namespace whisper

namespace {

const Kernels* const kTables[] = {
    &whisper::default_kernels,      &whisper::avx2_kernels,        &whisper::avx_vnni_kernels,
    &whisper::avx512_kernels,       &whisper::avx512_vnni_kernels, &whisper::avx512_bf16_kernels,
    &whisper::amx_kernels,
};

const Kernels* find(const std::string& name) {
  for (const Kernels* table : kTables) {
    if (table != nullptr && name == table->name) {
      return table;
    }
  }
  return nullptr;
}

// Linux lets those use the tiles that ask.
void ask_for_tiles() {
  constexpr int kRequestPermission = 0x1023, kTileData = 18;
  syscall(SYS_arch_prctl, kRequestPermission, kTileData);
}

// Each function has a seed of its own, whatever the set: all get the same tests.
bool test(const Kernels& kernels, int rounds) {
  constexpr void (*kTests[])(Checks&, Random&, const Kernels&, int) = {
      test_logits,       test_norm,    test_activate, test_products, test_cross_products,
      test_convolutions, test_encoder, test_decoder,  test_log_mel,  test_dot,
      test_memory_cell,
  };
  Checks checks;
  uint64_t seed = 1;
  for (const auto run : kTests) {
    Random random(seed++);
    run(checks, random, kernels, rounds);
  }
  checks.report(kernels.name);
  return checks.failures() == 0;
}

} // namespace

int main(int count, char** words) {
  int word = 1;
  if (word < count && std::string(words[word]) == "--unfilled") {
    fills_memory = false;
    ++word;
  }
  const int rounds = word < count ? std::atoi(words[word++]) : 0;
  bool good = rounds > 0 && word < count;
  ask_for_tiles();
  for (; word < count; ++word) {
    const Kernels* kernels = find(words[word]);
    if (kernels == nullptr) {
      std::printf("FAILED: there is no instruction set %s\n", words[word]);
    }
    good = kernels != nullptr && test(*kernels, rounds) && good;
  }
  return good ? 0 : 1;
}
