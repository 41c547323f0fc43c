#include "spec/inner_product.h"

namespace nodegrad::spec {

namespace {

ProductPass passOf(const std::string& op) {
  if (op == "innerProduct") return ProductPass::Forward;
  return op == "innerProductBackwardData" ? ProductPass::BackwardData : ProductPass::BackwardWeights;
}

}  // namespace

InnerProduct::InnerProduct(const KernelSpec& spec) : pass(passOf(spec.op)) {
  const bool forward = pass == ProductPass::Forward, weights = pass == ProductPass::BackwardWeights;
  const auto take = [&](bool computed, size_t index, TensorType& type, LayoutPtr& layout) {
    type = (computed ? spec.outputs : spec.inputs)[index];
    layout = (computed ? spec.outputLayouts : spec.inputLayouts)[index];
  };
  take(pass == ProductPass::BackwardData, 0, x, xLayout);
  take(weights, forward ? 1 : 0, w, wLayout);
  take(forward, forward ? 0 : 1, y, yLayout);
  bias = weights ? spec.outputs.size() > 1 : forward && spec.inputs.size() > 2;
  n = x.shape[0];
  k = w.shape[0];
  units = w.shape[1];
}

}  // namespace nodegrad::spec
