// The pool of threads: every round runs once, in pieces that depend on numbers alone.
#include "workers.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <mutex>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

#include "check.hpp"
#include "cpus.hpp"

namespace {

using Piece = std::pair<std::int64_t, std::int64_t>;

struct Seen {
  std::vector<int> rounds;  // how often each ran: no two threads touch the same one
  std::mutex mutex;
  std::set<Piece> pieces;
  std::set<std::thread::id> by;

  explicit Seen(std::int64_t extent) : rounds(static_cast<std::size_t>(extent)) {}
};

void note(void* context, std::int64_t start, std::int64_t stop) {
  Seen& seen = *static_cast<Seen*>(context);
  for (std::int64_t i = start; i < stop; ++i) ++seen.rounds[static_cast<std::size_t>(i)];
  const std::lock_guard<std::mutex> lock(seen.mutex);
  seen.pieces.insert({start, stop});
  seen.by.insert(std::this_thread::get_id());
}

void every_round_once(std::int64_t extent, std::int64_t grain) {
  Seen seen(extent);
  bibun_parallel(note, &seen, extent, grain);
  check(std::all_of(seen.rounds.begin(), seen.rounds.end(), [](int n) { return n == 1; }),
        "every round runs once");
  for (const Piece& p : seen.pieces) {
    check(p.first < p.second, "no piece is empty");
    check(p.first % std::max<std::int64_t>(grain, 1) == 0, "pieces begin at multiples of the grain");
  }
  if (bibun::threads() == 1) check(seen.pieces.size() <= 1, "one thread has one piece");
}

std::set<Piece> pieces(std::int64_t extent, std::int64_t grain) {
  Seen seen(extent);
  bibun_parallel(note, &seen, extent, grain);
  return seen.pieces;
}

void nested(void* context, std::int64_t start, std::int64_t stop) {
  for (std::int64_t i = start; i < stop; ++i) {
    Seen seen(40);
    bibun_parallel(note, &seen, 40, 1);
    check(seen.by.size() == 1, "a loop inside of a loop runs in its thread");
    static_cast<std::atomic<int>*>(context)->fetch_add(1);
  }
}

void slowly(void* context, std::int64_t, std::int64_t) {
  static_cast<std::atomic<int>*>(context)->fetch_add(1);
  while (static_cast<std::atomic<int>*>(context)->load() < 2) std::this_thread::yield();
}

// Ends only if two threads run at once. A pool that has just waited long for a thread would run
// both pieces in this one, which a new number of threads makes it forget.
void two_at_once() {
  bibun::set_threads(bibun::threads());
  std::atomic<int> arrived{0};
  bibun_parallel(slowly, &arrived, 2, 1);
}

void callers_at_once() {
  const std::set<Piece> alone = pieces(1000, 3);
  std::vector<std::thread> callers;
  for (int k = 0; k < 4; ++k) {
    callers.emplace_back([&alone] {
      for (int i = 0; i < 300; ++i) check(pieces(1000, 3) == alone, "pieces are always the same");
    });
  }
  for (std::thread& caller : callers) caller.join();
}

void in_a_child() {
  every_round_once(100, 1);
  const pid_t child = fork();
  if (child == 0) {
    std::atomic<int> arrived{0};
    bibun_parallel(slowly, &arrived, 2, 1);  // ends only if there are two threads
    every_round_once(1000, 1);
    _exit(0);
  }
  int status = -1;
  waitpid(child, &status, 0);
  check(WIFEXITED(status) && WEXITSTATUS(status) == 0, "a child has threads of its own");
  every_round_once(100, 1);
}

const std::thread::id main_thread = std::this_thread::get_id();

// The thread that calls is quick, others take long.
void unequal(void* context, std::int64_t start, std::int64_t stop) {
  const int time = std::this_thread::get_id() == main_thread ? 1 : 30;
  std::this_thread::sleep_for(std::chrono::milliseconds(time));
  note(context, start, stop);
}

// Returns when two threads have taken part.
void until_shared() {
  Seen seen(2);
  while (seen.by.size() < 2) bibun_parallel(unequal, &seen, 2, 1);
}

// Whoever has waited for a thread goes on alone, and with the others again some time after.
void after_a_stall() {
  bibun::set_threads(2);
  const std::set<Piece> expected = pieces(1000, 1);
  bool alone = false;
  for (int attempt = 0; attempt < 10 && !alone; ++attempt) {  // the caller may be kept, too
    until_shared();
    Seen seen(1000);
    bibun_parallel(note, &seen, 1000, 1);
    alone = seen.by == std::set<std::thread::id>{main_thread};
    check(seen.pieces == expected && expected.size() == 8, "the pieces are the same");
  }
  check(alone, "a caller that has waited goes on alone");
  until_shared();
}

#ifdef __linux__
cpu_set_t mask() {
  cpu_set_t found;
  sched_getaffinity(0, sizeof found, &found);
  return found;
}

// A thread keeps off another one's processor, within what that one may use.
void apart() {
  const cpu_set_t all = mask();
  bibun::Position caller = bibun::here();
  std::thread([&] {
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
      if (!CPU_ISSET(cpu, &all) || CPU_COUNT(&all) == 1) continue;
      caller.cpu = cpu;
      bibun::keep_off(caller);
      check(bibun::here().cpu != cpu, "it runs on another one");
      cpu_set_t expected = all;
      CPU_CLR(cpu, &expected);
      const cpu_set_t now = mask();
      check(CPU_EQUAL(&now, &expected), "all others are left");
    }
  }).join();
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(bibun::here().cpu, &one);
  sched_setaffinity(0, sizeof one, &one);
  caller = bibun::here();
  std::thread([&] {
    sched_setaffinity(0, sizeof all, &all);
    bibun::keep_off(caller);
    const cpu_set_t now = mask();
    check(CPU_EQUAL(&now, &all), "it stays as it is where there is no other");
  }).join();
  sched_setaffinity(0, sizeof all, &all);
}
#endif

void quiet() {
  every_round_once(1000, 1);
  std::this_thread::sleep_for(std::chrono::milliseconds(50));  // long after the last spin
  const std::clock_t before = std::clock();
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  const double used = static_cast<double>(std::clock() - before) / CLOCKS_PER_SEC;
  check(used < 0.1, "threads without work take no processor time");
}

}  // namespace

int main() {
  check(bibun::threads() == bibun::cpus() && bibun::cpus() >= 1, "as many threads as processors");
  check(bibun::cpus_of_quota("150000 100000") == 2, "one and a half processors are two");
  check(bibun::cpus_of_quota("max 100000") == 0, "no limit");
  check(bibun::cpus_of_quota("-1 100000") == 0, "no limit in the first version");
  check(bibun::cpus_of_quota(" ") == 0, "no file");
  for (const int threads : {1, 2, 3, 8, 1, 4}) {
    bibun::set_threads(threads);
    check(bibun::threads() == threads, "as many threads as asked for");
    for (const std::int64_t extent : {1, 2, 7, 64, 1000, 4097}) {
      for (const std::int64_t grain : {0, 1, 3, 64, 5000}) every_round_once(extent, grain);
    }
  }
  bibun_parallel(note, nullptr, 0, 1);  // no round, no call
  two_at_once();
  std::atomic<int> rounds{0};
  bibun_parallel(nested, &rounds, 100, 1);
  check(rounds == 100, "loops that hold loops");
  callers_at_once();
  for (int i = 0; i < 2000; ++i) every_round_once(16, 1);
  in_a_child();
  after_a_stall();
#ifdef __linux__
  apart();
#endif
  quiet();
  bibun::set_threads(1);  // which ends the others
  return 0;
}
