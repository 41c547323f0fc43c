#include <algorithm>
#include <memory>
#include <string>

#include "cpu/kernel_table.h"
#include "cpu/order/keys.h"
#include "host/parallel.h"

namespace nodegrad {
namespace {

constexpr int64_t kLeastThreadElements = 1 << 11;

// For each value the first index of the sequence whose number is not below it, or (right) is above it.
class SearchSortedKernel : public Kernel {
 public:
  explicit SearchSortedKernel(const KernelSpec& spec)
      : dtype_(spec.inputs[0].dtype),
        n_(spec.inputs[0].shape[0]),
        values_(count(spec.inputs[1].shape)),
        right_(spec.attrs.boolean("right")),
        threads_(teamThreads()) {}

  std::string implementation() const override { return "own"; }
  size_t scratchBytes() const override { return static_cast<size_t>(n_) * sizeof(uint32_t); }

  void run(const void* const* inputs, void* const* outputs, void* scratch) override {
    dispatch(dtype_, [&](auto number) {
      using T = decltype(number);
      search(static_cast<const T*>(inputs[0]), static_cast<const T*>(inputs[1]),
             static_cast<int32_t*>(outputs[0]), static_cast<uint32_t*>(scratch));
    });
  }

 private:
  template <class T>
  void search(const T* sequence, const T* values, int32_t* indices, uint32_t* keys) const {
    std::transform(sequence, sequence + n_, keys, [](T x) { return keyOf(x); });
    parallelFor(threads_, values_, kLeastThreadElements, [&](int64_t begin, int64_t end, int) {
      for (int64_t i = begin; i < end; ++i) {
        const uint32_t key = keyOf(values[i]);
        const uint32_t* found =
            right_ ? std::upper_bound(keys, keys + n_, key) : std::lower_bound(keys, keys + n_, key);
        indices[i] = static_cast<int32_t>(found - keys);
      }
    });
  }

  DType dtype_;
  int64_t n_, values_;
  bool right_;
  int threads_;
};

std::unique_ptr<Kernel> makeSearchSorted(const KernelSpec& spec) {
  return std::make_unique<SearchSortedKernel>(spec);
}

}  // namespace

const KernelFamily family([](KernelTable& table) { table["searchSorted"] = {.make = makeSearchSorted}; });

}  // namespace nodegrad
