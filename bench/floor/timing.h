#pragma once
#include <algorithm>
#include <chrono>
#include <string>

// The least time of some runs, in milliseconds, after three that do not count.
template <class Run>
double bestMs(int runs, const Run& run) {
  double best = 1e30;
  for (int i = 0; i < runs + 3; ++i) {
    const auto start = std::chrono::steady_clock::now();
    run();
    const std::chrono::duration<double, std::milli> time = std::chrono::steady_clock::now() - start;
    if (i >= 3) best = std::min(best, time.count());
  }
  return best;
}

struct Timed {
  double ms;
  std::string implementation;
};
