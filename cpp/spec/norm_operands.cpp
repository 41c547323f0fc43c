#include "spec/norm.h"

namespace nodegrad::spec {

NormForward::NormForward(const KernelSpec& spec)
    : epsilon(spec.attrs.number("epsilon")), relu(spec.attrs.text("activation") == "relu") {
  if (spec.inputs.size() > variance + 1) residual = variance + 1;
}

NormBackward::NormBackward(const KernelSpec& spec)
    : epsilon(spec.attrs.number("epsilon")), masked(spec.outputs.size() > 3) {
  const std::string mask = spec.attrs.has("mask") ? spec.attrs.text("mask") : "none";
  if (mask == "x") beta = variance + 1;
  if (mask == "y") y = variance + 1;
  if (spec.inputs.size() > variance + 2) more = variance + 2;
}

}  // namespace nodegrad::spec
