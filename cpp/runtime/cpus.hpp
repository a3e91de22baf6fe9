// Processors: how many this process may use, where its threads run, and what they can do.
#ifndef BIBUN_RUNTIME_CPUS_HPP
#define BIBUN_RUNTIME_CPUS_HPP

#include <string>

namespace bibun {

// At least 1: the processors of its affinity mask, and no more than its control groups pay for.
int cpus();

// The processors that a quota such as "150000 100000" (microseconds in a period) pays for, rounded
// up; 0 if it is no limit.
int cpus_of_quota(const std::string& text);

// Where a thread runs: the number of its processor, and its own; -1 where the system does not tell.
struct Position {
  int cpu = -1;
  int thread = -1;
};
Position here();

// Keeps the thread that calls it off the processor of another one from now on. It may run on all
// others that the other thread may use, and stays as it is if there are none.
void keep_off(const Position& other);

// What a processor for x86-64 tells of itself and what it can do, for comparison; "" for others.
std::string processor();

}  // namespace bibun

#endif
