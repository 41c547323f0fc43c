#include "cpu/winograd_filters.h"

namespace nodegrad::winograd {

namespace {

class FilterLayout : public Layout {
 public:
  explicit FilterLayout(const Dims& filters)
      : filters_(filters), elements_([&] {
          const FilterPanels panels(filters[2], filters[3], false);
          return panels.panels(filters[3] / isaKernels().winograd->lanes) * panels.panelElements();
        }()) {}
  size_t bytes() const override { return static_cast<size_t>(elements_) * sizeof(float); }
  bool equals(const Layout& other) const override {
    const auto* layout = dynamic_cast<const FilterLayout*>(&other);
    return layout && filters_ == layout->filters_;
  }
  std::string name() const override { return "winograd"; }
  // The way back would not give the same bits.
  bool keepsNumbers() const override { return false; }

 private:
  const Dims filters_;
  const int64_t elements_;
};

class FilterTransform : public Kernel {
 public:
  explicit FilterTransform(const Dims& filters)
      : panels_(filters[2], filters[3], false),
        blocks_(filters[3] / isaKernels().winograd->lanes),
        threads_(teamThreads()) {}
  void run(void* const* inputs, void* const* outputs, void*) override {
    panels_.transform(static_cast<const float*>(inputs[0]), 0, blocks_, static_cast<float*>(outputs[0]),
                      threads_);
  }
  std::string implementation() const override { return std::string("winograd:") + isaKernels().name; }

 private:
  const FilterPanels panels_;
  const int64_t blocks_;
  const int threads_;
};

}  // namespace

FilterPanels::FilterPanels(int64_t in, int64_t out, bool backward)
    : rows_(in),
      columns_(out),
      backward_(backward),
      panelElements_(kPlaces * plane(isaKernels().winograd->panel)) {}

void FilterPanels::transform(const float* filters, int64_t begin, int64_t end, float* to, int threads) const {
  const int64_t chunks = rows_ / kernels_.lanes;
  const int64_t in = backward_ ? columns_ : rows_, out = backward_ ? rows_ : columns_;
  parallelFor(threads, panels(end - begin) * chunks, 1, [&](int64_t first, int64_t last, int) {
    for (int64_t i = first; i < last; ++i) {
      const int64_t panel = i / chunks, block = begin + panel * kernels_.panel;
      const int64_t columns = std::min<int64_t>(kernels_.panel, end - block);
      kernels_.filter(filters, in, out, backward_, block * kernels_.lanes, columns,
                      i % chunks * kernels_.lanes, plane(columns), to + panel * panelElements_);
    }
  });
}

LayoutPtr filterLayout(const Dims& filters) { return std::make_shared<FilterLayout>(filters); }

bool isFilterLayout(const LayoutPtr& layout) {
  return dynamic_cast<const FilterLayout*>(layout.get()) != nullptr;
}

std::unique_ptr<Kernel> makeFilterTransform(const Dims& filters) {
  return std::make_unique<FilterTransform>(filters);
}

}  // namespace nodegrad::winograd
