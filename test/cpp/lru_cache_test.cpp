#include "core/lru_cache.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace nodegrad::testing {
namespace {

TEST(LruCache, LetsTheLongestUnusedGo) {
  LruCache<int, std::string> recent(2);
  EXPECT_EQ(recent.latest(), nullptr);
  recent.add(1, "one");
  recent.add(2, "two");
  ASSERT_NE(recent.find(1), nullptr);
  EXPECT_EQ(*recent.latest(), "one");
  EXPECT_EQ(recent.add(3, "three"), "three");
  EXPECT_EQ(recent.find(2), nullptr);
  EXPECT_EQ(*recent.find(1), "one");
  EXPECT_EQ(recent.size(), 2u);
}

TEST(LruCache, KeepsAValueInItsPlaceWhileOthersComeAndGo) {
  LruCache<int, std::unique_ptr<int>> recent(3);
  std::unique_ptr<int>* first = &recent.add(0, std::make_unique<int>(7));
  for (int i = 1; i < 10; ++i) {
    recent.add(i, nullptr);
    ASSERT_EQ(recent.find(0), first);
  }
  EXPECT_EQ(**first, 7);
}

}  // namespace
}  // namespace nodegrad::testing
