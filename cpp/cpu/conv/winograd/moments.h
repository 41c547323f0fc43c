#pragma once
#include <algorithm>
#include <cstdint>

#include "cpu/norm/moments.h"

namespace nodegrad::winograd {

// How many numbers each channel has had, their mean, and the sum of their squared distances from it, put
// together piece by piece. In memory of floats(channels) that is aligned to doubles.
class ChannelMoments {
 public:
  static int64_t floats(int64_t channels) { return 3 * channels * 2; }

  ChannelMoments(float* memory, int64_t channels)
      : channels_(channels), counts_(reinterpret_cast<double*>(memory)) {}

  void clear() { std::fill_n(counts_, 3 * channels_, 0.0); }

  void add(int64_t channel, double count, double mean, double squares) {
    if (count == 0) return;
    mergeMoments(counts_[channel], counts_[channels_ + channel], counts_[2 * channels_ + channel], count,
                 mean, squares);
  }

  void add(const ChannelMoments& other) {
    for (int64_t c = 0; c < channels_; ++c)
      add(c, other.counts_[c], other.counts_[channels_ + c], other.counts_[2 * channels_ + c]);
  }

  void write(float* mean, float* variance) const {
    for (int64_t c = 0; c < channels_; ++c) {
      mean[c] = static_cast<float>(counts_[channels_ + c]);
      variance[c] = static_cast<float>(counts_[2 * channels_ + c] / counts_[c]);
    }
  }

 private:
  int64_t channels_;
  double* counts_;
};

}  // namespace nodegrad::winograd
