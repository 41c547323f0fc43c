// That passes go by the sizes which a backend names.
#include <gtest/gtest.h>

#include "support/fake_backend.h"
#include "support/graph_builder.h"

namespace nodegrad::testing {
namespace {

using plan::Ir;

TEST(Habits, OfTheBackendAreThoseOfThePasses) {
  struct Device : FakeBackend {
    Habits habits() const override {
      Habits habits;
      habits.alignment = 512;
      habits.longestChain = 2;
      habits.smallUpdate = 0;
      habits.mostGrowth = 0;
      habits.smallResult = 0;
      return habits;
    }
  };
  GraphBuilder t;
  Value y = t.feed({4});
  for (int i = 0; i < 6; ++i) y = t.op("tanh", {y});
  const Value w = t.variable({4, 4});
  t.fetches = {y, t.op("softmax", {w})};
  for (int i = 0; i < 2; ++i) {
    StoragePtr store;
    const Value v = t.variable({3}, &store);
    t.updates.emplace_back(store, t.op("sgdUpdate", {v, t.op("exp", {v}), t.graph.constant(0.1)}));
  }
  const auto planned = [&](auto backend) {
    Ir ir = t.ir();
    plan::runPasses(ir, backend, true, Compute::Float32);
    return ir;
  };
  const Ir cpu = planned(FakeBackend()), device = planned(Device());
  EXPECT_EQ(countOf(cpu, "fusedElementwise"), 1);
  EXPECT_EQ(countOf(device, "fusedElementwise"), 3);
  EXPECT_EQ(countOf(cpu, "sgdUpdate"), 1);
  EXPECT_EQ(countOf(device, "sgdUpdate"), 2);
  EXPECT_TRUE(nodeOf(cpu, "softmax")->invariant);
  EXPECT_FALSE(nodeOf(device, "softmax")->invariant);
  Device backend;
  const plan::MemoryMap map =
      plan::assignMemory(device, backend, plan::PerNode<size_t>(device.nodes.size(), 1));
  for (size_t offset : map.scratch) EXPECT_EQ(offset % 512, 0u);
  EXPECT_EQ(map.arenaBytes % 512, 0u);
}

}  // namespace
}  // namespace nodegrad::testing
