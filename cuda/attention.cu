#include <cmath>

#include "device/bfloat16.h"
#include "device/team.h"
#include "kernel_table.h"

namespace nodegrad::cuda {

namespace {

// As in cpp/ops/attention.cpp: finite, so that a query that sees no key weights all of them alike.
constexpr float kMasked = -0.7f * 3.4028234663852886e38f;

constexpr int kAttentionThreads = 128;
constexpr int kTogether =
    4;  // rows that a thread goes through at once, so that it reads the other operand once

// An operand that broadcasts to the scores [n, heads, queries, keys].
struct Term {
  bool isThere = false;
  int64_t strides[4] = {};

  Term() = default;
  Term(const TensorType& type, const Dims& scores) : isThere(true) {
    const Dims own = broadcastStrides(type.shape, scores);
    std::copy(own.begin(), own.end(), strides);
  }
  __device__ int64_t placeOf(int64_t n, int64_t head, int64_t query, int64_t key) const {
    return n * strides[0] + head * strides[1] + query * strides[2] + key * strides[3];
  }
};

// The sizes of an attention, and how many queries and keys a block has at once: both powers of two.
struct Attention {
  int64_t n, heads, queries, keys, size, depth;
  float scale;
  bool isCausal;
  Term biasTerm, maskTerm;
  const float* bias = nullptr;
  const uint8_t* mask = nullptr;
  int queryTile = 16, keyTile = 32;

  // Whether keys after a query's own count for nothing: else they do where all others are masked.
  __device__ bool endsAtQuery() const { return isCausal && !biasTerm.isThere && !maskTerm.isThere; }
};

// A tile of rows of a head's [length, width] in a tensor [n, length, heads, width].
struct HeadRows {
  int64_t first, length, stride;  // first: the place of the head's first row
  int width;

