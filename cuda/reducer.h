#pragma once
#include <vector>

#include "device/team.h"
#include "kernel_table.h"
#include "operand.h"

namespace nodegrad::cuda {

// Results of many terms each, as kernels take them: where a result and a term of it are in memory.
struct Reduction {
  Strided kept, summed;
  int64_t results = 0, terms = 0;
  int64_t parts = 1, partTerms = 0;  // of each result, for different blocks
  TeamSize team{};
};

// Sources have a type Sum and at(place, result, term), which gives a term; sums have Sum::start(), which
// changes none, and Sum::of(a, b), which joins two. Sinks have put(result, sum).
template <class Index, class Source, class Sink>
__global__ void reduceAll(Reduction r, Source source, Sink sink) {
  using Sum = typename Source::Sum;
  const Member member(r.team);
  const auto results = static_cast<Index>(r.results), parts = static_cast<Index>(r.parts),
             width = static_cast<Index>(r.team.width);
  const Index items = (results + width - 1) / width * parts;
  for (Index item = blockIdx.x; item < items; item += gridDim.x) {
    const Index part = item % parts, result = item / parts * width + static_cast<Index>(member.result);
    const Index begin = part * static_cast<Index>(r.partTerms);
    const Index end = begin + static_cast<Index>(r.partTerms) < static_cast<Index>(r.terms)
                          ? begin + static_cast<Index>(r.partTerms)
                          : static_cast<Index>(r.terms);
    Sum sum = Sum::start();
    if (result < results) {
      const int64_t base = placeOf(r.kept, result);
      for (Index t = begin + static_cast<Index>(member.part); t < end; t += static_cast<Index>(r.team.height))
        sum = Sum::of(sum, source.at(base + placeOf(r.summed, t), static_cast<int64_t>(result),
                                     static_cast<int64_t>(t)));
    }
    sum = combine<Sum>(r.team, member, sum, sharedMemory<Sum>());
    if (result < results && member.part == 0) sink.put(static_cast<int64_t>(result * parts + part), sum);
  }
}

// The parts of the results, between the two passes of a long reduction.
template <class S>
struct PartSource {
  using Sum = S;
  const Sum* parts;
  __device__ Sum at(int64_t place, int64_t, int64_t) const { return parts[place]; }
};
template <class Sum>
struct PartSink {
  Sum* parts;
  __device__ void put(int64_t at, const Sum& sum) const { parts[at] = sum; }
};

// Queues a reduction. What is joined with what depends on the sizes alone.
class Reducer {
 public:
  // summed: which axes of a tensor with these strides (row-major: none) are summed over. The results are in
  // the order of the axes that are left.
  Reducer(const Dims& shape, const std::vector<bool>& summed);

  int64_t results() const { return first_.results; }
  int64_t terms() const { return first_.terms; }
  template <class Source>
  size_t scratchBytes() const {
    using Sum = typename Source::Sum;
    return first_.parts > 1 ? static_cast<size_t>(first_.results * first_.parts) * sizeof(Sum) : 0;
  }

  template <class Source, class Sink>
  void run(cudaStream_t stream, const Source& source, const Sink& sink, void* scratch) const {
    using Sum = typename Source::Sum;
    if (first_.results == 0) return;
    if (first_.parts == 1) return pass(stream, first_, source, sink);
    auto* parts = static_cast<Sum*>(scratch);
    pass(stream, first_, source, PartSink<Sum>{parts});
    pass(stream, second_, PartSource<Sum>{parts}, sink);
  }

 private:
  template <class Source, class Sink>
  static void pass(cudaStream_t stream, const Reduction& r, const Source& source, const Sink& sink) {
    const int threads = threadsOf(r.team);
    const LaunchSize size{blocksFor((r.results + r.team.width - 1) / r.team.width * r.parts, 1), threads,
                          static_cast<size_t>(threads) * sizeof(typename Source::Sum)};
    // With room for the last step of a loop.
    const bool small = r.results * r.parts < (int64_t{1} << 30) && r.terms < (int64_t{1} << 30);
    launch(stream, size, small ? reduceAll<uint32_t, Source, Sink> : reduceAll<uint64_t, Source, Sink>, r,
           source, sink);
  }

  Reduction first_, second_;
};

}  // namespace nodegrad::cuda
