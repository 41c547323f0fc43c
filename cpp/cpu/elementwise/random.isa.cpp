#include "cpu/elementwise/kernels.h"
#include "cpu/elementwise/philox_vector.h"
#include "cpu/isa/tables.h"
#include "cpu/isa/vector_math.h"

namespace nodegrad::NODEGRAD_ISA_NAMESPACE {
namespace {

struct Pair {
  Floats first, second;
};

// sin and cos of a whole turn's fraction u in [0, 1).
inline Pair sinCosOfTurn(Floats u) {
  const Floats quarter = nearest(u * 4.0f);
  const Floats r = (u - quarter * 0.25f) * 6.283185307f;  // the difference is exact
  const Floats z = r * r;
  const Floats s =
      r + r * z * polynomial(z, -0.1666666666f, 0.008333331875f, -0.0001984008673f, 2.724992531e-6f);
  const Floats c = 1.0f - 0.5f * z +
                   z * z * polynomial(z, 0.04166666666f, -0.001388888767f, 2.480060037e-5f, -2.730095879e-7f);
  const Ints q = truncate(quarter);
  const Ints swap = (q & 1) != 0;
  const Floats sine = swap ? c : s, cosine = swap ? s : c;
  return {(q & 2) != 0 ? -sine : sine, ((q + 1) & 2) != 0 ? -cosine : cosine};
}

// Standard normals by Box and Muller: of each four words the first two make two numbers and the last two
// another two.
inline Floats normalOf(Words words) {
  constexpr int n = kLanes;
  Words even, odd;  // each pair's first word twice, and its second
#if defined(__AVX512F__)
  static_assert(n == 16);
  even = __builtin_shuffle(words, Words{0, 0, 2, 2, 4, 4, 6, 6, 8, 8, 10, 10, 12, 12, 14, 14});
  odd = __builtin_shuffle(words, Words{1, 1, 3, 3, 5, 5, 7, 7, 9, 9, 11, 11, 13, 13, 15, 15});
#elif defined(__AVX2__)
  static_assert(n == 8);
  even = __builtin_shuffle(words, Words{0, 0, 2, 2, 4, 4, 6, 6});
  odd = __builtin_shuffle(words, Words{1, 1, 3, 3, 5, 5, 7, 7});
#else
  static_assert(n == 4);
  even = __builtin_shuffle(words, Words{0, 0, 2, 2});
  odd = __builtin_shuffle(words, Words{1, 1, 3, 3});
#endif
  const Floats radius = sqrtOf(-2.0f * logOf(uniformOf(even) + 0x1p-24f));  // of (0, 1]
  const Pair turn = sinCosOfTurn(uniformOf(odd));
  Ints second;
  for (int lane = 0; lane < n; ++lane) second[lane] = -(lane & 1);
  return radius * (second ? turn.first : turn.second);
}

inline Counters blocksFrom(int64_t index) {
  Counters blocks;
  for (int lane = 0; lane < kLanes / 2; ++lane) blocks[lane] = static_cast<uint64_t>(index / 4 + lane);
  return blocks;
}

// make(block) gives the numbers of 2 · kLanes consecutive elements. Parts begin where the caller says, so the
// first and the last vector may hang over.
template <class Make>
inline void fill(float* out, int64_t start, int64_t n, Make make) {
  const int64_t end = start + n;
  for (int64_t index = start / 4 * 4; index < end; index += 2 * kLanes) {
    const Pair numbers = make(blocksFrom(index));
    if (index >= start && index + 2 * kLanes <= end) {
      store(out + (index - start), numbers.first);
      store(out + (index - start) + kLanes, numbers.second);
    } else {
      float both[2 * kLanes];
      store(both, numbers.first);
      store(both + kLanes, numbers.second);
      for (int64_t i = 0; i < 2 * kLanes; ++i) {
        if (index + i >= start && index + i < end) out[index + i - start] = both[i];
      }
    }
  }
}

void uniform(float* out, int64_t start, int64_t n, RandomKey key, float low, float high) {
  fill(out, start, n, [=](Counters blocks) {
    const RandomWords words = philox(blocks, key.step, 0, key.seed, key.salt);
    return Pair{low + uniformOf(words.first) * (high - low), low + uniformOf(words.second) * (high - low)};
  });
}

void normal(float* out, int64_t start, int64_t n, RandomKey key, float mean, float deviation) {
  fill(out, start, n, [=](Counters blocks) {
    const RandomWords words = philox(blocks, key.step, 0, key.seed, key.salt);
    return Pair{mean + deviation * normalOf(words.first), mean + deviation * normalOf(words.second)};
  });
}

// A number beyond two deviations is drawn again, from the same position of the next attempt's words.
void truncatedNormal(float* out, int64_t start, int64_t n, RandomKey key, float mean, float deviation) {
  fill(out, start, n, [=](Counters blocks) {
    Pair kept = {all(kInfinity), all(kInfinity)};
    for (uint32_t attempt = 0;; ++attempt) {
      const RandomWords words = philox(blocks, key.step, attempt, key.seed, key.salt);
      const Ints first = absolute(kept.first) > 2.0f, second = absolute(kept.second) > 2.0f;
      kept.first = first ? normalOf(words.first) : kept.first;
      kept.second = second ? normalOf(words.second) : kept.second;
      if (!any((absolute(kept.first) > 2.0f) | (absolute(kept.second) > 2.0f))) break;
    }
    return Pair{mean + deviation * kept.first, mean + deviation * kept.second};
  });
}

}  // namespace

const RandomKernels randomKernels = {
    .uniform = uniform, .normal = normal, .truncatedNormal = truncatedNormal};

}  // namespace nodegrad::NODEGRAD_ISA_NAMESPACE
