#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <utility>

#include "cpu/kernel_table.h"
#include "cpu/order/keys.h"
#include "host/parallel.h"

namespace nodegrad {
namespace {

constexpr int64_t kLeastThreadElements = 1 << 12;
constexpr int64_t kRadixElements = 2048;  // from which counting digits is faster than comparing

// The indices of a row's numbers in their order. A number's key and its index make one whole number, so that
// any way to sort these is stable.
class ArgsortKernel : public Kernel {
 public:
  explicit ArgsortKernel(const KernelSpec& spec)
      : dtype_(spec.inputs[0].dtype),
        n_(spec.inputs[0].shape.back()),
        k_(spec.outputs[0].shape.back()),
        rows_(n_ == 0 ? 0 : count(spec.inputs[0].shape) / n_),
        flip_(spec.attrs.boolean("descending") ? UINT32_MAX : 0),
        threads_(teamThreads()) {}

  std::string implementation() const override { return "own"; }

  // For each thread a row's items, twice where digits are counted.
  size_t scratchBytes() const override {
    return static_cast<size_t>(threads_) * static_cast<size_t>(itemsPerThread()) * sizeof(uint64_t);
  }

  void run(const void* const* inputs, void* const* outputs, void* scratch) override {
    dispatch(dtype_, [&](auto number) {
      sortRows(static_cast<const decltype(number)*>(inputs[0]), static_cast<int32_t*>(outputs[0]),
               static_cast<uint64_t*>(scratch));
    });
  }

 private:
  bool countsDigits() const { return k_ == n_ && n_ >= kRadixElements; }
  int64_t itemsPerThread() const { return countsDigits() ? 2 * n_ : n_; }

  template <class T>
  void sortRows(const T* x, int32_t* indices, uint64_t* scratch) const {
    parallelFor(threads_, rows_, kLeastThreadElements / std::max<int64_t>(n_, 1),
                [&](int64_t begin, int64_t end, int part) {
                  uint64_t* items = scratch + part * itemsPerThread();
                  for (int64_t row = begin; row < end; ++row) {
                    for (int64_t i = 0; i < n_; ++i)
                      items[i] = uint64_t{keyOf(x[row * n_ + i]) ^ flip_} << 32 | static_cast<uint64_t>(i);
                    const uint64_t* sorted = countsDigits() ? sortByDigits(items) : sortFirst(items);
                    for (int64_t i = 0; i < k_; ++i)
                      indices[row * k_ + i] = static_cast<int32_t>(static_cast<uint32_t>(sorted[i]));
                  }
                });
  }

  const uint64_t* sortFirst(uint64_t* items) const {
    if (k_ < n_) std::nth_element(items, items + k_, items + n_);
    std::sort(items, items + k_);
    return items;
  }

  // The items begin in the order of their indices: four passes over the bytes of the keys.
  const uint64_t* sortByDigits(uint64_t* items) const {
    uint64_t* from = items;
    uint64_t* to = items + n_;
    std::array<std::array<int64_t, 256>, 4> counts{};
    for (int64_t i = 0; i < n_; ++i)
      for (size_t digit = 0; digit < 4; ++digit) ++counts[digit][from[i] >> (32 + 8 * digit) & 255];
    for (size_t digit = 0; digit < 4; ++digit) {
      std::array<int64_t, 256>& next = counts[digit];
      if (std::find(next.begin(), next.end(), n_) != next.end()) continue;  // all have the same
      int64_t start = 0;
      for (int64_t& slot : next) start += std::exchange(slot, start);
      for (int64_t i = 0; i < n_; ++i) to[next[from[i] >> (32 + 8 * digit) & 255]++] = from[i];
      std::swap(from, to);
    }
    return from;
  }

  DType dtype_;
  int64_t n_, k_, rows_;
  uint32_t flip_;
  int threads_;
};

std::unique_ptr<Kernel> makeArgsort(const KernelSpec& spec) { return std::make_unique<ArgsortKernel>(spec); }

}  // namespace

const KernelFamily family([](KernelTable& table) {
  table["argsort"] = {.make = makeArgsort, .precisions = readsEither};
});

}  // namespace nodegrad