  __device__ HeadRows(const Attention& a, int64_t head, int64_t length, int64_t width)
      : first((head / a.heads * length * a.heads + head % a.heads) * width),
        length(length),
        stride(a.heads * width),
        width(static_cast<int>(width)) {}
};

// In shared memory a row is one number longer than it has, so that threads that read the same column of
// different rows do not meet.
__device__ inline int paddedWidth(int64_t width) { return static_cast<int>(width) + 1; }

// Copies rows from `begin` on; zeros after the last.
template <class T>
__device__ inline void loadTile(const HeadRows& rows, const T* x, int64_t begin, int count, float* to) {
  const int padded = paddedWidth(rows.width);
  for (int i = static_cast<int>(threadIdx.x); i < count * rows.width; i += kAttentionThreads) {
    const int r = i / rows.width, c = i % rows.width;
    to[r * padded + c] = begin + r < rows.length ? read(x[rows.first + (begin + r) * rows.stride + c]) : 0.0f;
  }
}

// Calls body(row of a, row of b, a · b) for all pairs of rows of `width` numbers.
template <class Body>
__device__ inline void multiplyRows(const float* a, int rowsOfA, const float* b, int rowsOfB, int64_t width,
                                    const Body& body) {
  const int padded = paddedWidth(width), groups = (rowsOfA + kTogether - 1) / kTogether;
  for (int i = static_cast<int>(threadIdx.x); i < groups * rowsOfB; i += kAttentionThreads) {
    const int k = i % rowsOfB, first = i / rowsOfB * kTogether;
    const int count = rowsOfA - first < kTogether ? rowsOfA - first : kTogether;
    float sums[kTogether] = {};
    for (int c = 0; c < static_cast<int>(width); ++c) {
      const float v = b[k * padded + c];
      for (int j = 0; j < kTogether; ++j)
        if (j < count) sums[j] += a[(first + j) * padded + c] * v;
    }
    for (int j = 0; j < count; ++j) body(first + j, k, sums[j]);
  }
}

// to [rows, width] = factor(row) · to + weights · x, with weights at row · rowStride + r · stride and x
// [count, width].
template <class Factor>
__device__ inline void addProduct(float* to, int rows, int64_t width, const float* weights, int rowStride,
                                  int stride, const float* x, int count, const Factor& factor) {
  const int w = static_cast<int>(width), padded = paddedWidth(width),
            groups = (rows + kTogether - 1) / kTogether;
  for (int i = static_cast<int>(threadIdx.x); i < groups * w; i += kAttentionThreads) {
    const int c = i % w, first = i / w * kTogether;
    const int some = rows - first < kTogether ? rows - first : kTogether;
    float sums[kTogether] = {};
    for (int j = 0; j < some; ++j) sums[j] = to[(first + j) * w + c] * factor(first + j);
    for (int r = 0; r < count; ++r) {
      const float v = x[r * padded + c];
      for (int j = 0; j < kTogether; ++j)
        if (j < some) sums[j] += weights[(first + j) * rowStride + r * stride] * v;
    }
    for (int j = 0; j < some; ++j) to[(first + j) * w + c] = sums[j];
  }
}

__device__ inline void clear(float* to, int64_t count) {
  for (int64_t i = threadIdx.x; i < count; i += kAttentionThreads) to[i] = 0;
}

struct Score {
  float value;
  bool seen;
};
// -infinity after the last key.
__device__ inline Score scoreOf(const Attention& a, int64_t head, int64_t query, int64_t key, float product) {
  if (query >= a.queries || key >= a.keys) return {-INFINITY, false};
  float value = product * a.scale;
  const int64_t sample = head / a.heads, h = head % a.heads;
  if (a.biasTerm.isThere) value += a.bias[a.biasTerm.placeOf(sample, h, query, key)];
  bool seen = !a.isCausal || key <= query;
  if (a.maskTerm.isThere) seen = seen && a.mask[a.maskTerm.placeOf(sample, h, query, key)] != 0;
  return {seen ? value : kMasked, seen};
}

// Writes rows of a tile that are tensors' rows, times factor(row).
template <class T, class Factor>
__device__ inline void storeTile(const HeadRows& rows, const float* from, int64_t begin, int count, T* y,
                                 const Factor& factor) {
  for (int i = static_cast<int>(threadIdx.x); i < count * rows.width; i += kAttentionThreads) {
    const int r = i / rows.width, c = i % rows.width;
    if (begin + r < rows.length) write(y + rows.first + (begin + r) * rows.stride + c, from[i] * factor(r));
  }
}

__device__ inline float one(int) { return 1.0f; }

// Goes through the keys of some queries of a head tile by tile, with each query's largest score so far and
// what is summed relative to it (Milakov and Gimelshein, 2018).
template <class T>
__global__ void attend(Attention a, const T* q, const T* k, const T* v, T* y, float* largest, float* sums) {
  const int rows = a.queryTile, columns = a.keyTile, stride = columns + 1;
  const int wider = paddedWidth(a.size > a.depth ? a.size : a.depth);
  float* queries = sharedMemory<float>();
  float* others = queries + rows * paddedWidth(a.size);
  float* out = others + columns * wider;
  float* weights = out + rows * static_cast<int>(a.depth);
  float *best = weights + rows * stride, *total = best + rows, *factors = total + rows;
  float* room = factors + rows;
  const TeamSize team{rows, kAttentionThreads / rows, false};
  const Member member(team);
  const int64_t tiles = (a.queries + rows - 1) / rows;
  for (int64_t item = blockIdx.x; item < a.n * a.heads * tiles; item += gridDim.x) {
    const int64_t head = item / tiles, begin = item % tiles * rows;
    loadTile(HeadRows(a, head, a.queries, a.size), q, begin, rows, queries);
    clear(out, rows * a.depth);
    for (int r = static_cast<int>(threadIdx.x); r < rows; r += kAttentionThreads) {
      best[r] = -INFINITY;
      total[r] = 0;
    }
    const int64_t end = a.endsAtQuery() && begin + rows < a.keys ? begin + rows : a.keys;
    for (int64_t key = 0; key < end; key += columns) {
      loadTile(HeadRows(a, head, a.keys, a.size), k, key, columns, others);
      __syncthreads();
      multiplyRows(queries, rows, others, columns, a.size, [&](int r, int c, float product) {
        weights[r * stride + c] = scoreOf(a, head, begin + r, key + c, product).value;
      });
      __syncthreads();
      float* own = weights + member.result * stride;
      float top = best[member.result];
      for (int c = member.part; c < columns; c += team.height) top = Largest::of(top, own[c]);
      top = combine<Largest>(team, member, top, room);
      const float shift = top == -INFINITY ? 0.0f : top;  // or scores of -infinity alone would make NaN early
      float sum = 0;
      for (int c = member.part; c < columns; c += team.height) sum += own[c] = expf(own[c] - shift);
      sum = combine<Add>(team, member, sum, room);
      if (member.part == 0) {
        const float before = best[member.result];
        factors[member.result] = before == top ? 1.0f : expf(before - shift);
        total[member.result] = total[member.result] * factors[member.result] + sum;
        best[member.result] = top;
      }
      loadTile(HeadRows(a, head, a.keys, a.depth), v, key, columns, others);
      __syncthreads();
      addProduct(out, rows, a.depth, weights, stride, 1, others, columns, [&](int r) { return factors[r]; });
      __syncthreads();
    }
    storeTile(HeadRows(a, head, a.queries, a.depth), out, begin, rows, y,
              [&](int r) { return 1.0f / total[r]; });
    for (int r = static_cast<int>(threadIdx.x); r < rows && begin + r < a.queries; r += kAttentionThreads) {
      if (largest) largest[head * a.queries + begin + r] = best[r];
      if (sums) sums[head * a.queries + begin + r] = total[r];
    }
    __syncthreads();
  }
}

// What the backward kernels read. dots: dy · y of each query.
template <class T>
struct Backward {
  const T *dy, *q, *k, *v, *y;
  const float *largest, *sums;
  float* dots;
};

template <class T>
__global__ void findDots(Attention a, Backward<T> b) {
  const int64_t count = a.n * a.heads * a.queries;
  for (int64_t i = firstIndex<int64_t>(); i < count; i += indexStep<int64_t>()) {
    const HeadRows rows(a, i / a.queries, a.queries, a.depth);
    const int64_t first = rows.first + i % a.queries * rows.stride;
    float sum = 0;
    for (int64_t c = 0; c < a.depth; ++c) sum += read(b.dy[first + c]) * read(b.y[first + c]);
    b.dots[i] = sum;
  }
}

// weights: softmax's; gradients: of the products of queries and keys, which come in `gradients` as the flow.
template <class T>
__device__ inline void gradientOf(const Attention& a, const Backward<T>& b, int64_t head, int64_t query,
                                  int64_t key, float product, float& weight, float& gradient) {
  const Score score = scoreOf(a, head, query, key, product);
  const bool inside = query < a.queries && key < a.keys;
  const int64_t at = head * a.queries + query;
  weight = inside ? expf(score.value - b.largest[at]) / b.sums[at] : 0.0f;
  gradient = score.seen ? weight * (gradient - b.dots[at]) * a.scale : 0.0f;
}

template <class T>
__global__ void queryGradients(Attention a, Backward<T> b, T* dq) {
  const int rows = a.queryTile, columns = a.keyTile, stride = columns + 1;
  const int wider = paddedWidth(a.size > a.depth ? a.size : a.depth);
  float* queries = sharedMemory<float>();
  float* flows = queries + rows * paddedWidth(a.size);
  float* others = flows + rows * paddedWidth(a.depth);
  float* out = others + columns * wider;
  float* gradients = out + rows * static_cast<int>(a.size);
  const int64_t tiles = (a.queries + rows - 1) / rows;
  for (int64_t item = blockIdx.x; item < a.n * a.heads * tiles; item += gridDim.x) {
    const int64_t head = item / tiles, begin = item % tiles * rows;
    loadTile(HeadRows(a, head, a.queries, a.size), b.q, begin, rows, queries);
    loadTile(HeadRows(a, head, a.queries, a.depth), b.dy, begin, rows, flows);
    clear(out, rows * a.size);
    const int64_t end = a.endsAtQuery() && begin + rows < a.keys ? begin + rows : a.keys;
    for (int64_t key = 0; key < end; key += columns) {
      loadTile(HeadRows(a, head, a.keys, a.depth), b.v, key, columns, others);
      __syncthreads();
      multiplyRows(flows, rows, others, columns, a.depth,
                   [&](int r, int c, float product) { gradients[r * stride + c] = product; });
      __syncthreads();
      loadTile(HeadRows(a, head, a.keys, a.size), b.k, key, columns, others);
      __syncthreads();
      multiplyRows(queries, rows, others, columns, a.size, [&](int r, int c, float product) {
        float weight;
        gradientOf(a, b, head, begin + r, key + c, product, weight, gradients[r * stride + c]);
      });
      __syncthreads();
      addProduct(out, rows, a.size, gradients, stride, 1, others, columns, one);
      __syncthreads();
    }
    storeTile(HeadRows(a, head, a.queries, a.size), out, begin, rows, dq, one);
    __syncthreads();
  }
}

template <class T>
__global__ void keyGradients(Attention a, Backward<T> b, T* dk, T* dv) {
  const int rows = a.queryTile, columns = a.keyTile, stride = columns + 1;
  float* keys = sharedMemory<float>();
  float* values = keys + columns * paddedWidth(a.size);
  float* queries = values + columns * paddedWidth(a.depth);
  float* flows = queries + rows * paddedWidth(a.size);
  float* keySums = flows + rows * paddedWidth(a.depth);
  float* valueSums = keySums + columns * static_cast<int>(a.size);
  float* weights = valueSums + columns * static_cast<int>(a.depth);
  float* gradients = weights + rows * stride;
  const int64_t tiles = (a.keys + columns - 1) / columns;
  for (int64_t item = blockIdx.x; item < a.n * a.heads * tiles; item += gridDim.x) {
    const int64_t head = item / tiles, begin = item % tiles * columns;
    loadTile(HeadRows(a, head, a.keys, a.size), b.k, begin, columns, keys);
    loadTile(HeadRows(a, head, a.keys, a.depth), b.v, begin, columns, values);
    clear(keySums, columns * a.size);
    clear(valueSums, columns * a.depth);
    for (int64_t query = a.endsAtQuery() ? begin / rows * rows : 0; query < a.queries; query += rows) {
      loadTile(HeadRows(a, head, a.queries, a.size), b.q, query, rows, queries);
      loadTile(HeadRows(a, head, a.queries, a.depth), b.dy, query, rows, flows);
      __syncthreads();
      multiplyRows(flows, rows, values, columns, a.depth,
                   [&](int r, int c, float product) { gradients[r * stride + c] = product; });
      __syncthreads();
      multiplyRows(queries, rows, keys, columns, a.size, [&](int r, int c, float product) {
        gradientOf(a, b, head, query + r, begin + c, product, weights[r * stride + c],
                   gradients[r * stride + c]);
      });
      __syncthreads();
      addProduct(keySums, columns, a.size, gradients, 1, stride, queries, rows, one);
      addProduct(valueSums, columns, a.depth, weights, 1, stride, flows, rows, one);
      __syncthreads();
    }
    storeTile(HeadRows(a, head, a.keys, a.size), keySums, begin, columns, dk, one);
    if (dv) storeTile(HeadRows(a, head, a.keys, a.depth), valueSums, begin, columns, dv, one);
    __syncthreads();
  }
}

// The floats of shared memory that a kernel takes with such tiles.
using Room = int64_t (*)(const Attention& a, int64_t rows, int64_t columns);
int64_t forwardRoom(const Attention& a, int64_t rows, int64_t columns) {
  return rows * (a.size + 1) + columns * (std::max(a.size, a.depth) + 1) + rows * a.depth +
         rows * (columns + 1) + 3 * rows + kAttentionThreads;
}
int64_t queryRoom(const Attention& a, int64_t rows, int64_t columns) {
  return rows * (a.size + a.depth + 2) + columns * (std::max(a.size, a.depth) + 1) + rows * a.size +
         rows * (columns + 1);
}
int64_t keyRoom(const Attention& a, int64_t rows, int64_t columns) {
  return (rows + columns) * (a.size + a.depth + 2) + columns * (a.size + a.depth) + 2 * rows * (columns + 1);
}

class AttentionKernel : public OwnKernel {
 protected:
  // The spec's inputs from first on are q, k and v; those from `rest` on are the bias and the mask.
  AttentionKernel(const KernelSpec& spec, const QueuePtr& queue, size_t first, size_t rest)
      : OwnKernel(queue), outputs_(spec.outputs), dtype_(spec.inputs[first].dtype), rest_(rest) {
    const Dims &q = spec.inputs[first].shape, &v = spec.inputs[first + 2].shape;
    all_.n = q[0];
    all_.queries = q[1];
    all_.heads = q[2];
    all_.size = q[3];
    all_.keys = v[1];
    all_.depth = v[3];
    all_.scale = static_cast<float>(spec.attrs.number("scale"));
    all_.isCausal = spec.attrs.boolean("isCausal");
    const Dims scores{all_.n, all_.heads, all_.queries, all_.keys};
    if (spec.attrs.boolean("bias")) all_.biasTerm = Term(spec.inputs[rest], scores);
    if (spec.attrs.boolean("mask")) all_.maskTerm = Term(spec.inputs.back(), scores);
    mask_ = spec.inputs.size() - 1;
  }

