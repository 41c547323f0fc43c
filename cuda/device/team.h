#pragma once
#include <cuda_runtime.h>

#include <algorithm>
#include <cstdint>

#include "../launch.h"
#include "../shared_memory.h"

namespace nodegrad::cuda {

// How the threads of a block share work: `height` of them (a power of two) combine what belongs to one
// result, for each of `width` results.
struct TeamSize {
  int width, height;
  bool across;  // neighbouring threads have neighbouring results, else parts of one
};

// For results of so many terms. across: whether neighbours in memory belong to different results, `columns`
// of them.
inline TeamSize teamFor(int64_t terms, bool across, int64_t columns) {
  constexpr int kMost = 256, kLeast = 128, kColumns = 32;
  constexpr int64_t kTermsEach = 4;
  TeamSize team{1, 1, across};
  while (across && team.width < kColumns && team.width < columns) team.width *= 2;
  while (team.width * team.height < kMost && team.height * kTermsEach < terms) team.height *= 2;
  while (!across && team.width * team.height < kLeast) team.width *= 2;
  return team;
}

inline int threadsOf(const TeamSize& team) { return team.width * team.height; }
// For so many results, with shared memory of so many bytes for each thread.
inline LaunchSize launchOf(const TeamSize& team, int64_t results, size_t bytes) {
  const int threads = threadsOf(team);
  return {blocksFor(results, team.width), threads, static_cast<size_t>(threads) * bytes};
}

// A thread's part of it.
struct Member {
  int result, part;

  __device__ explicit Member(const TeamSize& team)
      : result(static_cast<int>(threadIdx.x) % team.width), part(static_cast<int>(threadIdx.x) / team.width) {
    if (team.across) return;
    result = static_cast<int>(threadIdx.x) / team.height;
    part = static_cast<int>(threadIdx.x) % team.height;
  }
};

// Joins what the members of each result have, in an order that the team's size alone decides; all get it.
// Every thread of the block has to call it. shared: room for a number of each thread.
template <class Join, class T>
__device__ inline T combine(const TeamSize& team, const Member& member, T own, T* shared) {
  T* slot = shared + member.part * team.width + member.result;
  *slot = own;
  __syncthreads();
  for (int half = team.height / 2; half > 0; half /= 2) {
    if (member.part < half) *slot = Join::of(*slot, slot[half * team.width]);
    __syncthreads();
  }
  const T result = shared[member.result];
  __syncthreads();  // before the next one writes there
  return result;
}

struct Add {
  template <class T>
  __device__ static T of(T a, T b) {
    return a + b;
  }
};
// NaN where either is.
struct Largest {
  __device__ static float of(float a, float b) { return a > b || a != a ? a : b; }
};
struct Smallest {
  __device__ static float of(float a, float b) { return a < b || a != a ? a : b; }
};

}  // namespace nodegrad::cuda
