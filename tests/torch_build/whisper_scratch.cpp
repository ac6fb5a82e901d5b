// The memory of a thread for what it computes: aligned, its own, and told where there is none.

#include <ATen/Parallel.h>
#include <kernels.h>
#include <team.h>

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <new>
#include <thread>

namespace at {

int get_num_threads() {
  return 2;
}

} // namespace at

namespace whisper {

namespace {

int failures = 0;

void check(bool truth, const char* what) {
  if (!truth) {
    ++failures;
    std::printf("FAILED: %s\n", what);
  }
}

constexpr int64_t kTooMuch = int64_t{1} << 60;

template <typename Work>
bool ends_for_want_of_memory(const Work& work) {
  try {
    work();
  } catch (const std::bad_alloc&) {
    return true;
  }
  return false;
}

void of_one_thread() {
  for (const int64_t bytes : {1, 64, 4095, 4096, 4097, 1000000}) {
    void* memory = scratch(bytes);
    check(reinterpret_cast<uintptr_t>(memory) % 64 == 0, "memory that is not aligned");
    std::memset(memory, 1, bytes);
    check(scratch(bytes / 2) == memory, "memory that is not kept");
  }
  check(ends_for_want_of_memory([] { scratch(kTooMuch); }), "too much memory");
  std::memset(scratch(5000), 2, 5000);
}

void of_several_threads() {
  void* other = nullptr;
  std::thread([&] { other = scratch(100); }).join();
  check(other != nullptr && other != scratch(100), "memory of two threads");
}

void in_a_job(int threads) {
  Team team(threads);
  for (int job = 0; job < 3; ++job) {
    const bool told = ends_for_want_of_memory([&] {
      team.run(9, [&](int64_t chunk) { std::memset(scratch(chunk == 4 ? kTooMuch : 100), 3, 100); });
    });
    check(told, "too much memory in a job");
  }
}

} // namespace

} // namespace whisper

int main() {
  whisper::of_one_thread();
  whisper::of_several_threads();
  for (const int threads : {1, 2, 4}) {
    whisper::in_a_job(threads);
  }
  std::printf("%d failures\n", whisper::failures);
  return whisper::failures != 0;
}