  // With the operands' addresses, and tiles that shared memory holds.
  Attention attention(const void* const* inputs, Room room) const {
    Attention a = all_;
    if (a.biasTerm.isThere) a.bias = static_cast<const float*>(inputs[rest_]);
    if (a.maskTerm.isThere) a.mask = static_cast<const uint8_t*>(inputs[mask_]);
    while (bytesOf(a, room) > kSharedBytes && a.queryTile * a.keyTile > 1)
      a.keyTile > a.queryTile ? a.keyTile /= 2 : a.queryTile /= 2;
    if (bytesOf(a, room) > kSharedBytes)
      fail(ErrorCode::Device, "[dotProductAttention] expected heads of fewer numbers on the GPU, received ",
           a.size, " and values of ", a.depth);
    return a;
  }
  static size_t bytesOf(const Attention& a, Room room) {
    return static_cast<size_t>(room(a, a.queryTile, a.keyTile)) * sizeof(float);
  }
  static LaunchSize sizeOf(const Attention& a, Room room, int64_t length, int tile) {
    return {blocksFor(a.n * a.heads * ((length + tile - 1) / tile), 1), kAttentionThreads, bytesOf(a, room)};
  }

  // Without queries or keys all sums are empty.
  bool isEmpty() const { return all_.n * all_.heads * all_.queries * all_.keys == 0; }
  void clearAll(void* const* outputs) const {
    for (size_t o = 0; o < outputs_.size(); ++o)
      if (const size_t bytes = nodegrad::bytesOf(outputs_[o]))
        check(cudaMemsetAsync(outputs[o], 0, bytes, stream()));
  }
  template <class T>
  T* output(void* const* outputs, size_t o) const {
    return static_cast<T*>(o < outputs_.size() ? outputs[o] : nullptr);
  }

