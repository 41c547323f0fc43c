#pragma once
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "graph_builder.h"
#include "random.h"

namespace nodegrad::testing {

// A small random net of image layers, with its numbers: it gives its output, and gradients with respect to
// its weights.
class RandomNet {
 public:
  // smooth: without ReLU and max-pooling. mixed: its layers have precisions.
  RandomNet(Random& random, bool smooth, bool mixed = false);

  // From now on the weights learn by some optimizer.
  void train();

  const GraphBuilder& traced() const { return traced_; }
  plan::Ir ir() const { return traced_.ir(); }
  size_t feeds() const { return traced_.feeds.size(); }
  const Array& numbersOfFeed(size_t i) const { return numbers_.at(traced_.feeds[i]); }
  const Array& numbersOfStorage(const Storage& storage) const { return stored_.at(&storage); }
  const std::string& text() const { return text_; }

  // The fetches and then the results of the updates, in float64.
  std::vector<Array> expected() const;
  // Whether a number is so near a kink that roundings may lead to its other side.
  bool isNearKink() const;

 private:
  Dims shape() const { return traced_.graph.type(value_).shape; }
  // Whether the value is an image yet, not rows of a dense layer.
  bool isImage() const { return shape().size() == spatial_ + 2; }
  size_t channels() const { return last_ ? spatial_ + 1 : 1; }
  size_t firstSide() const { return last_ ? 1 : 2; }
  int64_t shortestSide() const;
  std::string format() const { return last_ ? "channelsLast" : "channelsFirst"; }

  Value feed(const Dims& shape, DType dtype = DType::F32);
  // A parameter with numbers of a spread, and one that may learn.
  Value weight(const Dims& shape, double low, double high);
  Value variable(const Dims& shape, double low, double high);
  Value op(const std::string& name, const std::vector<Value>& inputs, const Attrs& attrs = {});
  Dims strides(int64_t stride, double equal);
  // A kernel [sides …, first, second] for sums over `summed` channels.
  Value kernel(int64_t side, int64_t first, int64_t second, int64_t summed);
  void activate();
  void addBias();
  void conv();
  void transposed();
  void norm();
  void pool();
  void branch();
  void addRows();
  void move();
  void layer();
  void denseRows(int64_t rows);
  void dense();

  // The output, and the gradients of a weighted sum of it.
  void differentiate();

  Random& random_;
  const bool smooth_;
  GraphBuilder traced_;
  std::map<Value, Array> numbers_;
  std::map<const Storage*, Array> stored_;
  std::vector<Value> parameters_, kinks_;
  std::vector<Value> gradients_;  // of each parameter; empty: the net is not differentiated
  std::vector<std::pair<Value, Attrs>> pools_;
  Value value_, image_;
  bool last_;
  size_t spatial_;  // dimensions of the images
  std::string text_;
};

}  // namespace nodegrad::testing
