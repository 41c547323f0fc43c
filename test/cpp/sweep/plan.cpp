#include "sweep/plan.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>

#include "cpu/cpu_backend.h"
#include "graph/autodiff.h"
#include "plan/plan.h"
#include "support/traced.h"

namespace nodegrad::sweep {

namespace {

using testing::Guarded;

class Net {
 public:
  // smooth: without ReLU and max-pooling.
  Net(Random& random, bool smooth) : random_(random), smooth_(smooth) {
    last_ = random.chance(0.75);
    const int64_t n = random.chance(0.2) ? random.pick(std::vector<int64_t>{8, 16}) : random.integer(1, 3);
    const int64_t c = random.pick(std::vector<int64_t>{1, 3, 5, 8, 16, 16, 32}), h = random.integer(3, 10),
                  w = random.integer(3, 10);
    value_ = feed(last_ ? Dims{n, h, w, c} : Dims{n, c, h, w});
    image_ = value_;
    for (int64_t left = random.integer(1, 5); left > 0; --left) layer();
    if (random.chance(0.4)) dense();
    differentiate();
  }

  plan::Ir ir() const { return traced_.ir(); }
  size_t feeds() const { return traced_.feeds.size(); }
  const Array& numbersOfFeed(size_t i) const { return numbers_.at(traced_.feeds[i]); }
  const std::string& text() const { return text_; }

  std::vector<Array> expected() const {
    return reference::evaluate(traced_.graph, numbers_, traced_.fetches);
  }

  // Whether a number is so near a kink that roundings may lead to its other side.
  bool isNearKink() const {
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
      if (reference::apply("maxPool2d", {z}, attrs)[1].data !=
          reference::apply("maxPool2d", {moved}, attrs)[1].data)
        return true;
    }
    return false;
  }

 private:
  Dims shape() const { return traced_.graph.type(value_).shape; }
  size_t channels() const { return last_ ? 3 : 1; }
  size_t height() const { return last_ ? 1 : 2; }
  std::string format() const { return last_ ? "channelsLast" : "channelsFirst"; }

  Value feed(const Dims& shape, DType dtype = DType::F32) {
    const Value value = traced_.feed(shape, dtype);
    numbers_[value] =
        drawNumbers(random_, {dtype, shape}, dtype == DType::F32 ? -1 : 0, dtype == DType::F32 ? 1 : 99);
    return value;
  }
  // A parameter with numbers of a spread.
  Value variable(const Dims& shape, double low, double high) {
    Array array = drawFloats(random_, shape, low, high);
    const std::vector<float> floats(array.data.begin(), array.data.end());
    const StoragePtr storage = Storage::create(array.type, floats.data());
    const Value value = traced_.graph.parameter(storage, array.type);
    numbers_[value] = std::move(array);
    if (random_.chance(0.85)) parameters_.push_back(value);  // the others are frozen
    return value;
  }
  Value op(const std::string& name, const std::vector<Value>& inputs, const Attrs& attrs = {}) {
    text_ += " " + name;
    return traced_.op(name, inputs, attrs);
  }

  void activate() {
    using Names = std::vector<std::string>;
    const std::string name =
        random_.pick(smooth_ ? Names{"tanh", "sigmoid", "", "gelu"}
                             : Names{"relu", "relu", "tanh", "sigmoid", "", "elu", "gelu"});
    if (name == "relu") kinks_.push_back(value_);
    if (!name.empty()) value_ = op(name, {value_});
  }

  void addBias() {
    if (random_.chance(0.4)) return;
    const int64_t c = shape()[channels()];
    Dims bias{c};
    if (!last_ && shape().size() == 4) bias = {c, 1, 1};
    value_ = op("add", {value_, variable(bias, -0.5, 0.5)});
  }

  void conv() {
    const Dims x = shape();
    const int64_t c = x[channels()], k = random_.pick(std::vector<int64_t>{1, 3, 3, 3, 2});
    if (k > std::min(x[height()], x[height() + 1])) return;
    const int64_t groups = c % 2 == 0 && random_.chance(0.15) ? 2 : 1;
    const int64_t filters =
        groups * random_.pick(std::vector<int64_t>{1, 3, 4, 8, 16, 16, 32}) / (groups == 2 ? 1 : 1);
    const double spread = std::sqrt(3.0 / static_cast<double>(k * k * c / groups));
    const Value w = variable({k, k, c / groups, filters}, -spread, spread);
    const int64_t stride = random_.chance(0.2) ? 2 : 1;
    const Value before = value_;
    value_ = op("conv2d", {value_, w},
                {{"strides", Dims{stride, random_.chance(0.9) ? stride : 1}},
                 {"groups", groups},
                 {"padding", std::string(random_.chance(0.7) ? "same" : "valid")},
                 {"dataFormat", format()}});
    addBias();
    if (shape() == traced_.graph.type(before).shape && random_.chance(0.5))
      value_ = op("add", {value_, before});
  }

