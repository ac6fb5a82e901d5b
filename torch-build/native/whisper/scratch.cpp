#include "kernels.h"

#include <cstdlib>
#include <memory>

namespace whisper {

namespace {

struct Free {
  void operator()(void* memory) const {
    std::free(memory);
  }
};

} // namespace

void* scratch(int64_t bytes) {
  thread_local std::unique_ptr<void, Free> memory;
  thread_local int64_t size = 0;
  if (bytes > size) {
    memory.reset();
    size = round_up(bytes, 4096);
    // In a job nobody can be told that there is none left.
    void* fresh = std::aligned_alloc(64, size);
    if (fresh == nullptr) {
      std::abort();
    }
    memory.reset(fresh);
  }
  return memory.get();
}

} // namespace whisper
