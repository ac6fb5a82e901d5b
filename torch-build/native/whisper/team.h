// Threads that work through the chunks of one job after the other.
//
// A decoder step is some forty jobs of a few microseconds each, so a waiting thread spins: to be
// woken would take longer than the job. It does so for a bounded time, and then sleeps. Chunks are
// claimed, not dealt out: a thread that a busy neighbour keeps from running has none, and nobody
// waits for it. What a chunk computes must not hang on who computes it.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace whisper {

class Team {
 public:
  explicit Team(int threads);
  ~Team();
  Team(const Team&) = delete;
  Team& operator=(const Team&) = delete;

  // Fewer than were asked for where the system lets no more run.
  int threads() const {
    return static_cast<int>(workers_.size()) + 1;
  }

  int asked() const {
    return asked_;
  }

  // Calls work(chunk) for each chunk of 0 <= chunk < chunks, on all threads; returns when all are
  // done, or throws what the first that failed threw. `work` must not call run.
  template <typename Work>
  void run(int64_t chunks, const Work& work) {
    run(chunks,
        [](const void* context, int64_t chunk) { (*static_cast<const Work*>(context))(chunk); },
        &work);
  }

 private:
  using Function = void (*)(const void*, int64_t);

  void run(int64_t chunks, Function function, const void* context);
  void serve();
  void work(uint32_t job);
  void compute(Function function, const void* context, uint32_t chunk);
  void finish_chunk(uint32_t chunks);
  void wait_for_others(uint32_t chunks);
  // Waits for a job after `job`; returns its number.
  uint32_t wait_for_job(uint32_t job);
  uint32_t job() const {
    return static_cast<uint32_t>(ticket_.load(std::memory_order_acquire) >> 32);
  }

  // The number of the job and its next chunk in one: a late thread cannot claim a chunk of a job
  // whose function it has not read.
  alignas(64) std::atomic<uint64_t> ticket_{0};
  alignas(64) std::atomic<uint32_t> done_{0};
  alignas(64) std::atomic<Function> function_{nullptr};
  std::atomic<const void*> context_{nullptr};
  std::atomic<uint32_t> chunks_{0};
  std::atomic<int> sleepers_{0};
  std::atomic<bool> caller_sleeps_{false};
  std::atomic<bool> stopping_{false};
  std::mutex mutex_;
  std::condition_variable job_came_;
  std::condition_variable job_done_;
  std::exception_ptr failure_; // of the job, and guarded by mutex_ until it is done
  std::vector<std::thread> workers_;
  int asked_;
};

// The team of at::get_num_threads() threads, for as long as the lease lives. Where another thread
// holds it, the lease has a team of one.
class TeamLease {
 public:
  TeamLease();
  ~TeamLease();
  TeamLease(const TeamLease&) = delete;
  TeamLease& operator=(const TeamLease&) = delete;
  Team& operator*() const {
    return *team_;
  }

 private:
  std::unique_lock<std::mutex> lock_;
  Team* team_;
};

} // namespace whisper
