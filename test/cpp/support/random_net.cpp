#include "random_net.h"

#include <algorithm>
#include <cmath>

#include "graph/autodiff.h"
#include "graph/precision.h"
#include "host/buffer.h"

namespace nodegrad::testing {

RandomNet::RandomNet(Random& random, bool smooth, bool mixed) : random_(random), smooth_(smooth) {
  last_ = random.chance(0.75);
  const int64_t n = random.chance(0.2) ? random.pick(std::vector<int64_t>{8, 16}) : random.integer(1, 3);
  spatial_ = random.pick(std::vector<size_t>{1, 2, 2, 2, 2, 2, 3});
  Dims image{n};
  for (size_t i = 0; i < spatial_; ++i) image.push_back(random.integer(3, spatial_ == 3 ? 5 : 10));
  image.insert(last_ ? image.end() : image.begin() + 1,
               random.pick(std::vector<int64_t>{1, 3, 5, 8, 16, 16, 32}));
  value_ = feed(image);
  image_ = value_;
  const auto precision = [&] {
    return mixed ? random.pick(std::vector<std::string>{"", "float32", "bfloat16"}) : std::string();
  };
  for (int64_t left = random.integer(1, 5); left > 0; --left) {
    const PrecisionScope scope(precision());
    layer();
  }
  if (random.chance(0.4)) {
    const PrecisionScope scope(precision());
    dense();
  }
  differentiate();
}

std::vector<Array> RandomNet::expected() const {
  std::vector<Value> wanted = traced_.fetches;
  for (const auto& update : traced_.updates) wanted.push_back(update.second);
  return reference::evaluate(traced_.graph, numbers_, wanted);
}

void RandomNet::train() {
  const std::string rule =
      random_.pick(std::vector<std::string>{"sgdUpdate", "momentumUpdate", "rmspropUpdate", "adamUpdate"});
  Attrs attrs{{"weightDecay", random_.chance(0.5) ? 0.0 : 0.01}};
  if (rule == "momentumUpdate") attrs.set("momentum", 0.9);
  traced_.fetches = {value_};
  const int slots = findOp(rule).updateSlots, scalars = findOp(rule).minInputs - 2 - slots;
  std::vector<Value> rates;
  for (int i = 0; i < scalars; ++i) {
    rates.push_back(feed({}));
    numbers_[rates.back()].data[0] = i == 0 ? 0.01 : 3;  // the rate, the number of the step
  }
  for (size_t i = 0; i < gradients_.size(); ++i) {
    const Dims shape = traced_.graph.type(parameters_[i]).shape;
    std::vector<Value> operands{parameters_[i], gradients_[i]};
    for (int slot = 0; slot < slots; ++slot) operands.push_back(weight(shape, 0.1, 0.5));
    operands.insert(operands.end(), rates.begin(), rates.end());
    const std::vector<Value> made = traced_.graph.op(rule, operands, attrs);
    for (size_t o = 0; o < made.size(); ++o)
      traced_.updates.emplace_back(traced_.graph.producer(operands[o == 0 ? 0 : o + 1]).storage, made[o]);
  }
}

bool RandomNet::isNearKink() const {
  for (Value value : kinks_) {
    const Array z = reference::evaluate(traced_.graph, numbers_, {value})[0];
    double squares = 0;
    for (double v : z.data) squares += v * v;
    const double near = 2e-5 * std::sqrt(squares / static_cast<double>(z.data.size()));
    if (std::any_of(z.data.begin(), z.data.end(), [&](double v) { return v != 0 && std::abs(v) < near; }))
      return true;
  }
  for (const auto& [value, attrs] : pools_) {
    const Array z = reference::evaluate(traced_.graph, numbers_, {value})[0];
    Array moved = z;
    double squares = 0;
    for (double v : z.data) squares += v * v;
    const double near = 2e-5 * std::sqrt(squares / static_cast<double>(z.data.size()));
    for (size_t i = 0; i < moved.data.size(); ++i)
      moved.data[i] += i * 2654435761U % 65536 < 32768 ? near : -near;
    // Equal numbers, as the zeros of a ReLU, keep their order.
    for (size_t i = 0; i < moved.data.size(); ++i)
      if (z.data[i] == 0) moved.data[i] = 0;
    if (reference::apply("maxPool", {z}, attrs)[1].data !=
        reference::apply("maxPool", {moved}, attrs)[1].data)
      return true;
  }
  return false;
}

Value RandomNet::feed(const Dims& shape, DType dtype) {
  const Value value = traced_.feed(shape, dtype);
  numbers_[value] =
      drawNumbers(random_, {dtype, shape}, dtype == DType::F32 ? -1 : 0, dtype == DType::F32 ? 1 : 99);
  return value;
}

Value RandomNet::weight(const Dims& shape, double low, double high) {
  Array array = drawFloats(random_, shape, low, high);
  const std::vector<float> floats(array.data.begin(), array.data.end());
  const StoragePtr storage = hostStorage(array.type, floats.data());
  const Value value = traced_.graph.parameter(storage, array.type);
  stored_[storage.get()] = array;
  numbers_[value] = std::move(array);
  return value;
}

Value RandomNet::variable(const Dims& shape, double low, double high) {
  const Value value = weight(shape, low, high);
  if (random_.chance(0.85)) parameters_.push_back(value);  // the others are frozen
  return value;
}

Value RandomNet::op(const std::string& name, const std::vector<Value>& inputs, const Attrs& attrs) {
  text_ += " " + name;
  return traced_.op(name, inputs, attrs);
}

void RandomNet::activate() {
  using Names = std::vector<std::string>;
  const std::string name =
      random_.pick(smooth_ ? Names{"tanh", "sigmoid", "", "gelu"}
                           : Names{"relu", "relu", "tanh", "sigmoid", "", "elu", "gelu"});
  if (name == "relu") kinks_.push_back(value_);
  if (!name.empty()) value_ = op(name, {value_});
}

void RandomNet::addBias() {
  if (random_.chance(0.4)) return;
  const int64_t c = shape()[channels()];
  Dims bias{c};
  if (!last_ && isImage()) bias.resize(spatial_ + 1, 1);
  value_ = op("add", {value_, variable(bias, -0.5, 0.5)});
}

// The first side often has a step of its own.
Dims RandomNet::strides(int64_t stride, double equal) {
  Dims strides(spatial_, stride);
  if (!random_.chance(equal)) strides[0] = 1;
  return strides;
}

Value RandomNet::kernel(int64_t side, int64_t first, int64_t second, int64_t summed) {
  Dims shape(spatial_, side);
  const double spread = std::sqrt(3.0 / static_cast<double>(count(shape) * summed));
  shape.insert(shape.end(), {first, second});
  return variable(shape, -spread, spread);
}

int64_t RandomNet::shortestSide() const {
  const Dims x = shape();
  const auto first = x.begin() + static_cast<int64_t>(firstSide());
  return *std::min_element(first, first + static_cast<int64_t>(spatial_));
}

void RandomNet::conv() {
  const Dims x = shape();
  const int64_t c = x[channels()], k = random_.pick(std::vector<int64_t>{1, 3, 3, 3, 2});
  if (k > shortestSide()) return;
  const int64_t groups = c % 2 == 0 && random_.chance(0.15) ? 2 : 1;
  const int64_t filters =
      groups * random_.pick(std::vector<int64_t>{1, 3, 4, 8, 16, 16, 32}) / (groups == 2 ? 1 : 1);
  const Value w = kernel(k, c / groups, filters, c / groups);
  const int64_t stride = random_.chance(0.2) ? 2 : 1;
  const Value before = value_;
  value_ = op("conv", {value_, w},
              {{"strides", strides(stride, 0.9)},
               {"groups", groups},
               {"padding", std::string(random_.chance(0.7) ? "same" : "valid")},
               {"dataFormat", format()}});
  addBias();
  if (shape() == traced_.graph.type(before).shape && random_.chance(0.5))
    value_ = op("add", {value_, before});
}

void RandomNet::transposed() {
  const int64_t c = shape()[channels()], k = random_.integer(1, 3),
                filters = random_.pick(std::vector<int64_t>{1, 4, 8, 16});
  value_ = op("convTranspose", {value_, kernel(k, filters, c, c)},
              {{"strides", strides(2, 0.5)},
               {"padding", std::string(random_.chance(0.5) ? "same" : "valid")},
               {"dataFormat", format()}});
  addBias();
}

void RandomNet::norm() {
  const int64_t c = shape()[channels()];
  const auto axis = static_cast<int64_t>(isImage() ? channels() : shape().size() - 1);
  if (count(shape()) / c < 8) return;  // a variance near zero amplifies every rounding
  value_ = op("batchNormalization", {value_, variable({c}, 0.5, 1.5), variable({c}, -0.5, 0.5)},
              {{"axis", axis}, {"epsilon", 1e-2}});
}

void RandomNet::pool() {
  const int64_t k = random_.integer(2, 3);
  if (k > shortestSide()) return;
  const std::string name = !smooth_ && random_.chance(0.6) ? "maxPool" : "averagePool";
  Attrs attrs{{"poolSize", Dims(spatial_, k)},
              {"strides", strides(2, 0.8)},
              {"padding", std::string(random_.chance(0.5) ? "same" : "valid")},
              {"dataFormat", format()}};
  attrs = checkAttrs(findOp("maxPool"), attrs);
  if (name == "maxPool") pools_.push_back({value_, attrs});
  value_ = op(name, {value_}, attrs);
}

void RandomNet::branch() {
  const Value before = value_;
  conv();
  activate();
  const Value first = value_;
  value_ = before;
  conv();
  Dims a = traced_.graph.type(first).shape;
  a[channels()] = shape()[channels()];
  if (a != shape()) return;
  value_ = op("concatenate", {first, value_}, {{"axis", static_cast<int64_t>(channels())}});
}

void RandomNet::addRows() {
  const int64_t n = shape()[0], c = shape()[channels()];
  const Value indices = feed({n}, DType::I32);
  for (double& index : numbers_[indices].data) index = std::fmod(index, 5);
  Dims rowShape(shape().size(), 1);
  rowShape[0] = n;
  rowShape[channels()] = c;
  const Value rows = op("gather", {variable({5, c}, -0.5, 0.5), indices});
  value_ = op("add", {value_, op("reshape", {rows}, {{"shape", rowShape}})});
}

void RandomNet::move() {
  const int64_t kind = random_.integer(0, 4);
  if (kind == 0) {
    value_ = op("upSampling", {value_}, {{"size", strides(2, 0.5)}, {"dataFormat", format()}});
  } else if (kind == 1) {
    Dims paddings(2 * shape().size(), 0);
    for (size_t i = 2 * firstSide(); i < 2 * (firstSide() + spatial_); ++i)
      paddings[i] = random_.integer(0, 2);
    value_ = op("pad", {value_}, {{"paddings", paddings}});
  } else if (kind == 2) {
    addRows();
  } else if (kind == 3) {
    value_ = op("multiply", {value_, variable({}, 0.5, 1.5)});
  } else {
    value_ =
        op("dropout", {value_, feed({2}, DType::I32)}, {{"rate", 0.25}, {"salt", random_.integer(0, 9)}});
  }
}

void RandomNet::layer() {
  if (count(shape()) > 20000) return;
  switch (random_.integer(0, 9)) {
    case 0: transposed(); break;
    case 1: pool(); break;
    case 2: branch(); break;
    case 3: move(); break;
    case 4: norm(); break;
    default:
      conv();
      if (random_.chance(0.3)) norm();
      activate();
      if (random_.chance(0.2)) pool();
  }
}

// Of the value as so many rows. Its other axes come back.
void RandomNet::denseRows(int64_t rows) {
  const int64_t k = count(shape()) / rows;
  const int64_t units = random_.pick(std::vector<int64_t>{1, 5, 10, 16});
  Dims result = rows == shape()[0] ? Dims{rows, k} : shape();
  result.back() = units;
  const double spread = std::sqrt(3.0 / static_cast<double>(k));
  value_ = op("reshape", {value_}, {{"shape", Dims{rows, k}}});
  value_ = op("matmul", {value_, variable({k, units}, -spread, spread)});
  value_ = op("add", {value_, variable({units}, -0.5, 0.5)});
  if (result.size() > 2) value_ = op("reshape", {value_}, {{"shape", result}});
  if (!smooth_ && random_.chance(0.5)) {
    kinks_.push_back(value_);
    value_ = op("relu", {value_});
  }
}

void RandomNet::dense() {
  if (random_.chance(0.3)) denseRows(count(shape()) / shape().back());  // at each position
  const int64_t n = shape()[0], k = count(shape()) / n;
  if (k > 2000) return;
  denseRows(n);
  const int64_t units = shape().back();
  if (units > 1 && random_.chance(0.3)) value_ = op("softmax", {value_});
}

void RandomNet::differentiate() {
  traced_.fetches = {value_};
  if (parameters_.empty() || random_.chance(0.15)) return;
  const Value loss = op("sum", {op("multiply", {value_, feed(shape())})});
  std::vector<Value> xs = parameters_;
  if (random_.chance(0.3)) xs.push_back(image_);
  gradients_ = gradients(traced_.graph, {loss}, xs);
  traced_.fetches.insert(traced_.fetches.end(), gradients_.begin(), gradients_.end());
  gradients_.resize(parameters_.size());
  if (random_.chance(0.3)) traced_.fetches.erase(traced_.fetches.begin());
}

}  // namespace nodegrad::testing
