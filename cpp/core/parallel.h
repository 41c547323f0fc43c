#pragma once
#include <omp.h>

#include <algorithm>
#include <cstdint>

namespace nodegrad {

// How many threads this process may keep busy: the processors of its affinity mask, or the whole processors
// of its cgroup's quota where that is less.
int availableThreads();

// The size of the team that kernels are made for, availableThreads() until it is set. Setting it also sizes
// the OpenMP team of the calling thread, which is to be the one that runs kernels.
int teamThreads();
void setTeamThreads(int threads);

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
