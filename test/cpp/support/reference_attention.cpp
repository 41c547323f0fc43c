#include <cmath>
#include <limits>

#include "reference.h"

namespace nodegrad::reference {

namespace {

// As Keras: finite, so that a query that sees no key weights all of them alike.
constexpr double kMasked = -0.7 * std::numeric_limits<float>::max();

// One query of one head: its weights, and what they come from.
struct Query {
  std::vector<double> weights;
  std::vector<bool> seen;
  double largest = -std::numeric_limits<double>::infinity(), sum = 0;
};

// q, k, v of a call, whose other operands begin at `rest`.
struct Attention {
  Attention(const Call& call, size_t first, size_t rest)
      : q(call.inputs[first]), k(call.inputs[first + 1]), v(call.inputs[first + 2]), attrs(call.attrs) {
    if (attrs.boolean("bias")) bias = &call.inputs[rest];
    if (attrs.boolean("mask")) mask = &call.inputs.back();
  }

  Query query(int64_t n, int64_t head, int64_t i) const {
    Query query;
    for (int64_t j = 0; j < k.shape()[1]; ++j) {
      double score = 0;
      for (int64_t d = 0; d < q.shape()[3]; ++d) score += at(q, {n, i, head, d}) * at(k, {n, j, head, d});
      score *= attrs.number("scale");
      const Dims index{n, head, i, j};
      if (bias) score += bias->data[static_cast<size_t>(broadcastPlace(bias->shape(), index))];
      bool seen = !attrs.boolean("isCausal") || j <= i;
      if (mask) seen = seen && mask->data[static_cast<size_t>(broadcastPlace(mask->shape(), index))] != 0;
      query.seen.push_back(seen);
      query.weights.push_back(seen ? score : kMasked);
      query.largest = reference::largest(query.largest, query.weights.back());
    }
    for (double& weight : query.weights) query.sum += weight = std::exp(weight - query.largest);
    for (double& weight : query.weights) weight /= query.sum;
    return query;
  }

  static double at(const Array& array, const Dims& index) {
    return array.data[static_cast<size_t>(placeOf(array.shape(), index))];
  }
  // Calls body(n, head, i) for every query.
  template <class Body>
  void eachQuery(Body&& body) const {
    for (int64_t n = 0; n < q.shape()[0]; ++n)
      for (int64_t head = 0; head < q.shape()[2]; ++head)
        for (int64_t i = 0; i < q.shape()[1]; ++i) body(n, head, i);
  }

  const Array &q, &k, &v;
  const Array *bias = nullptr, *mask = nullptr;
  const Attrs& attrs;
};

double& element(Array& array, const Dims& index) {
  return array.data[static_cast<size_t>(placeOf(array.shape(), index))];
}

void attend(const Call& call) {
  const Attention of(call, 0, 3);
  of.eachQuery([&](int64_t n, int64_t head, int64_t i) {
    const Query query = of.query(n, head, i);
    for (size_t j = 0; j < query.weights.size(); ++j)
      for (int64_t e = 0; e < of.v.shape()[3]; ++e)
        element(call.outputs[0], {n, i, head, e}) +=
            query.weights[j] * Attention::at(of.v, {n, static_cast<int64_t>(j), head, e});
    element(call.outputs[1], {n, head, i}) = query.largest;
    element(call.outputs[2], {n, head, i}) = query.sum;
  });
}

void attendBackward(const Call& call) {
  const Array& dy = call.inputs[0];
  const Attention of(call, 1, 7);
  const int64_t size = of.q.shape()[3], depth = of.v.shape()[3];
  of.eachQuery([&](int64_t n, int64_t head, int64_t i) {
    const Query query = of.query(n, head, i);
    std::vector<double> flow(query.weights.size());
    double dot = 0;
    for (size_t j = 0; j < flow.size(); ++j) {
      const auto key = static_cast<int64_t>(j);
      for (int64_t e = 0; e < depth; ++e) {
        const double g = Attention::at(dy, {n, i, head, e});
        flow[j] += g * Attention::at(of.v, {n, key, head, e});
        element(call.outputs[2], {n, key, head, e}) += query.weights[j] * g;
      }
      dot += flow[j] * query.weights[j];
    }
    for (size_t j = 0; j < flow.size(); ++j) {
      if (!query.seen[j]) continue;
      const auto key = static_cast<int64_t>(j);
      const double g = query.weights[j] * (flow[j] - dot) * of.attrs.number("scale");
      for (int64_t d = 0; d < size; ++d) {
        element(call.outputs[0], {n, i, head, d}) += g * Attention::at(of.k, {n, key, head, d});
        element(call.outputs[1], {n, key, head, d}) += g * Attention::at(of.q, {n, i, head, d});
      }
    }
  });
}

}  // namespace

void addAttention(Table& table) {
  table["dotProductAttention"] = attend;
  table["dotProductAttentionBackward"] = attendBackward;
}

}  // namespace nodegrad::reference
