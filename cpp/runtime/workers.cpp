// The one pool of threads. Threads are made when they are first needed, look for work for some
// microseconds after each loop, some more if loops come soon one after the other, and then sleep.
#include "workers.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#include <pthread.h>
#include <signal.h>

#include "cpus.hpp"

namespace bibun {
namespace {

using Clock = std::chrono::steady_clock;
// To wake a thread takes some 20 microseconds, and leaves the choice of its processor to the system.
constexpr Clock::duration kBrief = std::chrono::microseconds(20);
constexpr Clock::duration kLong = std::chrono::microseconds(100);
// Where others want the processors, too, a thread may be put aside in the middle of its piece. Who
// has waited so long for it goes on alone for some times as long.
constexpr Clock::duration kStall = std::chrono::milliseconds(1);
constexpr int kAlone = 10;
constexpr std::int64_t kPiecesPerThread = 4;
constexpr std::uint64_t kNone = 0xffffffffU;

// Whether this thread runs a piece: loops inside of it run in this thread alone.
thread_local bool inside = false;

void rest() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// Whether something has come true before so much time was over.
template <class Condition>
bool soon(Clock::duration time, const Condition& condition) {
  const Clock::time_point end = Clock::now() + time;
  do {
    if (condition()) return true;
    rest();
  } while (Clock::now() < end);
  return false;
}

// A loop, cut into pieces of whole grains.
struct Loop {
  bibun_body body;
  void* context;
  std::int64_t extent;
  std::int64_t grain;
  std::int64_t pieces;

  Loop(bibun_body body, void* context, std::int64_t extent, std::int64_t grain, int threads)
      : body(body), context(context), extent(extent), grain(std::max<std::int64_t>(grain, 1)) {
    pieces = threads > 1 ? std::min(grains(), kPiecesPerThread * threads) : 1;
  }

  std::int64_t grains() const { return (extent - 1) / grain + 1; }

  std::int64_t start(std::int64_t k) const {
    const std::int64_t each = grains() / pieces;
    const std::int64_t longer = grains() % pieces;  // the first pieces have one grain more
    return std::min(extent, (k * each + std::min(k, longer)) * grain);
  }

  void run(std::int64_t k) const { body(context, start(k), start(k + 1)); }

  void run_all() const {
    for (std::int64_t k = 0; k < pieces; ++k) run(k);
  }
};

// Whoever takes the next piece of the present loop exchanges (serial, k) for (serial, k + 1). If
// that succeeds, then the loop of that serial number is not over yet, and what was read of it
// before is true. So nothing is locked while there is work. Before another loop is written down,
// the old one's next piece becomes kNone, which is no piece of any loop.
class Workers {
 public:
  explicit Workers(int threads) : threads_(threads), spin_(threads <= cpus()) {}

  int threads() const { return threads_; }

  void set_threads(int n) {
    const std::lock_guard<std::mutex> alone(busy_);
    stop();
    threads_ = n;
    spin_ = n <= cpus();
    alone_until_ = {};
  }

  // False if the pool is taken, or its threads had better not take part.
  bool run(const Loop& loop) {
    const std::unique_lock<std::mutex> only(busy_, std::try_to_lock);
    const Clock::time_point begin = Clock::now();
    if (!only.owns_lock() || begin < alone_until_) return false;
    start();
    publish(loop);
    inside = true;
    const std::int64_t own = take_part();
    inside = false;
    const Clock::time_point done = Clock::now();
    wait_for_all();
    const Clock::duration waited = Clock::now() - done;
    const Clock::duration piece = (done - begin) / std::max<std::int64_t>(own, 1);
    if (waited > kStall && waited > 2 * piece) alone_until_ = done + (kAlone + 1) * waited;
    return true;
  }

 private:
  void start() {
    while (static_cast<int>(helpers_.size()) < threads_ - 1) {
      // Signals are for the threads of the user's.
      sigset_t all;
      sigset_t before;
      sigfillset(&all);
      pthread_sigmask(SIG_SETMASK, &all, &before);
      bool made = true;
      try {
        helpers_.emplace_back(&Workers::help, this, serial_);
      } catch (const std::system_error&) {  // the system gives no more: fewer share the pieces
        made = false;
      }
      pthread_sigmask(SIG_SETMASK, &before, nullptr);
      if (!made) return;
    }
  }

  void stop() {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_all();
    for (std::thread& helper : helpers_) helper.join();
    helpers_.clear();
    stopping_ = false;
  }

