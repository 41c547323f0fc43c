#pragma once
#include <omp.h>

#include <algorithm>
#include <cstdint>

namespace nodegrad {

// How many threads this process may keep busy, the least of: the processors of its affinity mask, the whole
// processors of its cgroup's quota, OMP_THREAD_LIMIT.
int availableThreads();
// The team's size where nobody sets it: availableThreads(), or OMP_NUM_THREADS where that is less.
int defaultThreads();

// The size of the team that kernels are made for, defaultThreads() until it is set.
int teamThreads();
// Starts the OpenMP team of the calling thread, which is to be the one that runs kernels. The team is smaller
// than wanted where the system lets the process start fewer threads; its true size is returned and kept.
int setTeamThreads(int wanted);

// Calls body(begin, end, part) for consecutive parts of [0, count), each of at least grain items, at most
// `threads` of them, at the same time. Which part does what depends only on the arguments. The team is used
// whole or not at all: libgomp ends the threads that a smaller team leaves over, and starting them again
// costs more than leaving them idle. body must not throw.
template <class Body>
void parallelFor(int threads, int64_t count, int64_t grain, Body&& body) {
  if (count <= 0) return;
  const int parts = static_cast<int>(std::clamp<int64_t>(count / std::max<int64_t>(grain, 1), 1, threads));
  if (parts == 1) {
    body(int64_t{0}, count, 0);
    return;
  }
#pragma omp parallel num_threads(threads)
  for (int part = omp_get_thread_num(); part < parts; part += omp_get_num_threads()) {
    body(count * part / parts, count * (part + 1) / parts, part);
  }
}

}  // namespace nodegrad
