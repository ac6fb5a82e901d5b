// How many threads there are. Within an operator they are OpenMP's; operators do not run beside each
// other, which needs a pool of its own that is not built.

#include <ATen/Parallel.h>
#include <c10/core/thread_pool.h>

#include <algorithm>
#include <thread>

namespace c10 {

size_t TaskThreadPoolBase::defaultNumThreads() {
  return std::max(1u, std::thread::hardware_concurrency());
}

} // namespace c10

namespace at {

size_t get_num_interop_threads() { return 1; }

void set_num_interop_threads(int threads) {
  TORCH_CHECK(threads > 0, "set_num_interop_threads expects a positive integer");
}

} // namespace at
