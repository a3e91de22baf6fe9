// How many processors this process may use: its affinity mask, and the limits of control groups.
// And where its threads run, and what such a processor can do.
#include "cpus.hpp"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include <algorithm>
#include <fstream>
#include <sstream>
#include <thread>

#ifdef __linux__
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace bibun {
namespace {

int of_affinity() {
#ifdef __linux__
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) return CPU_COUNT(&set);
#endif
  return static_cast<int>(std::thread::hardware_concurrency());
}

std::string first_line(const std::string& file) {
  std::ifstream stream(file);
  std::string line;
  std::getline(stream, line);
  return line;
}

// The path of this process below the mount point of version 2 of control groups.
std::string own_group() {
  std::ifstream stream("/proc/self/cgroup");
  std::string line;
  while (std::getline(stream, line)) {
    if (line.rfind("0::", 0) == 0) return line.substr(3);
  }
  return "";
}

// A group shares what the groups around it are given, so the least of all limits counts.
int of_groups() {
  int least = 0;
  const auto limit = [&least](int n) {
    if (n > 0) least = least == 0 ? n : std::min(least, n);
  };
  std::string group = own_group();
  while (true) {
    limit(cpus_of_quota(first_line("/sys/fs/cgroup" + group + "/cpu.max")));
    if (group.empty() || group == "/") break;
    group.erase(group.find_last_of('/'));
  }
  const std::string first_version = "/sys/fs/cgroup/cpu/cpu.cfs_";
  limit(cpus_of_quota(first_line(first_version + "quota_us") + " " +
                      first_line(first_version + "period_us")));
  return least;
}

}  // namespace

int cpus_of_quota(const std::string& text) {
  std::istringstream words(text);
  long long quota = 0;
  long long period = 0;
  if (!(words >> quota >> period) || quota <= 0 || period <= 0) return 0;
  return static_cast<int>((quota + period - 1) / period);
}

int cpus() {
  const int allowed = std::max(1, of_affinity());
  const int paid = of_groups();
  return paid > 0 ? std::min(allowed, paid) : allowed;
}

#ifdef __linux__

Position here() { return {sched_getcpu(), static_cast<int>(syscall(SYS_gettid))}; }

void keep_off(const Position& other) {
  cpu_set_t allowed;
  if (sched_getaffinity(other.thread, sizeof allowed, &allowed) != 0) return;
  CPU_CLR(other.cpu, &allowed);
  if (CPU_COUNT(&allowed) > 0) sched_setaffinity(0, sizeof allowed, &allowed);
}

#else

Position here() { return {}; }

void keep_off(const Position&) {}

#endif

#if defined(__x86_64__)

// Leaves of cpuid, without what differs from core to core, and the registers that the system saves.
std::string processor() {
  struct Leaf {
    unsigned leaf, part, mask[4];
  };
  constexpr unsigned kAll = ~0u;
  constexpr Leaf kLeaves[] = {
      {0, 0, {kAll, kAll, kAll, kAll}},          {1, 0, {kAll, 0, kAll, kAll}},
      {7, 0, {kAll, kAll, kAll, kAll}},          {7, 1, {kAll, kAll, kAll, kAll}},
      {0xd, 1, {kAll, 0, 0, 0}},                 {0x14, 0, {kAll, kAll, kAll, 0}},
      {0x19, 0, {kAll, kAll, kAll, 0}},          {0x24, 0, {kAll, kAll, 0, 0}},
      {0x80000001, 0, {kAll, 0, kAll, kAll}},    {0x80000008, 0, {0, kAll, 0, 0}},
  };
  std::ostringstream text;
  bool saves = false;
  for (const Leaf& of : kLeaves) {
    unsigned found[4] = {0, 0, 0, 0};
    if (!__get_cpuid_count(of.leaf, of.part, &found[0], &found[1], &found[2], &found[3])) continue;
    text << of.leaf << '.' << of.part;
    for (int k = 0; k < 4; ++k) text << ' ' << (found[k] & of.mask[k]);
    text << '\n';
    if (of.leaf == 1) saves = (found[2] >> 27 & 1) != 0;  // OSXSAVE
  }
  if (saves) {
    unsigned low = 0, high = 0;
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    text << low << ' ' << high;
  }
  return text.str();
}

#else

std::string processor() { return ""; }

#endif

}  // namespace bibun
