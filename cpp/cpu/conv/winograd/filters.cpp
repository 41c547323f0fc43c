#include "cpu/conv/winograd/filters.h"

namespace nodegrad::winograd {

namespace {

class FilterLayout : public Layout {
 public:
  FilterLayout(const Dims& filters, DType factors)
      : filters_(filters), factors_(factors), bytes_([&] {
          const FilterPanels panels(filters[2], filters[3], false, factors);
          return panels.panels(filters[3] / kernelsFor(factors).lanes) * panels.panelBytes();
        }()) {}
  size_t bytes() const override { return static_cast<size_t>(bytes_); }
  bool equals(const Layout& other) const override {
    const auto* layout = dynamic_cast<const FilterLayout*>(&other);
    return layout && filters_ == layout->filters_ && factors_ == layout->factors_;
  }
  std::string name() const override { return factors_ == DType::F32 ? "winograd" : "winograd:bfloat16"; }
  // The way back would not give the same bits.
  bool keepsNumbers() const override { return false; }
  DType factors() const { return factors_; }

 private:
  const Dims filters_;
  const DType factors_;
  const int64_t bytes_;
};

class FilterTransform : public Kernel {
 public:
  FilterTransform(const Dims& filters, DType factors)
      : panels_(filters[2], filters[3], false, factors),
        blocks_(filters[3] / kernelsFor(factors).lanes),
        threads_(teamThreads()),
        implementation_(implementationFor(factors)) {}
  void run(const void* const* inputs, void* const* outputs, void*) override {
    panels_.transform(static_cast<const float*>(inputs[0]), 0, blocks_, static_cast<std::byte*>(outputs[0]),
                      threads_);
  }
  std::string implementation() const override { return implementation_; }

 private:
  const FilterPanels panels_;
  const int64_t blocks_;
  const int threads_;
  const std::string implementation_;
};

}  // namespace

FilterPanels::FilterPanels(int64_t in, int64_t out, bool backward, DType factors)
    : kernels_(kernelsFor(factors)), rows_(in), columns_(out), backward_(backward) {}

void FilterPanels::transform(const float* filters, int64_t begin, int64_t end, std::byte* to,
                             int threads) const {
  const int64_t chunks = rows_ / kernels_.lanes;
  const int64_t in = backward_ ? columns_ : rows_, out = backward_ ? rows_ : columns_;
  parallelFor(threads, panels(end - begin) * chunks, 1, [&](int64_t first, int64_t last, int) {
    for (int64_t i = first; i < last; ++i) {
      const int64_t panel = i / chunks, block = begin + panel * kernels_.panel;
      const int64_t columns = std::min<int64_t>(kernels_.panel, end - block);
      kernels_.filter(filters, in, out, backward_, block * kernels_.lanes, columns,
                      i % chunks * kernels_.lanes, plane(columns), to + panel * panelBytes());
    }
  });
}

LayoutPtr filterLayout(const Dims& filters, DType factors) {
  return std::make_shared<FilterLayout>(filters, factors);
}

bool isFilterLayout(const LayoutPtr& layout) {
  return dynamic_cast<const FilterLayout*>(layout.get()) != nullptr;
}

std::unique_ptr<Kernel> makeFilterTransform(const Dims& filters, const LayoutPtr& layout) {
  return std::make_unique<FilterTransform>(filters, dynamic_cast<const FilterLayout&>(*layout).factors());
}

}  // namespace nodegrad::winograd
