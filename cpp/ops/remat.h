#pragma once
#include <vector>

#include "graph/graph.h"

namespace nodegrad {

// Has the graph compute anew, where the gradient of the float32 values ys needs it, what made them of values
// before `first`, instead of keeping it (rematerialization, Chen et al., 2016). Gives values equal to the ys.
std::vector<Value> addRemat(Graph& graph, Value first, const std::vector<Value>& ys);

}  // namespace nodegrad
