#include "cpu/conv/winograd/filters.h"

namespace nodegrad::winograd {

namespace {

class FilterLayout : public Layout {
 public:
  FilterLayout(const Dims& filters, DType operandType)
      : filters_(filters), operandType_(operandType), bytes_([&] {
          const FilterPanels panels(filters[2], filters[3], false, operandType);
          return panels.panels(filters[3] / kernelsFor(operandType).lanes) * panels.panelBytes();
        }()) {}
  size_t bytes() const override { return static_cast<size_t>(bytes_); }
  bool equals(const Layout& other) const override {
    const auto* layout = dynamic_cast<const FilterLayout*>(&other);
    return layout && filters_ == layout->filters_ && operandType_ == layout->operandType_;
  }
  std::string name() const override { return operandType_ == DType::F32 ? "winograd" : "winograd:bfloat16"; }
  // The way back would not give the same bits.
  bool keepsNumbers() const override { return false; }
  DType operandType() const { return operandType_; }

 private:
  const Dims filters_;
  const DType operandType_;
  const int64_t bytes_;
};

class FilterTransform : public Kernel {
 public:
  FilterTransform(const Dims& filters, DType operandType)
      : panels_(filters[2], filters[3], false, operandType),
        blocks_(filters[3] / kernelsFor(operandType).lanes),
        threads_(teamThreads()),
        implementation_(implementationFor(operandType)) {}
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

FilterPanels::FilterPanels(int64_t in, int64_t out, bool backward, DType operandType)
    : kernels_(kernelsFor(operandType)), rows_(in), columns_(out), backward_(backward) {}

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

LayoutPtr filterLayout(const Dims& filters, DType operandType) {
  return std::make_shared<FilterLayout>(filters, operandType);
}

bool isFilterLayout(const LayoutPtr& layout) {
  return dynamic_cast<const FilterLayout*>(layout.get()) != nullptr;
}

std::unique_ptr<Kernel> makeFilterTransform(const Dims& filters, const LayoutPtr& layout) {
  return std::make_unique<FilterTransform>(filters, dynamic_cast<const FilterLayout&>(*layout).operandType());
}

}  // namespace nodegrad::winograd
