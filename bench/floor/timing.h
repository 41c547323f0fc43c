#pragma once
#include <algorithm>
#include <chrono>
#include <string>

// The least time of some runs, in milliseconds, after three that do not count. What takes four times as long
// as `other` even in its second run is not run on.
template <class Run>
double bestMs(int runs, const Run& run, double other = 1e30) {
  double best = 1e30;
  for (int i = 0; i < runs + 3; ++i) {
    const auto start = std::chrono::steady_clock::now();
    run();
    const std::chrono::duration<double, std::milli> time = std::chrono::steady_clock::now() - start;
    if (i == 1 && time.count() > 4 * other) return time.count();
    if (i >= 3) best = std::min(best, time.count());
  }
  return best;
}

struct Timed {
  double ms;
  std::string implementation;
};
