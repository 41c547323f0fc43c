#pragma once
#include <string>

#include "spec/conv.h"

namespace nodegrad::onednn {

// What oneDNN does wrong, and how it is avoided: an implementation that has a row for a case is passed over,
// and the next one that oneDNN offers is taken.
struct ConvFault {
  const char* versions;  // of oneDNN, in which it was seen
  const char* what;      // goes wrong
  bool (*applies)(const spec::Convolution& conv, const std::string& implementation, bool blocked);
};

// The fault of an implementation that oneDNN offers for a convolution, or null. blocked: whether the channels
// of its images are in blocks.
const ConvFault* convFault(const spec::Convolution& conv, const std::string& implementation, bool blocked);

// Whether an activation makes a number of NaN where it is fused into an implementation of an op
// (version 3.2.0). ReLU does so in all of them: cpu/elementwise/activation.h.
bool losesNan(const KernelSpec& spec, const std::string& activation, const std::string& implementation);

}  // namespace nodegrad::onednn
