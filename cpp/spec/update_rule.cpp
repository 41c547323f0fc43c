#include "spec/update_rule.h"

namespace nodegrad::spec {

UpdateRule::UpdateRule(const std::string& op, const Attrs& attrs) : decay(attrs.number("weightDecay")) {
  const auto number = [&](const char* name) { return static_cast<float>(attrs.number(name)); };
  if (op == "momentumUpdate") {
    first = number("momentum");
  } else if (op == "rmspropUpdate" || op == "rmspropCenteredUpdate") {
    first = number("rho");
    second = number("epsilon");
    third = number("momentum");
  } else if (op == "adadeltaUpdate") {
    first = number("rho");
    second = number("epsilon");
  } else if (op == "adamUpdate" || op == "adamAmsgradUpdate") {
    beta1 = attrs.number("beta1");
    beta2 = attrs.number("beta2");
    first = static_cast<float>(1 - beta1);
    second = static_cast<float>(1 - beta2);
    third = number("epsilon");
  }
}

}  // namespace nodegrad::spec
