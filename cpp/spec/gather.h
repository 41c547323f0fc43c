#pragma once
#include "backend.h"

namespace nodegrad::spec {

// The tensor x as [batch, outer, n, inner] and its indices as [batch, m]: what is gathered is [batch, outer,
// m, inner].
struct GatherView {
  int64_t batch, outer, n, inner, m;

  GatherView(const KernelSpec& spec, const Dims& x, const Dims& indices) {
    const auto axis = static_cast<size_t>(normalizeAxis(spec.op, spec.attrs.integer("axis"), x.size()));
    const auto batchDims = static_cast<size_t>(spec.attrs.integer("batchDims"));
    batch = count(Dims(x.begin(), x.begin() + batchDims));
    outer = count(Dims(x.begin() + batchDims, x.begin() + axis));
    n = x[axis];
    inner = count(Dims(x.begin() + axis + 1, x.end()));
    m = count(Dims(indices.begin() + batchDims, indices.end()));
  }
};

}  // namespace nodegrad::spec
