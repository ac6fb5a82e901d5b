#include "team.h"

#include "team_c.h"

#include <ATen/Parallel.h>
#include <immintrin.h>
#include <unistd.h>

#include <chrono>
#include <memory>
#include <system_error>
#include <utility>

namespace whisper {

namespace {

using Clock = std::chrono::steady_clock;

// Longer than what lies between two jobs of a decoder step, shorter than what anybody notices.
constexpr std::chrono::microseconds kSpin{100};
constexpr int kPausesPerLook = 16;
constexpr uint32_t kNoChunk = UINT32_MAX;

// Spins until `ready`, for a bounded time; returns whether it is.
template <typename Ready>
bool spin(const Ready& ready) {
  const auto end = Clock::now() + kSpin;
  do {
    for (int pause = 0; pause < kPausesPerLook; ++pause) {
      if (ready()) {
        return true;
      }
      _mm_pause();
    }
  } while (Clock::now() < end);
  return false;
}

std::mutex team_mutex;
// Never destroyed: at exit its threads may be gone already.
Team* kept_team = nullptr;
pid_t team_process = 0;

Team& provide_team(int threads) {
  // A child process has the memory of the team, but none of its threads.
  if (kept_team != nullptr && team_process != getpid()) {
    kept_team = nullptr;
  }
  if (kept_team != nullptr && kept_team->asked() != threads) {
    delete kept_team;
    kept_team = nullptr;
  }
  if (kept_team == nullptr) {
    kept_team = new Team(threads);
    team_process = getpid();
  }
  return *kept_team;
}

Team& alone() {
  static Team* team = new Team(1);
  return *team;
}

} // namespace

Team::Team(int threads) : asked_(threads) {
  try {
    for (int worker = 1; worker < threads; ++worker) {
      workers_.emplace_back([this] { serve(); });
    }
  } catch (const std::system_error&) {
    // A container's limit of processes, say: those that there are do the work.
  }
}

Team::~Team() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
  }
  job_came_.notify_all();
  for (std::thread& worker : workers_) {
    worker.join();
  }
}

void Team::run(int64_t chunks, Function function, const void* context) {
  if (chunks <= 1 || workers_.empty()) {
    for (int64_t chunk = 0; chunk < chunks; ++chunk) {
      function(context, chunk);
    }
    return;
  }
  const uint32_t number = job() + 1;
  // A thread that still looks at the last job, and reads what follows, finds no chunk to claim.
  ticket_.store(static_cast<uint64_t>(number - 1) << 32 | kNoChunk, std::memory_order_release);
  function_.store(function, std::memory_order_release);
  context_.store(context, std::memory_order_release);
  chunks_.store(static_cast<uint32_t>(chunks), std::memory_order_release);
  done_.store(0, std::memory_order_relaxed);
  // In one order with sleepers_: either a worker sees the job, or this sees that it sleeps.
  ticket_.store(static_cast<uint64_t>(number) << 32, std::memory_order_seq_cst);
  if (sleepers_.load(std::memory_order_seq_cst) > 0) {
    { std::lock_guard<std::mutex> lock(mutex_); }
    job_came_.notify_all();
  }
  work(number);
  wait_for_others(static_cast<uint32_t>(chunks));
  if (failure_) {
    std::rethrow_exception(std::exchange(failure_, nullptr));
  }
}

void Team::work(uint32_t number) {
  const Function function = function_.load(std::memory_order_acquire);
  const void* context = context_.load(std::memory_order_acquire);
  const uint32_t chunks = chunks_.load(std::memory_order_acquire);
  uint64_t ticket = ticket_.load(std::memory_order_acquire);
  while (static_cast<uint32_t>(ticket >> 32) == number && static_cast<uint32_t>(ticket) < chunks) {
    if (ticket_.compare_exchange_weak(
            ticket, ticket + 1, std::memory_order_acq_rel, std::memory_order_acquire)) {
      compute(function, context, static_cast<uint32_t>(ticket));
      finish_chunk(chunks);
      ticket = ticket_.load(std::memory_order_acquire);
    }
  }
}

// Memory may run out in a chunk, and nobody above a worker could catch that.
void Team::compute(Function function, const void* context, uint32_t chunk) {
  try {
    function(context, chunk);
  } catch (...) {
    std::lock_guard<std::mutex> lock(mutex_);
    if (!failure_) {
      failure_ = std::current_exception();
    }
  }
}

void Team::finish_chunk(uint32_t chunks) {
  if (done_.fetch_add(1, std::memory_order_seq_cst) + 1 == chunks &&
      caller_sleeps_.load(std::memory_order_seq_cst)) {
    { std::lock_guard<std::mutex> lock(mutex_); }
    job_done_.notify_one();
  }
}

void Team::wait_for_others(uint32_t chunks) {
  const auto done = [&] { return done_.load(std::memory_order_acquire) == chunks; };
  if (spin(done)) {
    return;
  }
  std::unique_lock<std::mutex> lock(mutex_);
  caller_sleeps_.store(true, std::memory_order_seq_cst);
  job_done_.wait(lock, [&] { return done_.load(std::memory_order_seq_cst) == chunks; });
  caller_sleeps_.store(false, std::memory_order_relaxed);
}

uint32_t Team::wait_for_job(uint32_t last) {
  if (spin([&] { return job() != last; })) {
    return job();
  }
  std::unique_lock<std::mutex> lock(mutex_);
  sleepers_.fetch_add(1, std::memory_order_seq_cst);
  job_came_.wait(lock, [&] {
    return stopping_ || static_cast<uint32_t>(ticket_.load(std::memory_order_seq_cst) >> 32) != last;
  });
  sleepers_.fetch_sub(1, std::memory_order_relaxed);
  return job();
}

void Team::serve() {
  uint32_t number = 0;
  while (!stopping_) {
    number = wait_for_job(number);
    work(number);
  }
}

TeamLease::TeamLease() : lock_(team_mutex, std::try_to_lock), team_(nullptr) {
  team_ = lock_.owns_lock() ? &provide_team(at::get_num_threads()) : &alone();
}

TeamLease::~TeamLease() = default;

} // namespace whisper

extern "C" void whisper_run_on_team(
    int64_t chunks, void (*work)(const void*, int64_t), const void* context) {
  whisper::TeamLease lease;
  (*lease).run(chunks, [&](int64_t chunk) { work(context, chunk); });
}
