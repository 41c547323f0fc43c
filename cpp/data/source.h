#pragma once
#include <cstdint>
#include <memory>
#include <vector>

#include "program/storage.h"

namespace nodegrad {

// In-memory arrays with one first dimension, cut into batches in order or shuffled anew each pass. Engine thread only, except
// for nextShapes, which tells the shapes of coming batches from arithmetic alone.
class Source {
 public:
  struct Options {
    int64_t batchSize = 32;
    bool shuffle = false;
    uint64_t seed = 0;
    int64_t pass = 0;
    bool dropRemainder = false;
  };
  // Fails where the arrays are empty, differ in their first dimension, or batchSize is not positive.
  Source(std::vector<StoragePtr> arrays, Options options);

  // The types of the batch that comes after `ahead` others, counted from those that were reserved by reserve().
  std::vector<TensorType> typesAt(int64_t step) const;
  // The number of the next step to be queued; moves on by steps. (JavaScript's thread.)
  int64_t reserve(int64_t steps);
  // Row-major numbers of batch `step`, one storage an array. (The engine's thread.)
  std::vector<StoragePtr> batch(int64_t step);

 private:
  void order(int64_t pass);

  std::vector<StoragePtr> arrays_;
  Options options_;
  int64_t size_;
  int64_t stepsPerPass_;
  int64_t reserved_ = 0;
  int64_t orderedPass_ = -1;
  std::vector<int32_t> order_;
};

}  // namespace nodegrad
