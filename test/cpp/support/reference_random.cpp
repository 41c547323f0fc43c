#include "core/philox.h"
#include "reference.h"

namespace nodegrad::reference {

namespace {

// Element i's number in [0, 1).
double uniform(const Array& key, const Attrs& attrs, size_t i) {
  return philoxUniform(philoxBits(static_cast<uint32_t>(key.data[0]),
                                  static_cast<uint32_t>(attrs.integer("salt")),
                                  static_cast<uint32_t>(key.data[1]), i));
}

}  // namespace

void addRandom(Table& table) {
  table["dropout"] = [](const Call& call) {
    const double rate = call.attrs.number("rate");
    std::vector<double>& y = call.outputs[0].data;
    for (size_t i = 0; i < y.size(); ++i)
      if (uniform(call.inputs[1], call.attrs, i) >= rate) y[i] = call.inputs[0].data[i] / (1 - rate);
  };
  table["randomUniform"] = [](const Call& call) {
    const double low = call.attrs.number("minval"), high = call.attrs.number("maxval");
    std::vector<double>& y = call.outputs[0].data;
    for (size_t i = 0; i < y.size(); ++i) y[i] = low + uniform(call.inputs[0], call.attrs, i) * (high - low);
  };
}

}  // namespace nodegrad::reference
