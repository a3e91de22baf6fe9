// The one pool of threads: the rounds of a loop, shared by the thread that calls and its helpers.
#ifndef BIBUN_RUNTIME_WORKERS_HPP
#define BIBUN_RUNTIME_WORKERS_HPP

#include <cstdint>

extern "C" {

// Rounds start ... stop - 1 of a loop.
using bibun_body = void (*)(void* context, std::int64_t start, std::int64_t stop);

// Runs all rounds 0 ... extent - 1, in pieces that begin at multiples of `grain`.
//
// The pieces depend on extent, grain and the number of threads alone, never on who was busy, so
// that whatever is summed up piece by piece has the same bits at every call. With one thread there
// is one piece. Inside of a body, and while another thread of the user's has the pool, the pieces
// run in the thread that calls. Bodies must not throw.
__attribute__((visibility("default"))) void bibun_parallel(bibun_body body, void* context,
                                                           std::int64_t extent,
                                                           std::int64_t grain);
}

namespace bibun {

// Threads that take part in a loop, the calling one among them.
int threads();

// Another number of them, at least 1. Waits until no loop runs.
void set_threads(int n);

}  // namespace bibun

#endif