  void publish(const Loop& loop) {
    next_ = static_cast<std::uint64_t>(serial_) << 32 | kNone;
    body_ = loop.body;
    context_ = loop.context;
    extent_ = loop.extent;
    grain_ = loop.grain;
    pieces_ = loop.pieces;
    done_ = 0;
    caller_ = here();
    serial_ += 1;
    bool sleepers = false;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      next_ = static_cast<std::uint64_t>(serial_) << 32;
      sleepers = asleep_ > 0;
    }
    if (sleepers) wake_.notify_all();
  }

  std::uint32_t present() const { return static_cast<std::uint32_t>(next_.load() >> 32); }

  // Run pieces of the present loop as long as there are any; how many it were.
  std::int64_t take_part() {
    std::int64_t own = 0;
    while (true) {
      std::uint64_t next = next_.load();
      Loop loop(body_, context_, extent_, grain_, 1);
      loop.pieces = pieces_;
      const auto k = static_cast<std::int64_t>(next & kNone);
      if (k >= loop.pieces) return own;
      if (!next_.compare_exchange_weak(next, next + 1)) continue;
      loop.run(k);
      ++own;
      if (done_.fetch_add(1) + 1 == loop.pieces) finished();
    }
  }

  void finished() {
    // Behind the lock: the caller is either not asleep yet and sees what is done, or hears it.
    { const std::lock_guard<std::mutex> lock(mutex_); }
    complete_.notify_one();
  }

  void wait_for_all() {
    const std::int64_t pieces = pieces_;
    const auto over = [&] { return done_ == pieces; };
    if (over() || (spin_ && soon(kLong, over))) return;
    std::unique_lock<std::mutex> lock(mutex_);
    complete_.wait(lock, over);
  }

  // What each helper does: `seen` is the last loop that it has taken part in.
  void help(std::uint32_t seen) {
    inside = true;
    Clock::duration spin = kBrief;
    for (Clock::time_point start = Clock::now(); wait_for_another(seen, spin); start = Clock::now()) {
      // Where one loop came soon after the other, the next one will, too.
      spin = Clock::now() - start < kLong ? kLong : kBrief;
      // On a busy machine the system wakes a thread beside the one that woke it, and leaves both
      // there: they would take turns instead of sharing the pieces.
      const Position caller = caller_;
      if (spin_ && here().cpu == caller.cpu) keep_off(caller);
      seen = present();
      take_part();
    }
  }

  bool wait_for_another(std::uint32_t seen, Clock::duration spin) {
    const auto come = [&] { return present() != seen; };
    if (spin_ && soon(spin, come)) return true;
    std::unique_lock<std::mutex> lock(mutex_);
    ++asleep_;
    wake_.wait(lock, [&] { return stopping_ || come(); });
    --asleep_;
    return !stopping_;
  }

  std::atomic<int> threads_;
  std::atomic<bool> spin_;  // not if threads have to wait for each other's processor
  std::mutex busy_;         // held by the thread whose loop runs
  Clock::time_point alone_until_;
  std::vector<std::thread> helpers_;
  std::uint32_t serial_ = 0;

  std::atomic<bibun_body> body_{nullptr};
  std::atomic<void*> context_{nullptr};
  std::atomic<std::int64_t> extent_{0};
  std::atomic<std::int64_t> grain_{1};
  std::atomic<std::int64_t> pieces_{0};
  std::atomic<std::uint64_t> next_{0};  // serial number of the loop, and its next piece
  std::atomic<std::int64_t> done_{0};
  std::atomic<Position> caller_{Position{}};  // the thread whose loop it is

  std::mutex mutex_;  // of what follows
  std::condition_variable wake_;
  std::condition_variable complete_;
  int asleep_ = 0;
  bool stopping_ = false;
};

std::atomic<Workers*> the_workers{nullptr};

// A child has none of its parent's threads, and the parent's pool may have been at work: the child
// gets a pool of its own, and the other one's memory stays as it was.
void in_child() { the_workers = new Workers(the_workers.load()->threads()); }

Workers& workers() {
  static const bool made = [] {
    the_workers = new Workers(cpus());  // never deleted: its threads run until the process ends
    pthread_atfork(nullptr, nullptr, in_child);
    return true;
  }();
  (void)made;
  return *the_workers;
}

}  // namespace

int threads() { return workers().threads(); }

void set_threads(int n) { workers().set_threads(std::max(n, 1)); }

}  // namespace bibun

extern "C" void bibun_parallel(bibun_body body, void* context, std::int64_t extent,
                               std::int64_t grain) {
  if (extent <= 0) return;
  const bibun::Loop loop(body, context, extent, grain, bibun::threads());
  if (loop.pieces == 1 || bibun::inside || !bibun::workers().run(loop)) loop.run_all();
}
