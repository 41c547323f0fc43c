#include "evaluate_ir.h"

#include "spec/composition.h"

namespace nodegrad::testing {

std::vector<Array> evaluate(const plan::Ir& ir, const RandomNet& net) {
  std::vector<Array> values(ir.values.size());
  for (size_t f = 0; f < ir.feeds.size(); ++f)
    if (ir.feeds[f] >= 0) values[static_cast<size_t>(ir.feeds[f])] = net.numbersOfFeed(f);
  for (size_t p = 0; p < ir.parameters.size(); ++p)
    values[static_cast<size_t>(ir.parameters[p])] = net.numbersOfStorage(*ir.storages[p]);
  for (const plan::IrNode& node : ir.nodes) {
    const Subgraph composition = spec::compose(ir.spec(node));
    std::map<Value, Array> given;
    for (size_t i = 0; i < node.inputs.size(); ++i)
      given[composition.inputs[i]] = values[static_cast<size_t>(node.inputs[i])];
    std::vector<Array> results = reference::evaluate(composition.graph, given, composition.outputs);
    for (size_t o = 0; o < results.size(); ++o)
      values[static_cast<size_t>(node.outputs[o])] = std::move(results[o]);
  }
  std::vector<Array> wanted;
  for (int value : ir.fetches) wanted.push_back(values[static_cast<size_t>(value)]);
  for (const plan::IrUpdate& update : ir.updates) wanted.push_back(values[static_cast<size_t>(update.value)]);
  return wanted;
}

}  // namespace nodegrad::testing
