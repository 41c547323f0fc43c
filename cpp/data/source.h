#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/storage.h"

namespace nodegrad {

// In-memory arrays with one first dimension, cut into batches in order or shuffled anew each pass. position,
// advance and typesAt belong to the thread that queues steps, batch to the engine's.
class Source {
 public:
  struct Options {
    int64_t batchSize = 32;
    bool shuffle = false;
    uint64_t seed = 0;
    int64_t pass = 0;  // the number of the first pass: it decides the order with the seed
    int64_t step = 0;  // with which step of that pass it begins
    bool dropRemainder = false;
  };
  // Fails where the arrays are empty or differ in their first dimension, or batchSize is not positive.
  Source(std::vector<StoragePtr> arrays, Options options);

  // The number of the next step that nobody has queued.
  int64_t position() const { return position_; }
  void advance(int64_t steps) { position_ += steps; }
  int64_t stepsPerPass() const { return stepsPerPass_; }
  // The types of batch `step`: the last of a pass may be short.
  std::vector<TensorType> typesAt(int64_t step) const;
  const std::vector<StoragePtr>& arrays() const { return arrays_; }
  // Which rows of the arrays batch `step` has, good until the next call.
  std::span<const int32_t> rows(int64_t step);
  // The row-major numbers of batch `step`, one storage an array, in the host's memory, good until the next
  // call. The arrays have to be there, too.
  const std::vector<StoragePtr>& batch(int64_t step);

 private:
  void order(int64_t pass);

  std::vector<StoragePtr> arrays_;
  Options options_;
  int64_t size_ = 0;
  int64_t stepsPerPass_ = 0;
  int64_t position_ = 0;
  int64_t orderedPass_ = -1;
  std::vector<int32_t> order_;
  std::vector<StoragePtr> full_, rest_;  // the memory of whole and of short batches
};

}  // namespace nodegrad
