// The work team under a sanitizer for threads: what each chunk writes is seen by who gave the job,
// each chunk is done once, and nobody waits for ever.

#include <ATen/Parallel.h>
#include <team.h>

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <new>

namespace {

int wanted_threads = 2;
int failures = 0;

void check(bool truth, const char* what) {
  if (!truth) {
    ++failures;
    std::printf("FAILED: %s\n", what);
  }
}

// No atomics and no locks: what orders the chunks' writes is the team.
void run_job(whisper::Team& team, int64_t chunks, int64_t number, int pause) {
  std::vector<int64_t> done(chunks, -1), times(chunks, 0);
  team.run(chunks, [&](int64_t chunk) {
    done[chunk] = chunk * number;
    ++times[chunk];
    if (pause > 0 && chunk % 3 == 0) {
      std::this_thread::sleep_for(std::chrono::microseconds(pause));
    }
  });
  for (int64_t chunk = 0; chunk < chunks; ++chunk) {
    check(done[chunk] == chunk * number && times[chunk] == 1, "a chunk that is not done once");
  }
}

void many_short_jobs(int threads, int jobs) {
  whisper::Team team(threads);
  check(team.threads() == threads, "the number of threads");
  for (int64_t number = 0; number < jobs; ++number) {
    run_job(team, number % 17, number, 0);
  }
}

// Longer than the threads spin: both who gives the jobs and who waits for them sleep in between.
void jobs_after_pauses(int threads) {
  whisper::Team team(threads);
  for (int64_t number = 0; number < 60; ++number) {
    run_job(team, number % 5 + 1, number, number % 2 == 0 ? 300 : 0);
    if (number % 3 == 0) {
      std::this_thread::sleep_for(std::chrono::microseconds(400));
    }
  }
}

void teams_that_do_nothing() {
  for (int threads = 1; threads < 5; ++threads) {
    whisper::Team idle(threads);
  }
}

// Stacks that no memory is large enough for: the system refuses every thread.
void fewer_threads_than_wanted() {
  pthread_attr_t usual, huge;
  pthread_getattr_default_np(&usual);
  pthread_attr_init(&huge);
  pthread_attr_setstacksize(&huge, size_t{1} << 46);
  check(pthread_setattr_default_np(&huge) == 0, "a size of stacks");
  wanted_threads = 4;
  for (int64_t number = 0; number < 3; ++number) {
    whisper::TeamLease lease;
    check((*lease).threads() == 1, "no thread is to be had");
    run_job(*lease, 9, number, 0);
  }
  pthread_setattr_default_np(&usual);
  wanted_threads = 2;
}

// Memory runs out, say: who gave the job hears of it, and the other chunks are done.
void chunks_that_fail(int threads) {
  whisper::Team team(threads);
  for (int64_t number = 0; number < 300; ++number) {
    const int64_t chunks = number % 9 + 1;
    const int64_t bad = number * 5 % chunks;
    std::vector<int64_t> done(chunks, 0);
    bool heard = false;
    try {
      team.run(chunks, [&](int64_t chunk) {
        if (chunk == bad) {
          throw std::bad_alloc();
        }
        done[chunk] = 1;
      });
    } catch (const std::bad_alloc&) {
      heard = true;
    }
    check(heard, "a failure that nobody hears of");
    if (threads > 1 && chunks > 1) {
      for (int64_t chunk = 0; chunk < chunks; ++chunk) {
        check(done[chunk] == (chunk == bad ? 0 : 1), "a chunk beside one that failed");
      }
    }
    run_job(team, chunks, number, 0);
  }
}

void resized_teams() {
  for (int round = 0; round < 40; ++round) {
    wanted_threads = round % 4 + 1;
    whisper::TeamLease lease;
    check((*lease).threads() == wanted_threads, "the team has the size that PyTorch wants");
    run_job(*lease, 7, round, 0);
  }
}

// Two threads that decode: one has the team, the other works by itself.
void two_masters() {
  wanted_threads = 3;
  const auto work = [] {
    for (int64_t number = 0; number < 200; ++number) {
      whisper::TeamLease lease;
      run_job(*lease, 5, number, 0);
    }
  };
  std::thread other(work);
  work();
  other.join();
}

void in_a_child() {
  wanted_threads = 3;
  {
    whisper::TeamLease lease;
    run_job(*lease, 9, 1, 0);
  }
  const pid_t child = fork();
  if (child == 0) {
    alarm(60);
    for (int64_t number = 0; number < 50; ++number) {
      whisper::TeamLease lease;
      check((*lease).threads() == 3, "a child's team has threads of its own");
      run_job(*lease, 9, number, 0);
    }
    _exit(failures == 0 ? 0 : 1);
  }
  int status = -1;
  waitpid(child, &status, 0);
  check(WIFEXITED(status) && WEXITSTATUS(status) == 0, "a child process works on");
  whisper::TeamLease lease;
  run_job(*lease, 9, 3, 0);
}

} // namespace

int at::get_num_threads() {
  return wanted_threads;
}

int main() {
  alarm(300);
  fewer_threads_than_wanted();
  for (int threads = 1; threads < 5; ++threads) {
    many_short_jobs(threads, 3000);
    jobs_after_pauses(threads);
    chunks_that_fail(threads);
  }
  teams_that_do_nothing();
  resized_teams();
  two_masters();
  in_a_child();
  std::printf("%d failures\n", failures);
  return failures == 0 ? 0 : 1;
}
