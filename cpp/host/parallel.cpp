#include "host/parallel.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cmath>
#include <fstream>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "host/cgroup.h"

namespace nodegrad {
namespace {

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

template <class Read>
double leastQuota(const std::string& controller, Read&& read) {
  double least = INFINITY;
  for (const std::string& folder : cgroupFolders(controller))
    if (const double quota = read(folder); quota > 0) least = std::min(least, quota);
  return least;
}

// Those of the affinity mask, and of them those in OMP_PLACES. libgomp counted them before OMP_PROC_BIND
// bound the main thread to one.
int processors() {
  const int places = omp_get_num_places();
  if (places == 0) return omp_get_num_procs();
  int count = 0;
  for (int place = 0; place < places; ++place) count += omp_get_place_num_procs(place);
  return std::clamp(count, 1, omp_get_num_procs());
}

// How many of the wanted threads can exist at once, the calling one among them. libgomp ends the process
// where it cannot start a thread, so plain ones try first.
int startableThreads(int wanted) {
  std::vector<std::thread> threads;
  std::vector<pid_t> ids(static_cast<size_t>(wanted));
  std::mutex gate;
  {
    const std::lock_guard<std::mutex> lock(gate);
    try {
      while (static_cast<int>(threads.size()) < wanted - 1) {
        threads.emplace_back([&gate, &id = ids[threads.size()]] {
          id = static_cast<pid_t>(syscall(SYS_gettid));
          const std::lock_guard<std::mutex> opened(gate);
        });
      }
    } catch (const std::system_error&) {
      // Those that did start are the answer.
    }
  }
  for (std::thread& thread : threads) thread.join();
  // A joined thread still counts against the limits until the kernel has forgotten it.
  for (size_t i = 0; i < threads.size(); ++i)
    while (syscall(SYS_tgkill, getpid(), ids[i], 0) == 0) std::this_thread::yield();
  return static_cast<int>(threads.size()) + 1;
}

std::atomic<int> team{0};

}  // namespace

int availableThreads() {
  const double quota = std::min(leastQuota("", quotaVersion2), leastQuota("cpu", quotaVersion1));
  const int threads = std::min(processors(), omp_get_thread_limit());
  return quota < threads ? std::max(1, static_cast<int>(std::ceil(quota))) : threads;
}

int defaultThreads() { return std::min(availableThreads(), omp_get_max_threads()); }

int teamThreads() {
  int threads = team.load();
  if (threads == 0) team.store(threads = defaultThreads());
  return threads;
}

int setTeamThreads(int wanted) {
  omp_set_dynamic(0);  // with OMP_DYNAMIC a region may get fewer threads than kernels and oneDNN count on
  int threads = 1;
#pragma omp parallel num_threads(startableThreads(std::max(wanted, 1)))
#pragma omp single
  threads = omp_get_num_threads();
  omp_set_num_threads(threads);
  team.store(threads);
  return threads;
}

}  // namespace nodegrad
