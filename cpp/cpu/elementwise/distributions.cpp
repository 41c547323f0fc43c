#include <cmath>
#include <limits>
#include <memory>
#include <string>

#include "core/philox.h"
#include "cpu/kernel_table.h"
#include "host/parallel.h"

namespace nodegrad {
namespace {

constexpr int64_t kLeastThreadElements = 1 << 9;
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

// An element's own random numbers: as many as it takes.
class Stream {
 public:
  Stream(const uint32_t* key, uint32_t salt, int64_t index)
      : key_{key[0], salt},
        counter_{static_cast<uint32_t>(index), key[1],
                 static_cast<uint32_t>(static_cast<uint64_t>(index) >> 32), 0} {}

  // (0, 1) in steps of 2^-52.
  double uniform() {
    const uint64_t high = word(), low = word();
    return (static_cast<double>((high << 32 | low) >> 12) + 0.5) * 0x1p-52;
  }
  // Box and Muller, 1958.
  double normal() {
    const double radius = std::sqrt(-2 * std::log(uniform()));
    return radius * std::cos(6.283185307179586 * uniform());
  }

 private:
  uint32_t word() {
    if (next_ == 4) {
      words_ = philox4x32(counter_, key_);
      ++counter_[3];
      next_ = 0;
    }
    return words_[static_cast<size_t>(next_++)];
  }

  PhiloxKey key_;
  PhiloxCounter counter_, words_{};
  int next_ = 4;
};

// The logarithm of a gamma number, which may be too small for its own: Marsaglia and Tsang, A simple method
// for generating gamma variables, 2000.
double logGamma(double alpha, Stream& stream) {
  if (alpha == 0) return -std::numeric_limits<double>::infinity();
  if (!(alpha > 0) || std::isinf(alpha)) return kNan;
  if (alpha < 1) {
    const double larger = logGamma(alpha + 1, stream);
    return larger + std::log(stream.uniform()) / alpha;
  }
  const double d = alpha - 1.0 / 3, c = 1 / std::sqrt(9 * d);
  for (;;) {
    const double x = stream.normal(), root = 1 + c * x;
    if (root <= 0) continue;
    const double v = root * root * root;
    if (std::log(stream.uniform()) < 0.5 * x * x + d - d * v + d * std::log(v)) return std::log(d * v);
  }
}

double gamma(double alpha, double, Stream& stream) { return std::exp(logGamma(alpha, stream)); }

double beta(double a, double b, Stream& stream) {
  if (a == 0 && b == 0) return kNan;
  const double first = logGamma(a, stream);
  return 1 / (1 + std::exp(logGamma(b, stream) - first));
}

double logFactorial(double k) {
  int sign;  // lgamma would write a variable that all threads share
  return ::lgamma_r(k + 1, &sign);
}

// Where few are expected: from 0 up, until the probabilities have used a uniform number up.
double binomialByInversion(double n, double p, Stream& stream) {
  const double odds = p / (1 - p), none = std::exp(n * std::log1p(-p));
  for (;;) {
    double rest = stream.uniform(), probability = none;
    for (double k = 0; k <= n && probability > 0; ++k) {
      if (rest <= probability) return k;
      rest -= probability;
      probability *= (n - k) / (k + 1) * odds;
    }
  }
}

// Hormann, The generation of binomial random variates, 1993: BTRS, with exact probabilities.
double binomialByRejection(double n, double p, Stream& stream) {
  const double deviation = std::sqrt(n * p * (1 - p)), b = 1.15 + 2.53 * deviation;
  const double a = -0.0873 + 0.0248 * b + 0.01 * p, center = n * p + 0.5;
  const double quick = 0.92 - 4.2 / b, alpha = (2.83 + 5.1 / b) * deviation;
  const double mode = std::floor((n + 1) * p), logOdds = std::log(p / (1 - p));
  const double atMode = logFactorial(mode) + logFactorial(n - mode);
  for (;;) {
    const double u = stream.uniform() - 0.5, v = stream.uniform();
    const double edge = 0.5 - std::abs(u), k = std::floor((2 * a / edge + b) * u + center);
    if (edge >= 0.07 && v <= quick) return k;
    if (k < 0 || k > n) continue;
    const double ratio = atMode - logFactorial(k) - logFactorial(n - k) + (k - mode) * logOdds;
    if (std::log(v * alpha / (a / (edge * edge) + b)) <= ratio) return k;
  }
}

double binomial(double n, double p, Stream& stream) {
  if (!(n >= 0) || std::isinf(n) || !(p >= 0 && p <= 1)) return kNan;
  n = std::floor(n);
  if (p > 0.5) return n - binomial(n, 1 - p, stream);
  constexpr double kFew = 10;
  return n * p < kFew ? binomialByInversion(n, p, stream) : binomialByRejection(n, p, stream);
}

// Random numbers of distributions whose parameters are given for each number.
class DistributionKernel : public Kernel {
 public:
  explicit DistributionKernel(const KernelSpec& spec)
      : draw_(spec.op == "randomGamma" ? gamma : (spec.op == "randomBeta" ? beta : binomial)),
        two_(spec.inputs.size() > 2),
        elements_(count(spec.outputs[0].shape)),
        salt_(static_cast<uint32_t>(spec.attrs.integer("salt"))),
        threads_(teamThreads()) {}

  std::string implementation() const override { return "own"; }

  void run(const void* const* inputs, void* const* outputs, void*) override {
    const auto* key = static_cast<const uint32_t*>(inputs[0]);
    const auto *first = static_cast<const float*>(inputs[1]),
               *second = two_ ? static_cast<const float*>(inputs[2]) : first;
    auto* y = static_cast<float*>(outputs[0]);
    parallelFor(threads_, elements_, kLeastThreadElements, [&](int64_t begin, int64_t end, int) {
      for (int64_t i = begin; i < end; ++i) {
        Stream stream(key, salt_, i);
        y[i] = static_cast<float>(draw_(first[i], second[i], stream));
      }
    });
  }

 private:
  double (*draw_)(double first, double second, Stream& stream);
  bool two_;
  int64_t elements_;
  uint32_t salt_;
  int threads_;
};

std::unique_ptr<Kernel> makeDistribution(const KernelSpec& spec) {
  return std::make_unique<DistributionKernel>(spec);
}

}  // namespace

const KernelFamily family([](KernelTable& table) {
  for (const char* name : {"randomGamma", "randomBeta", "randomBinomial"})
    table[name] = {.make = makeDistribution};
});

}  // namespace nodegrad
