#pragma once
#include <vector>

#include "graph/graph.h"

namespace nodegrad {

// Adds to the graph the gradients of sum(outputGradient · y) over the ys with respect to each x (reverse
// mode). Without outputGradients they are ones. A value that no y depends on gets zeros. Fails, naming it, at
// an op without a rule. Composes: the result can be differentiated again.
std::vector<Value> gradients(Graph& graph, const std::vector<Value>& ys, const std::vector<Value>& xs,
                             const std::vector<Value>& outputGradients = {});

}  // namespace nodegrad
