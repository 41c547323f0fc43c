#include "core/parallel.h"

#include <sched.h>

#include <atomic>
#include <cmath>
#include <fstream>
#include <sstream>
#include <string>

namespace nodegrad {
namespace {

int affinityThreads() {
  // The mask of a large machine does not fit cpu_set_t: grow it until the kernel is content.
  for (int bits = 1024; bits <= 1 << 20; bits *= 2) {
    cpu_set_t* mask = CPU_ALLOC(bits);
    const size_t bytes = CPU_ALLOC_SIZE(bits);
    const bool ok = sched_getaffinity(0, bytes, mask) == 0;
    const int threads = ok ? CPU_COUNT_S(bytes, mask) : 0;
    CPU_FREE(mask);
    if (ok) return std::max(threads, 1);
  }
  return 1;
}

// The path of this process in the hierarchy of a controller ("" for version 2), "" where it has none.
std::string cgroupPath(const std::string& controller) {
  std::ifstream file("/proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {  // 4:cpu,cpuacct:/path or 0::/path
    const size_t first = line.find(':'), second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    std::istringstream names(line.substr(first + 1, second - first - 1));
    bool found = controller.empty() && first + 1 == second;
    for (std::string name; !controller.empty() && std::getline(names, name, ',');)
      found = found || name == controller;
    if (found) return line.substr(second + 1);
  }
  return "";
}

// Calls read with each folder from the process's own up to the root: any of them may hold the quota. In a
// container the path may be that of the host and lead nowhere, while the root is the container's own.
template <class Read>
double leastQuota(const std::string& root, std::string path, Read&& read) {
  double least = INFINITY;
  for (;;) {
    const double quota = read(root + path + "/");
    if (quota > 0) least = std::min(least, quota);
    const size_t slash = path.rfind('/');
    if (slash == std::string::npos) return least;
    path.resize(slash);
  }
}

double quotaVersion2(const std::string& folder) {
  std::ifstream file(folder + "cpu.max");  // "150000 100000" or "max 100000"
  double quota = 0, period = 0;
  return file >> quota >> period && period > 0 ? quota / period : 0;
}

double quotaVersion1(const std::string& folder) {
  std::ifstream quotaFile(folder + "cpu.cfs_quota_us"), periodFile(folder + "cpu.cfs_period_us");
  double quota = 0, period = 0;  // a quota of -1 is none
  return quotaFile >> quota && periodFile >> period && period > 0 ? quota / period : 0;
}

std::atomic<int> team{0};

}  // namespace

int availableThreads() {
  const double quota = std::min(leastQuota("/sys/fs/cgroup", cgroupPath(""), quotaVersion2),
                                leastQuota("/sys/fs/cgroup/cpu", cgroupPath("cpu"), quotaVersion1));
  const int threads = affinityThreads();
  return quota < threads ? std::max(1, static_cast<int>(std::ceil(quota))) : threads;
}

int teamThreads() {
  int threads = team.load();
  if (threads == 0) team.store(threads = availableThreads());
  return threads;
}

void setTeamThreads(int threads) {
  team.store(std::max(threads, 1));
  omp_set_num_threads(std::max(threads, 1));
}

}  // namespace nodegrad
