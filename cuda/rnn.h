#pragma once
#include "device/rnn.h"
#include "kernel_table.h"

namespace nodegrad::cuda::rnn {

// Goes through a sequence, a launch or two a step.
class RecurrentKernel : public OwnKernel {
 public:
  size_t scratchBytes() const override { return static_cast<size_t>(words_) * sizeof(float); }

 protected:
  // gates: how many the recurrent kernel has; backward: whether the kernel is wanted transposed.
  RecurrentKernel(const KernelSpec& spec, const QueuePtr& queue, int64_t gates, bool backward);

  // Room for a number of each unit of each sample.
  struct State {
    int64_t first;
  };
  State takeState();
  float* at(void* scratch, State state) const { return static_cast<float*>(scratch) + state.first; }

  // With the masks' addresses, and what is made of them.
  Sequence sequence(const void* const* inputs, void* scratch) const;
  // The recurrent kernel gate by gate, each transposed.
  const float* transposed(const float* kernel, void* scratch) const;
  // [n, units], or zeros where there is none, into a state.
  void setState(float* state, const float* from) const;
  // The state into an output.
  void putState(const float* state, float* to) const;

  // An output, counted from the one after the sequence; null where the plan has dropped it.
  float* output(void* const* outputs, size_t o) const {
    const size_t index = o + (sequences_ ? 1 : 0);
    return static_cast<float*>(index < outputs_ ? outputs[index] : nullptr);
  }
  bool isEmpty() const { return s_.n * s_.units == 0; }

  Sequence s_;
  bool sequences_;
  size_t inputs_, outputs_;  // inputs: without the masks

 private:
  bool masked_, stepMask_;
  int64_t words_ = 0, firsts_ = 0, transposed_ = 0;
};

}  // namespace nodegrad::cuda::rnn
