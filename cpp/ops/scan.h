#pragma once
#include <vector>

#include "graph/graph.h"

namespace nodegrad {

// A loop over sequences [steps, ...], whose step is traced in the graph itself: inputs of the graph stand for
// what a step reads. What depends on none of them is computed once.
struct Scan {
  struct State {
    Value before, first,
        next;  // what stands for it before a step, the first one, the one after a step
  };
  struct Sequence {
    Value element, whole;  // what stands for its element of a step, and the sequence
    bool backwards;        // from its last element to its first
  };
  struct Result {
    Value value;
    bool backwards;
  };

  std::vector<State> states;
  std::vector<Sequence> sequences;
  std::vector<Result> results;
};

// Adds the loop: the last states, then each result of all steps, [steps, ...].
std::vector<Value> addScan(Graph& graph, const Scan& scan);

}  // namespace nodegrad
