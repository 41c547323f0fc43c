#pragma once
#include <vector>

#include "graph/graph.h"

namespace nodegrad {

// Adds a choice: the outputs of one of two branches, which have been traced in the graph itself from the
// value `first` on. What they read of earlier values is computed in any case, what is later only where it is
// chosen.
std::vector<Value> addCond(Graph& graph, Value predicate, Value first, const std::vector<Value>& then,
                           const std::vector<Value>& otherwise);

// A loop that goes on as long as a condition holds. Inputs of the graph stand for what a step reads, as those
// of a Scan.
struct While {
  struct State {
    Value before, first, next;
  };

  std::vector<State> states;
  Value condition;       // bool [], of the states before a step
  int64_t maximum = -1;  // of steps; -1: any number
};

// Adds the loop: the last states.
std::vector<Value> addWhile(Graph& graph, const While& loop);

// A derivative of one's own: the results ys as they are, whose gradients go to the xs as `gradients` says,
// which has been traced with inputs of the graph, `upstream`, that stand for the gradients of the ys.
struct CustomGradient {
  std::vector<Value> ys, xs, upstream, gradients;
};

// Adds it: the ys.
std::vector<Value> addCustomGradient(Graph& graph, const CustomGradient& custom);

}  // namespace nodegrad
