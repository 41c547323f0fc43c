#include "data/source.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <numeric>
#include <random>

#include "host/buffer.h"
#include "host/parallel.h"

namespace nodegrad {

namespace {

constexpr int64_t kLeastThreadBytes = 1 << 16;

}  // namespace

Source::Source(std::vector<StoragePtr> arrays, Options options)
    : arrays_(std::move(arrays)), options_(options) {
  if (arrays_.empty()) fail(ErrorCode::Argument, "[source] expected at least one array, received none");
  for (const StoragePtr& array : arrays_) {
    const Dims& shape = array->type.shape;
    if (shape.empty())
      fail(ErrorCode::Shape, "[source] expected arrays with a first dimension of samples, received a scalar");
    if (&array == &arrays_[0]) size_ = shape[0];
    if (shape[0] != size_)
      fail(ErrorCode::Shape, "[source] expected arrays of one length, received ", size_, " and ", shape[0],
           " samples");
  }
  if (size_ < 1 || size_ > std::numeric_limits<int32_t>::max())
    fail(ErrorCode::Shape, "[source] expected 1 to ", std::numeric_limits<int32_t>::max(),
         " samples, received ", size_);
  if (options_.batchSize < 1)
    fail(ErrorCode::Argument, "[source] expected a batchSize of 1 or more, received ", options_.batchSize);
  if (options_.pass < 0)
    fail(ErrorCode::Argument, "[source] expected a pass of 0 or more, received ", options_.pass);
  if (options_.step < 0)
    fail(ErrorCode::Argument, "[source] expected a step of 0 or more, received ", options_.step);
  const int64_t whole = size_ / options_.batchSize;
  stepsPerPass_ = whole + (!options_.dropRemainder && size_ % options_.batchSize ? 1 : 0);
  if (stepsPerPass_ == 0)
    fail(ErrorCode::Argument, "[source] expected at least one whole batch of ", options_.batchSize,
         ", received ", size_, " samples with dropRemainder");
  position_ = options_.step;
}

std::vector<TensorType> Source::typesAt(int64_t step) const {
  const int64_t first = step % stepsPerPass_ * options_.batchSize;
  std::vector<TensorType> types;
  for (const StoragePtr& array : arrays_) {
    TensorType type = array->type;
    type.shape[0] = std::min(options_.batchSize, size_ - first);
    types.push_back(std::move(type));
  }
  return types;
}

// Fisher and Yates with a generator whose numbers the standard fixes, so that a seed means one order
// everywhere.
void Source::order(int64_t pass) {
  if (pass == orderedPass_) return;
  orderedPass_ = pass;
  order_.resize(static_cast<size_t>(size_));
  std::iota(order_.begin(), order_.end(), 0);
  if (!options_.shuffle) return;
  std::seed_seq seed{static_cast<uint32_t>(options_.seed), static_cast<uint32_t>(options_.seed >> 32),
                     static_cast<uint32_t>(pass)};
  std::mt19937_64 generator(seed);
  for (uint64_t i = order_.size(); i > 1; --i) {
    const auto j = static_cast<uint64_t>((static_cast<unsigned __int128>(generator()) * i) >> 64);
    std::swap(order_[i - 1], order_[j]);
  }
}

std::span<const int32_t> Source::rows(int64_t step) {
  order(options_.pass + step / stepsPerPass_);
  const int64_t first = step % stepsPerPass_ * options_.batchSize;
  return std::span(order_).subspan(static_cast<size_t>(first),
                                   static_cast<size_t>(std::min(options_.batchSize, size_ - first)));
}

const std::vector<StoragePtr>& Source::batch(int64_t step) {
  const std::span<const int32_t> taken = rows(step);
  const std::vector<TensorType> types = typesAt(step);
  const bool whole = types[0].shape[0] == options_.batchSize;
  std::vector<StoragePtr>& memory = whole ? full_ : rest_;
  if (memory.empty())
    for (const TensorType& type : types) memory.push_back(hostStorage(type, nullptr));
  const auto count = static_cast<int64_t>(taken.size());
  for (size_t a = 0; a < arrays_.size(); ++a) {
    const size_t row = bytesOf(types[a]) / taken.size();
    const auto* from = static_cast<const std::byte*>(arrays_[a]->buffer->data());
    auto* to = static_cast<std::byte*>(memory[a]->buffer->data());
    // The whole team copies, at the start of the step: a thread that copied ahead would take a core from it.
    parallelFor(teamThreads(), count, kLeastThreadBytes / static_cast<int64_t>(std::max<size_t>(row, 1)),
                [&](int64_t begin, int64_t end, int) {
                  for (int64_t i = begin; i < end; ++i)
                    std::memcpy(to + static_cast<size_t>(i) * row,
                                from + static_cast<size_t>(taken[static_cast<size_t>(i)]) * row, row);
                });
  }
  return memory;
}

}  // namespace nodegrad
