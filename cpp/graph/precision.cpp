#include "graph/precision.h"

#include <utility>

namespace nodegrad {

namespace {

thread_local std::string currentPrecision;

}  // namespace

std::string precisionOf(const Attrs& attrs) { return attrs.has(kPrecision) ? attrs.text(kPrecision) : ""; }

PrecisionScope::PrecisionScope(std::string precision)
    : before_(std::exchange(currentPrecision, std::move(precision))) {}

PrecisionScope::~PrecisionScope() { currentPrecision = std::move(before_); }

const std::string& PrecisionScope::current() { return currentPrecision; }

}  // namespace nodegrad
