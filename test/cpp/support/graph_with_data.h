#pragma once
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "graph_builder.h"
#include "kernel_test.h"
#include "program/program.h"
#include "run.h"

namespace nodegrad::testing {

// A graph with numbers for its feeds.
struct GraphWithData : GraphBuilder {
  std::map<Value, Array> numbers;

  // By value: a shape that the graph holds moves when the graph grows.
  Value fed(Dims shape, double from = -1) {
    const Value value = feed(shape);
    numbers[value] = randomNumbers(shape, static_cast<unsigned>(numbers.size()) + 1);
    for (double& v : numbers[value].data) v = static_cast<float>((v + 1) / 2 * (1 - from) + from);
    return value;
  }
  Value norm(Value x, Value gamma, Value beta, int64_t axis = -1) {
    return op("batchNormalization", {x, gamma, beta}, {{"axis", axis}});
  }

  // Runs the program and compares all fetches with the plain evaluation: sums of `terms` products below 1 in
  // float32, passed on a few times.
  std::string expectPlainNumbers(int64_t terms) {
    const auto program = Program::create(graph, feeds, fetches, {});
    std::vector<StoragePtr> fedStorages;
    for (Value value : feeds) {
      const Array& array = numbers.at(value);
      fedStorages.push_back(floats(array.shape(), std::vector<float>(array.data.begin(), array.data.end())));
    }
    const auto expected = reference::evaluate(graph, numbers, fetches);
    // Twice, as steps follow each other.
    runNow(program, fedStorages);
    const auto found = runNow(program, fedStorages);
    for (size_t i = 0; i < fetches.size(); ++i) {
      const std::vector<float> values = numbersOf(found[i]);
      expectClose({expected[i].type, std::vector<double>(values.begin(), values.end())}, expected[i],
                  4 * terms, "fetch " + std::to_string(i));
    }
    return program->describe();
  }
};

// Loss and gradients of a block's output, weighted so that no gradient vanishes.
inline void differentiate(GraphWithData& t, Value y, const std::vector<Value>& xs) {
  const Value weights = t.fed(t.graph.type(y).shape);
  const Value loss = t.op("sum", {t.op("multiply", {y, weights})});
  t.fetches = {y};
  for (Value gradient : gradients(t.graph, {loss}, xs)) t.fetches.push_back(gradient);
}

}  // namespace nodegrad::testing
