#pragma once
#include <string>

#include "core/attrs.h"

namespace nodegrad {

// The attribute that any op may have besides its own: what the layer that it belongs to computes in,
// "float32", "tensorFloat32" or "bfloat16", whatever the program does (plan/layer_precision.h).
inline constexpr const char* kPrecision = "precision";

// The attribute's text, empty where there is none.
std::string precisionOf(const Attrs& attrs);

// While it lives, all ops that this thread adds to graphs have the precision, if it is not empty.
class PrecisionScope {
 public:
  explicit PrecisionScope(std::string precision);
  ~PrecisionScope();
  PrecisionScope(const PrecisionScope&) = delete;
  PrecisionScope& operator=(const PrecisionScope&) = delete;

  static const std::string& current();

 private:
  std::string before_;
};

}  // namespace nodegrad
