#include "sweep/plan.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "cpu/cpu_backend.h"
#include "plan/plan.h"
#include "support/random_net.h"

namespace nodegrad::sweep {

namespace {

using testing::Guarded;
using testing::RandomNet;

double norm(const std::vector<double>& numbers) {
  double squares = 0;
  for (double v : numbers) squares += v * v;
  return std::sqrt(squares);
}

// Runs a plan once, its arena, feeds and fetches next to inaccessible pages.
std::string run(plan::Plan& plan, const RandomNet& net, Guarded::Against side, unsigned char fill,
                std::vector<Array>& results) {
  Guarded arena(plan.arenaBytes(), side, fill);
  std::vector<Guarded> memory;
  std::vector<std::vector<char>> given;
  std::vector<plan::Feed> feeds;
  for (size_t f = 0; f < net.feeds(); ++f) {
    given.push_back(testing::laidOut(net.numbersOfFeed(f), nullptr));
    memory.emplace_back(given.back().size(), side, fill);
    std::memcpy(memory.back().data(), given.back().data(), given.back().size());
    feeds.push_back({memory.back().data(), true});
  }
  std::vector<void*> fetches;
  const std::vector<TensorType> types = plan.fetchTypes();
  for (const TensorType& type : types) {
    memory.emplace_back(bytesOf(type), side, fill);
    fetches.push_back(memory.back().data());
  }
  plan.run(static_cast<std::byte*>(arena.data()), feeds, fetches);
  for (const Guarded& each : memory)
    if (!each.intact()) return "wrote around a feed or fetch";
  if (!arena.intact()) return "wrote around the arena";
  for (size_t f = 0; f < given.size(); ++f)
    if (std::memcmp(feeds[f].data, given[f].data(), given[f].size()) != 0)
      return "changed feed " + std::to_string(f);
  results.clear();
  for (size_t f = 0; f < types.size(); ++f)
    results.push_back(testing::rowMajor(types[f], nullptr, fetches[f]));
  return "";
}

}  // namespace

std::string runPlan(Random& random, const std::function<void(const std::string& what)>& tell) {
  const bool inBf16 = cpuHasBfloat16() && random.chance(0.5), smooth = random.chance(inBf16 ? 0.5 : 0.2);
  const RandomNet net(random, smooth);
  tell("plan in " + std::string(inBf16 ? "bfloat16:" : "float32:") + net.text());
  plan::Plan plan(net.ir(), testing::cpuBackend(), inBf16 ? Compute::BFloat16 : Compute::Float32);
  std::string described = plan.describe();
  std::replace(described.begin(), described.end(), '\n', ';');
  tell("plan in " + std::string(inBf16 ? "bfloat16:" : "float32:") + net.text() + " = " + described);
  std::vector<Array> actual, again;
  std::string wrong = run(plan, net, Guarded::Against::End, 0xff, actual);
  if (wrong.empty()) wrong = run(plan, net, Guarded::Against::Beginning, 0x7f, again);
  if (!wrong.empty()) return wrong;
  for (size_t f = 0; f < actual.size(); ++f)
    if (std::memcmp(actual[f].data.data(), again[f].data.data(), actual[f].data.size() * sizeof(double)) != 0)
      return "gave other bits in the second run for fetch " + std::to_string(f);

  for (size_t f = 0; f < actual.size(); ++f)
    for (double v : actual[f].data)
      if (!std::isfinite(v))
        return "fetch " + std::to_string(f) + " of " + toString(actual[f].type) + " has " + std::to_string(v);
  // What bfloat16 rounds lies near some kink always: then the numbers tell nothing.
  if (inBf16 ? !smooth : net.isNearKink()) return "";
  const std::vector<Array> expected = net.expected();
  double largest = 0.1;  // of numbers of the size of the feeds
  for (const Array& array : expected)
    largest = std::max(
        largest, norm(array.data) / std::sqrt(std::max<double>(1, static_cast<double>(array.data.size()))));
  for (size_t f = 0; f < actual.size(); ++f) {
    std::vector<double> apart(actual[f].data.size());
    for (size_t i = 0; i < apart.size(); ++i) apart[i] = actual[f].data[i] - expected[f].data[i];
    // A sum that is zero by its nature, as a bias's gradient in front of a normalization, has the roundings
    // of the numbers around it. In bfloat16 each layer rounds by 2⁻⁸, and Winograd's by four times that.
    const double around = largest * std::sqrt(static_cast<double>(apart.size()));
    const double size = norm(expected[f].data);
    const double bound = inBf16 ? 0.3 * size + 0.1 * around : 2e-4 * size + 1e-5 * around;
    if (!(norm(apart) <= bound))
      return "fetch " + std::to_string(f) + " of " + toString(actual[f].type) + " is off by " +
             std::to_string(norm(apart)) + ", its size is " + std::to_string(size);
  }
  return "";
}

}  // namespace nodegrad::sweep
