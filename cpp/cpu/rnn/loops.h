#pragma once
#include <type_traits>

#include "cpu/isa/rows.h"
#include "cpu/isa/vector_math.h"
#include "cpu/rnn/kernels.h"

// The kernels of recurrent layers for numbers T that are multiplied, float or the bits of bfloat16.
namespace nodegrad::NODEGRAD_ISA_NAMESPACE {
namespace {

// h as outputs get it, and as the next product takes it.
template <class T>
inline void keep(float* h, T* state, int64_t j, Floats v) {
  store(h + j, v);
  if constexpr (!std::is_same_v<T, float>) store(state + j, v);
}

template <class T>
void mask(const RnnWidths& widths, const float* h, const float* mask, T* state) {
  for (int64_t j = 0; j < widths.units; j += kLanes)
    store(state + j, load(h + j) * take(mask + j, widths.units - j));
}

inline void maskBackward(const RnnWidths& widths, const float* x, const float* mask, float* dh) {
  for (int64_t j = 0; j < widths.units; j += kLanes)
    store(dh + j, load(dh + j) + load(x + j) * take(mask + j, widths.units - j));
}

template <class T>
void lstm(const RnnWidths& widths, const LstmStep<T>& s) {
  const int64_t u = widths.units, w = widths.width;
  for (int64_t j = 0; j < u; j += kLanes) {
    const int64_t n = u - j;
    const Floats i = sigmoidOf(load(s.product + j) + take(s.x + j, n));
    const Floats f = sigmoidOf(load(s.product + w + j) + take(s.x + u + j, n));
    const Floats g = tanhOf(load(s.product + 2 * w + j) + take(s.x + 2 * u + j, n));
    const Floats o = sigmoidOf(load(s.product + 3 * w + j) + take(s.x + 3 * u + j, n));
    const Floats c = f * take(s.before + j, n) + i * g;
    put(s.gates + j, i, n);
    put(s.gates + u + j, f, n);
    put(s.gates + 2 * u + j, g, n);
    put(s.gates + 3 * u + j, o, n);
    put(s.c + j, c, n);
    keep(s.h, s.state, j, o * tanhOf(c));
  }
}

template <class T>
void lstmBackward(const RnnWidths& widths, const LstmBackwardStep<T>& s) {
  const int64_t u = widths.units, w = widths.width;
  for (int64_t j = 0; j < u; j += kLanes) {
    const int64_t n = u - j;
    const Floats i = take(s.gates + j, n), f = take(s.gates + u + j, n), g = take(s.gates + 2 * u + j, n),
                 o = take(s.gates + 3 * u + j, n), t = tanhOf(take(s.c + j, n));
    const Floats dh = load(s.dh + j) + take(s.dy + j, n);
    const Floats dc = load(s.dc + j) + dh * o * (1.0f - t * t);
    const Floats dz[] = {dc * g * i * (1.0f - i), dc * take(s.before + j, n) * f * (1.0f - f),
                         dc * i * (1.0f - g * g), dh * t * o * (1.0f - o)};
    NODEGRAD_UNROLL for (int gate = 0; gate < 4; ++gate) {
      store(s.dz + gate * w + j, dz[gate]);
      put(s.dx + gate * u + j, dz[gate], n);
    }
    store(s.dc + j, dc * f);
  }
}

template <class T>
void gru(const RnnWidths& widths, const GruStep<T>& s) {
  const int64_t u = widths.units, w = widths.width;
  for (int64_t j = 0; j < u; j += kLanes) {
    const int64_t n = u - j;
    const auto recurrent = [&](int64_t gate) {
      return load(s.product + gate * w + j) + take(s.bias + gate * u + j, n);
    };
    const Floats z = sigmoidOf(recurrent(0) + take(s.x + j, n));
    const Floats r = sigmoidOf(recurrent(1) + take(s.x + u + j, n));
    const Floats q = recurrent(2), g = tanhOf(take(s.x + 2 * u + j, n) + r * q);
    put(s.gates + j, z, n);
    put(s.gates + u + j, r, n);
    put(s.gates + 2 * u + j, g, n);
    put(s.inner + j, q, n);
    keep(s.h, s.state, j, z * load(s.h + j) + (1.0f - z) * g);
  }
}

template <class T>
void gruGates(const RnnWidths& widths, const GruStep<T>& s) {
  const int64_t u = widths.units, w = widths.width;
  for (int64_t j = 0; j < u; j += kLanes) {
    const int64_t n = u - j;
    const Floats r = sigmoidOf(load(s.product + w + j) + take(s.x + u + j, n));
    const Floats h = load(s.h + j), reset = r * (s.mask ? h * take(s.mask + j, n) : h);
    put(s.gates + j, sigmoidOf(load(s.product + j) + take(s.x + j, n)), n);
    put(s.gates + u + j, r, n);
    put(s.inner + j, reset, n);
    store(s.reset + j, reset);
  }
}

template <class T>
void gruCandidate(const RnnWidths& widths, const GruStep<T>& s) {
  const int64_t u = widths.units;
  for (int64_t j = 0; j < u; j += kLanes) {
    const int64_t n = u - j;
    const Floats z = take(s.gates + j, n), g = tanhOf(load(s.product + j) + take(s.x + 2 * u + j, n));
    put(s.gates + 2 * u + j, g, n);
    keep(s.h, s.state, j, z * load(s.h + j) + (1.0f - z) * g);
  }
}

template <class T>
void gruBackward(const RnnWidths& widths, const GruBackwardStep<T>& s) {
  const int64_t u = widths.units, w = widths.width;
  for (int64_t j = 0; j < u; j += kLanes) {
    const int64_t n = u - j;
    const Floats z = take(s.gates + j, n), r = take(s.gates + u + j, n), g = take(s.gates + 2 * u + j, n);
    const Floats dh = load(s.dh + j) + load(s.carried + j) + take(s.dy + j, n);
    const Floats dz = dh * (take(s.before + j, n) - g) * z * (1.0f - z);
    const Floats dg = dh * (1.0f - z) * (1.0f - g * g);
    const Floats dr = dg * take(s.inner + j, n) * r * (1.0f - r);
    const Floats dx[] = {dz, dr, dg}, dProduct[] = {dz, dr, dg * r};
    NODEGRAD_UNROLL for (int gate = 0; gate < 3; ++gate) {
      put(s.dx + gate * u + j, dx[gate], n);
      put(s.dProduct + gate * u + j, dProduct[gate], n);
      store(s.dz + gate * w + j, dProduct[gate]);
    }
    store(s.carried + j, dh * z);
  }
}

template <class T>
void gruCandidateBackward(const RnnWidths& widths, const GruBackwardStep<T>& s) {
  const int64_t u = widths.units, w = widths.width;
  for (int64_t j = 0; j < u; j += kLanes) {
    const int64_t n = u - j;
    const Floats z = take(s.gates + j, n), g = take(s.gates + 2 * u + j, n);
    const Floats dh = load(s.dh + j) + load(s.carried + j) + take(s.dy + j, n);
    const Floats dz = dh * (take(s.before + j, n) - g) * z * (1.0f - z);
    const Floats dg = dh * (1.0f - z) * (1.0f - g * g);
    put(s.dx + j, dz, n);
    put(s.dx + 2 * u + j, dg, n);
    store(s.dz + j, dz);
    store(s.dz + 2 * w + j, dg);
    store(s.carried + j, dh * z);
  }
}

template <class T>
void gruGatesBackward(const RnnWidths& widths, const GruBackwardStep<T>& s) {
  const int64_t u = widths.units, w = widths.width;
  for (int64_t j = 0; j < u; j += kLanes) {
    const int64_t n = u - j;
    const Floats r = take(s.gates + u + j, n), dReset = load(s.dh + j);
    const Floats dr = dReset * take(s.before + j, n) * r * (1.0f - r);
    store(s.carried + j, load(s.carried + j) + dReset * r);
    put(s.dx + u + j, dr, n);
    store(s.dz + w + j, dr);
  }
}

template <class T>
void simple(const RnnWidths& widths, const SimpleRnnStep<T>& s) {
  for (int64_t j = 0; j < widths.units; j += kLanes) {
    const int64_t n = widths.units - j;
    const Floats h = tanhOf(load(s.product + j) + take(s.x + j, n));
    put(s.after + j, h, n);
    keep(s.h, s.state, j, h);
  }
}

template <class T>
void simpleBackward(const RnnWidths& widths, const SimpleRnnBackwardStep<T>& s) {
  for (int64_t j = 0; j < widths.units; j += kLanes) {
    const int64_t n = widths.units - j;
    const Floats h = take(s.after + j, n), dz = (load(s.dh + j) + take(s.dy + j, n)) * (1.0f - h * h);
    put(s.dx + j, dz, n);
    store(s.dz + j, dz);
  }
}

template <class T>
constexpr RnnKernels<T> rnnKernelsFor() {
  return {
      .mask = mask<T>,
      .maskBackward = maskBackward,
      .lstm = lstm,
      .lstmBackward = lstmBackward,
      .gru = gru,
      .gruBackward = gruBackward,
      .gruGates = gruGates,
      .gruCandidate = gruCandidate,
      .gruCandidateBackward = gruCandidateBackward,
      .gruGatesBackward = gruGatesBackward,
      .simple = simple,
      .simpleBackward = simpleBackward,
  };
}

}  // namespace
}  // namespace nodegrad::NODEGRAD_ISA_NAMESPACE