  std::vector<TensorType> outputs_;
  DType dtype_;
  Attention all_{};
  size_t rest_, mask_;
};

class ForwardKernel : public AttentionKernel {
 public:
  ForwardKernel(const KernelSpec& spec, const QueuePtr& queue) : AttentionKernel(spec, queue, 0, 3) {}

  void run(const void* const* inputs, void* const* outputs, void*) override {
    if (isEmpty()) return clearAll(outputs);
    const Attention a = attention(inputs, forwardRoom);
    withFloatType(dtype_, [&](auto number) {
      using T = decltype(number);
      const auto in = [&](size_t i) { return static_cast<const T*>(inputs[i]); };
      launch(stream(), sizeOf(a, forwardRoom, a.queries, a.queryTile), attend<T>, a, in(0), in(1), in(2),
             output<T>(outputs, 0), output<float>(outputs, 1), output<float>(outputs, 2));
    });
  }
};

class BackwardKernel : public AttentionKernel {
 public:
  BackwardKernel(const KernelSpec& spec, const QueuePtr& queue) : AttentionKernel(spec, queue, 1, 7) {}

  size_t scratchBytes() const override {
    return static_cast<size_t>(all_.n * all_.heads * all_.queries) * sizeof(float);
  }

  void run(const void* const* inputs, void* const* outputs, void* scratch) override {
    if (isEmpty()) return clearAll(outputs);
    withFloatType(dtype_, [&](auto number) {
      using T = decltype(number);
      const auto in = [&](size_t i) { return static_cast<const T*>(inputs[i]); };
      const Backward<T> b{in(0),
                          in(1),
                          in(2),
                          in(3),
                          in(4),
                          static_cast<const float*>(inputs[5]),
                          static_cast<const float*>(inputs[6]),
                          static_cast<float*>(scratch)};
      const Attention byQueries = attention(inputs, queryRoom), byKeys = attention(inputs, keyRoom);
      launch(stream(), {blocksFor(all_.n * all_.heads * all_.queries)}, findDots<T>, byQueries, b);
      launch(stream(), sizeOf(byQueries, queryRoom, all_.queries, byQueries.queryTile), queryGradients<T>,
             byQueries, b, output<T>(outputs, 0));
      if (outputs_.size() > 1)
        launch(stream(), sizeOf(byKeys, keyRoom, all_.keys, byKeys.keyTile), keyGradients<T>, byKeys, b,
               output<T>(outputs, 1), output<T>(outputs, 2));
    });
  }
};

// The first inputs and outputs, all of one dtype; statistics and the bias stay float32.
PrecisionChoice some(const KernelSpec& spec, size_t inputs, size_t outputs) {
  PrecisionChoice choice = onlyFloat32(spec);
  std::fill_n(choice.inputs.begin(), inputs, Precision::Either);
  std::fill_n(choice.outputs.begin(), std::min(outputs, spec.outputs.size()), Precision::Either);
  choice.sameDtype = true;
  return choice;
}

}  // namespace

void addAttention(KernelTable& table) {
  table["dotProductAttention"] = {makeKernel<ForwardKernel>, nullptr, nullptr,
                                  [](const KernelSpec& spec) { return some(spec, 3, 1); }};
  table["dotProductAttentionBackward"] = {makeKernel<BackwardKernel>, nullptr, nullptr,
                                          [](const KernelSpec& spec) { return some(spec, 5, 3); }};
}

}  // namespace nodegrad::cuda
