#include <algorithm>
#include <limits>
#include <memory>
#include <string>

#include "cpu/kernel_table.h"
#include "cpu/move/indices.h"
#include "host/parallel.h"

namespace nodegrad {
namespace {

constexpr int64_t kLeastThreadElements = 1 << 14;

// Whole numbers wrap around.
int32_t product(int32_t a, int32_t b) {
  return static_cast<int32_t>(static_cast<uint32_t>(a) * static_cast<uint32_t>(b));
}
float product(float a, float b) { return a * b; }

template <class T>
struct Largest {
  static T start() {
    return std::numeric_limits<T>::has_infinity ? -std::numeric_limits<T>::infinity()
                                                : std::numeric_limits<T>::lowest();
  }
  // NaN stays once it came.
  static T of(T a, T b) { return b > a || b != b ? b : a; }
};
template <class T>
struct Smallest {
  static T start() {
    return std::numeric_limits<T>::has_infinity ? std::numeric_limits<T>::infinity()
                                                : std::numeric_limits<T>::max();
  }
  static T of(T a, T b) { return b < a || b != b ? b : a; }
};
template <class T>
struct Product {
  static T start() { return 1; }
  static T of(T a, T b) { return product(a, b); }
};

// A thread owns segments and goes through all ids, so that the order of the rows alone decides.
class SegmentKernel : public Kernel {
 public:
  explicit SegmentKernel(const KernelSpec& spec)
      : op_(spec.op),
        dtype_(spec.inputs[0].dtype),
        ids_(spec.inputs[1]),
        segments_(spec.outputs[0].shape[0]),
        inner_(count(Dims(spec.outputs[0].shape.begin() + 1, spec.outputs[0].shape.end()))),
        threads_(teamThreads()) {}

  std::string implementation() const override { return "own"; }

  void run(const void* const* inputs, void* const* outputs, void*) override {
    ids_.check(op_, inputs[1], segments_);
    if (dtype_ == DType::I32)
      each<int32_t>(inputs, outputs);
    else
      each<float>(inputs, outputs);
  }

 private:
  template <class T>
  void each(const void* const* inputs, void* const* outputs) const {
    if (op_ == "segmentMax")
      reduce<T, Largest<T>>(inputs, outputs);
    else if (op_ == "segmentMin")
      reduce<T, Smallest<T>>(inputs, outputs);
    else
      reduce<T, Product<T>>(inputs, outputs);
  }

  template <class T, class Step>
  void reduce(const void* const* inputs, void* const* outputs) const {
    const auto* x = static_cast<const T*>(inputs[0]);
    auto* y = static_cast<T*>(outputs[0]);
    parallelFor(threads_, segments_, kLeastThreadElements / std::max<int64_t>(inner_, 1),
                [&](int64_t begin, int64_t end, int) {
                  std::fill(y + begin * inner_, y + end * inner_, Step::start());
                  for (int64_t row = 0; row < ids_.count(); ++row) {
                    const int64_t id = ids_.at(inputs[1], row);
                    if (id < begin || id >= end) continue;
                    T* to = y + id * inner_;
                    for (int64_t i = 0; i < inner_; ++i) to[i] = Step::of(to[i], x[row * inner_ + i]);
                  }
                });
  }

  std::string op_;
  DType dtype_;
  Indices ids_;
  int64_t segments_, inner_;
  int threads_;
};

std::unique_ptr<Kernel> makeSegment(const KernelSpec& spec) { return std::make_unique<SegmentKernel>(spec); }

}  // namespace

const KernelFamily family([](KernelTable& table) {
  for (const char* name : {"segmentMax", "segmentMin", "segmentProd"}) table[name] = {.make = makeSegment};
});

}  // namespace nodegrad
