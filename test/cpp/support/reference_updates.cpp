#include <algorithm>
#include <cmath>

#include "reference.h"

namespace nodegrad::reference {

namespace {

// One element's step: v holds the weight (already decayed), its gradient, its slots and the scalars; out the
// new weight and the slots.
using Step = void (*)(const double* v, double* out, const Attrs& attrs);

Kernel update(size_t slots, Step step) {
  return [=](const Call& call) {
    const size_t scalars = call.inputs.size() - 2 - slots;
    std::vector<double> v(call.inputs.size()), out(1 + slots);
    const double rate = call.inputs[2 + slots].data[0];
    for (size_t i = 0; i < call.inputs[0].data.size(); ++i) {
      for (size_t j = 0; j < 2 + slots; ++j) v[j] = call.inputs[j].data[i];
      for (size_t j = 0; j < scalars; ++j) v[2 + slots + j] = call.inputs[2 + slots + j].data[0];
      v[0] -= rate * call.attrs.number("weightDecay") * v[0];
      step(v.data(), out.data(), call.attrs);
      for (size_t j = 0; j <= slots; ++j) call.outputs[j].data[i] = out[j];
    }
  };
}

void sgd(const double* v, double* out, const Attrs&) { out[0] = v[0] - v[2] * v[1]; }

void momentum(const double* v, double* out, const Attrs& attrs) {
  const double m = attrs.number("momentum"), g = v[1], lr = v[3];
  out[1] = m * v[2] - lr * g;
  out[0] = attrs.boolean("nesterov") ? v[0] + m * out[1] - lr * g : v[0] + out[1];
}

// variance is what the gradient is divided by the root of; moment and newMoment are the slot of the momentum.
double rmspropStep(double p, double g, double lr, double variance, double moment, double* newMoment,
                   const Attrs& attrs) {
  *newMoment = attrs.number("momentum") * moment + lr * g / std::sqrt(variance + attrs.number("epsilon"));
  return p - *newMoment;
}

void rmsprop(const double* v, double* out, const Attrs& attrs) {
  const double rho = attrs.number("rho"), g = v[1];
  out[1] = rho * v[2] + (1 - rho) * g * g;
  out[0] = rmspropStep(v[0], g, v[4], out[1], v[3], &out[2], attrs);
}

void rmspropCentered(const double* v, double* out, const Attrs& attrs) {
  const double rho = attrs.number("rho"), g = v[1];
  out[1] = rho * v[2] + (1 - rho) * g * g;
  out[2] = rho * v[3] + (1 - rho) * g;
  out[0] = rmspropStep(v[0], g, v[5], out[1] - out[2] * out[2], v[4], &out[3], attrs);
}

// The moments and the rate corrected for their start at zero.
double adamMoments(const double* v, double* out, double lr, double step, const Attrs& attrs) {
  const double beta1 = attrs.number("beta1"), beta2 = attrs.number("beta2"), g = v[1];
  out[1] = beta1 * v[2] + (1 - beta1) * g;
  out[2] = beta2 * v[3] + (1 - beta2) * g * g;
  return lr * std::sqrt(1 - std::pow(beta2, step)) / (1 - std::pow(beta1, step));
}

void adam(const double* v, double* out, const Attrs& attrs) {
  const double alpha = adamMoments(v, out, v[4], v[5], attrs);
  out[0] = v[0] - alpha * out[1] / (std::sqrt(out[2]) + attrs.number("epsilon"));
}

void adamAmsgrad(const double* v, double* out, const Attrs& attrs) {
  const double alpha = adamMoments(v, out, v[5], v[6], attrs);
  out[3] = std::max(v[4], out[2]);
  out[0] = v[0] - alpha * out[1] / (std::sqrt(out[3]) + attrs.number("epsilon"));
}

void adadelta(const double* v, double* out, const Attrs& attrs) {
  const double rho = attrs.number("rho"), epsilon = attrs.number("epsilon"), g = v[1];
  out[1] = rho * v[2] + (1 - rho) * g * g;
  const double delta = -std::sqrt(v[3] + epsilon) / std::sqrt(out[1] + epsilon) * g;
  out[2] = rho * v[3] + (1 - rho) * delta * delta;
  out[0] = v[0] + v[4] * delta;
}

}  // namespace

void addUpdates(Table& table) {
  table["sgdUpdate"] = update(0, sgd);
  table["momentumUpdate"] = update(1, momentum);
  table["rmspropUpdate"] = update(2, rmsprop);
  table["rmspropCenteredUpdate"] = update(3, rmspropCentered);
  table["adamUpdate"] = update(2, adam);
  table["adamAmsgradUpdate"] = update(3, adamAmsgrad);
  table["adadeltaUpdate"] = update(2, adadelta);
}

}  // namespace nodegrad::reference