  void transposed() {
    const int64_t c = shape()[channels()], k = random_.integer(1, 3),
                  filters = random_.pick(std::vector<int64_t>{1, 4, 8, 16});
    const double spread = std::sqrt(3.0 / static_cast<double>(k * k * c));
    value_ = op("conv2dTranspose", {value_, variable({k, k, filters, c}, -spread, spread)},
                {{"strides", Dims{random_.integer(1, 2), 2}},
                 {"padding", std::string(random_.chance(0.5) ? "same" : "valid")},
                 {"dataFormat", format()}});
    addBias();
  }

  void norm() {
    const int64_t c = shape()[channels()];
    const auto axis = static_cast<int64_t>(shape().size() == 4 ? channels() : shape().size() - 1);
    if (count(shape()) / c < 8) return;  // a variance near zero amplifies every rounding
    value_ = op("batchNorm", {value_, variable({c}, 0.5, 1.5), variable({c}, -0.5, 0.5)},
                {{"axis", axis}, {"epsilon", 1e-2}});
  }

  void pool() {
    const int64_t k = random_.integer(2, 3);
    if (k > std::min(shape()[height()], shape()[height() + 1])) return;
    const std::string name = !smooth_ && random_.chance(0.6) ? "maxPool2d" : "avgPool2d";
    Attrs attrs{{"poolSize", Dims{k, k}},
                {"strides", Dims{2, random_.chance(0.8) ? 2 : 1}},
                {"padding", std::string(random_.chance(0.5) ? "same" : "valid")},
                {"dataFormat", format()}};
    attrs = checkAttrs(findOp("maxPool2d"), attrs);
    if (name == "maxPool2d") pools_.push_back({value_, attrs});
    value_ = op(name, {value_}, attrs);
  }

  void branch() {
    const Value before = value_;
    conv();
    activate();
    const Value first = value_;
    value_ = before;
    conv();
    const Dims a = traced_.graph.type(first).shape, b = shape();
    if (a[height()] != b[height()] || a[height() + 1] != b[height() + 1]) return;
    value_ = op("concatenate", {first, value_}, {{"axis", static_cast<int64_t>(channels())}});
  }

  void move() {
    const int64_t kind = random_.integer(0, 3);
    if (kind == 0) {
      value_ =
          op("upSampling2d", {value_}, {{"size", Dims{random_.integer(1, 2), 2}}, {"dataFormat", format()}});
    } else if (kind == 1) {
      Dims paddings(8, 0);
      for (size_t i = 2 * height(); i < 2 * height() + 4; ++i) paddings[i] = random_.integer(0, 2);
      value_ = op("pad", {value_}, {{"paddings", paddings}});
    } else if (kind == 2) {
      value_ = op("mul", {value_, variable({}, 0.5, 1.5)});
    } else {
      value_ =
          op("dropout", {value_, feed({2}, DType::I32)}, {{"rate", 0.25}, {"salt", random_.integer(0, 9)}});
    }
  }

