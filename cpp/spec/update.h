#pragma once
#include "backend.h"

namespace nodegrad::spec {

// An optimizer's update, as in sgdUpdate or adamUpdate, of one weight or of several: for each weight the
// weight, its gradient and its slots come in, and the new weight and slots go out. The scalars come last.
struct Update {
  explicit Update(const KernelSpec& spec);

  size_t weights, slots, scalars;
  size_t firstInput(size_t weight) const { return weight * (slots + 2); }
  size_t firstOutput(size_t weight) const { return weight * (slots + 1); }
  size_t firstScalar() const { return weights * (slots + 2); }
};

// rowsUpdate(table, gradients of the rows, slots …, scalars …, indices) → table, slots …: what the update
// `rule` makes of a table whose rows were gathered, with gatherBackward's gradient.
struct RowsUpdate {
  explicit RowsUpdate(const KernelSpec& spec);

  size_t slots, firstScalar, indices;
};

}  // namespace nodegrad::spec
