// How many processors this process may use, and what they can do.
#ifndef BIBUN_RUNTIME_CPUS_HPP
#define BIBUN_RUNTIME_CPUS_HPP

#include <string>

namespace bibun {

// At least 1: the processors of its affinity mask, and no more than its control groups pay for.
int cpus();

// The processors that a quota such as "150000 100000" (microseconds in a period) pays for, rounded
// up; 0 if it is no limit.
int cpus_of_quota(const std::string& text);

// What a processor for x86-64 tells of itself and what it can do, for comparison; "" for others.
std::string processor();

}  // namespace bibun

#endif