  void layer() {
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

  void dense() {
    const int64_t n = shape()[0], k = count(shape()) / n;
    if (k > 2000) return;
    value_ = op("reshape", {value_}, {{"shape", Dims{n, k}}});
    const int64_t units = random_.pick(std::vector<int64_t>{1, 5, 10, 16});
    const double spread = std::sqrt(3.0 / static_cast<double>(k));
    value_ = op("matmul", {value_, variable({k, units}, -spread, spread)});
    value_ = op("add", {value_, variable({units}, -0.5, 0.5)});
    if (!smooth_ && random_.chance(0.5)) {
      kinks_.push_back(value_);
      value_ = op("relu", {value_});
    }
    if (units > 1 && random_.chance(0.3)) value_ = op("softmax", {value_});
  }

  // The output, and the gradients of a weighted sum of it.
  void differentiate() {
    traced_.fetches = {value_};
    if (parameters_.empty() || random_.chance(0.15)) return;
    const Value loss = op("sum", {op("mul", {value_, feed(shape())})});
    std::vector<Value> xs = parameters_;
    if (random_.chance(0.3)) xs.push_back(image_);
    for (Value gradient : gradients(traced_.graph, {loss}, xs)) traced_.fetches.push_back(gradient);
    if (random_.chance(0.3)) traced_.fetches.erase(traced_.fetches.begin());
  }

  Random& random_;
  const bool smooth_;
  testing::Traced traced_;
  std::map<Value, Array> numbers_;
  std::vector<Value> parameters_, kinks_;
  std::vector<std::pair<Value, Attrs>> pools_;
  Value value_, image_;
  bool last_;
  std::string text_;
};

double norm(const std::vector<double>& numbers) {
  double squares = 0;
  for (double v : numbers) squares += v * v;
  return std::sqrt(squares);
}

// Runs a plan once, its arena, feeds and fetches next to inaccessible pages.
std::string run(plan::Plan& plan, const Net& net, Guarded::Against side, unsigned char fill,
                std::vector<Array>& results) {
  Guarded arena(plan.arenaBytes(), side, fill);
  std::vector<Guarded> memory;
  std::vector<std::vector<char>> given;
  std::vector<const void*> feeds;
  for (size_t f = 0; f < net.feeds(); ++f) {
    given.push_back(testing::laidOut(net.numbersOfFeed(f), nullptr));
    memory.emplace_back(given.back().size(), side, fill);
    std::memcpy(memory.back().data(), given.back().data(), given.back().size());
    feeds.push_back(memory.back().data());
  }
  std::vector<void*> fetches;
  const std::vector<TensorType> types = plan.fetchTypes();
  for (const TensorType& type : types) {
    memory.emplace_back(bytesOf(type), side, fill);
    fetches.push_back(memory.back().data());
  }
  plan.run(static_cast<std::byte*>(arena.data()), feeds, fetches);
  for (const Guarded& each : memory)
    if (!each.intact()) return "wrote around a feed or fetch";
  if (!arena.intact()) return "wrote around the arena";
  for (size_t f = 0; f < given.size(); ++f)
    if (std::memcmp(feeds[f], given[f].data(), given[f].size()) != 0)
      return "changed feed " + std::to_string(f);
  results.clear();
  for (size_t f = 0; f < types.size(); ++f)
    results.push_back(testing::rowMajor(types[f], nullptr, fetches[f]));
  return "";
}

}  // namespace

std::string runPlan(Random& random, const std::function<void(const std::string& what)>& tell) {
  const bool half = cpuHasBfloat16() && random.chance(0.5), smooth = random.chance(half ? 0.5 : 0.2);
  const Net net(random, smooth);
  tell("plan in " + std::string(half ? "bfloat16:" : "float32:") + net.text());
  plan::Plan plan(net.ir(), testing::cpuBackend(), half ? DType::BF16 : DType::F32);
  std::string described = plan.describe();
  std::replace(described.begin(), described.end(), '\n', ';');
  tell("plan in " + std::string(half ? "bfloat16:" : "float32:") + net.text() + " = " + described);
  std::vector<Array> actual, again;
  std::string wrong = run(plan, net, Guarded::Against::End, 0xff, actual);
  if (wrong.empty()) wrong = run(plan, net, Guarded::Against::Beginning, 0x7f, again);
  if (!wrong.empty()) return wrong;
  for (size_t f = 0; f < actual.size(); ++f)
    if (std::memcmp(actual[f].data.data(), again[f].data.data(), actual[f].data.size() * sizeof(double)) != 0)
      return "gave other bits in the second run for fetch " + std::to_string(f);

  for (size_t f = 0; f < actual.size(); ++f)
    for (double v : actual[f].data)
      if (!std::isfinite(v))
        return "fetch " + std::to_string(f) + " of " + toString(actual[f].type) + " has " + std::to_string(v);
  // What bfloat16 rounds lies near some kink always: then the numbers tell nothing.
  if (half ? !smooth : net.isNearKink()) return "";
  const std::vector<Array> expected = net.expected();
  double largest = 0.1;  // of numbers of the size of the feeds
  for (const Array& array : expected)
    largest = std::max(
        largest, norm(array.data) / std::sqrt(std::max<double>(1, static_cast<double>(array.data.size()))));
  for (size_t f = 0; f < actual.size(); ++f) {
    std::vector<double> apart(actual[f].data.size());
    for (size_t i = 0; i < apart.size(); ++i) apart[i] = actual[f].data[i] - expected[f].data[i];
    // A sum that is zero by its nature, as a bias's gradient in front of a normalization, has the roundings
    // of the numbers around it. In bfloat16 each layer rounds by 2⁻⁸, and Winograd's by four times that.
    const double around = largest * std::sqrt(static_cast<double>(apart.size()));
    const double size = norm(expected[f].data);
    const double bound = half ? 0.3 * size + 0.1 * around : 2e-4 * size + 1e-5 * around;
    if (!(norm(apart) <= bound))
      return "fetch " + std::to_string(f) + " of " + toString(actual[f].type) + " is off by " +
             std::to_string(norm(apart)) + ", its size is " + std::to_string(size);
  }
  return "";
}

}  // namespace nodegrad::sweep
