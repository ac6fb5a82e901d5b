#include "kernels.h"

#include <pthread.h>

#include <cstdlib>
#include <new>

namespace whisper {

namespace {

struct alignas(64) Block {
  int64_t bytes;
};

// Not thread_local: glibc ends the process where it finds no memory for a destructor.
pthread_key_t block_of_thread() {
  static const pthread_key_t made = [] {
    pthread_key_t key;
    if (pthread_key_create(&key, std::free) != 0) {
      throw std::bad_alloc();
    }
    return key;
  }();
  return made;
}

} // namespace

void* scratch(int64_t bytes) {
  const pthread_key_t key = block_of_thread();
  auto* block = static_cast<Block*>(pthread_getspecific(key));
  if (block == nullptr || block->bytes < bytes) {
    std::free(block);
    pthread_setspecific(key, nullptr);
    const int64_t size = round_up(bytes + sizeof(Block), 4096);
    block = static_cast<Block*>(std::aligned_alloc(alignof(Block), size));
    if (block == nullptr || pthread_setspecific(key, block) != 0) {
      std::free(block);
      throw std::bad_alloc();
    }
    block->bytes = size - static_cast<int64_t>(sizeof(Block));
  }
  return block + 1;
}

} // namespace whisper
