#include "host/parallel.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace nodegrad {
namespace {

TEST(Parallel, VisitsEveryItemOnce) {
  for (int threads : {1, 2, 3, 8}) {
    for (int64_t count : {0, 1, 2, 7, 1000}) {
      for (int64_t grain : {0, 1, 3, 5000}) {
        std::vector<int> visits(count);
        std::vector<int> parts(threads);
        parallelFor(threads, count, grain, [&](int64_t begin, int64_t end, int part) {
          ++parts[part];
          for (int64_t i = begin; i < end; ++i) ++visits[i];
        });
        EXPECT_EQ(visits, std::vector<int>(count, 1)) << threads << " threads, grain " << grain;
        for (int n : parts) EXPECT_LE(n, 1);
        EXPECT_TRUE(grain <= count || count == 0 || parts[0] == 1);
      }
    }
  }
}

TEST(Parallel, PartsDependOnTheArgumentsAlone) {
  std::vector<std::pair<int64_t, int64_t>> first(4), second(4);
  for (auto* parts : {&first, &second}) {
    parallelFor(4, 1003, 10, [&](int64_t begin, int64_t end, int part) { (*parts)[part] = {begin, end}; });
  }
  EXPECT_EQ(first, second);
  EXPECT_EQ(first[0].first, 0);
  EXPECT_EQ(first[3].second, 1003);
}

TEST(Parallel, CountsTheProcessorsThatItMayUse) {
  EXPECT_GE(availableThreads(), 1);
  EXPECT_LE(availableThreads(), static_cast<int>(std::thread::hardware_concurrency()));
}

TEST(Parallel, TheTeamHasAtLeastOneThread) {
  const int before = teamThreads();
  setTeamThreads(0);
  EXPECT_EQ(teamThreads(), 1);
  setTeamThreads(3);
  EXPECT_EQ(teamThreads(), 3);
  setTeamThreads(before);
}

}  // namespace
}  // namespace nodegrad
