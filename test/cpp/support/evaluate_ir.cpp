#include "evaluate_ir.h"

#include "spec/composition.h"

namespace nodegrad::testing {

std::vector<Array> evaluate(const plan::Ir& ir, const RandomNet& net) {
  plan::PerValue<Array> values(ir.values.size());
  for (size_t f = 0; f < ir.feeds.size(); ++f)
    if (ir.feeds[f]) values[ir.feeds[f]] = net.numbersOfFeed(f);
  for (size_t p = 0; p < ir.parameters.size(); ++p)
    values[ir.parameters[p]] = net.numbersOfStorage(*ir.storages[p]);
  for (const plan::IrNode& node : ir.nodes) {
    const Subgraph composition = spec::compose(ir.spec(node));
    std::map<Value, Array> given;
    for (size_t i = 0; i < node.inputs.size(); ++i) given[composition.inputs[i]] = values[node.inputs[i]];
    std::vector<Array> results = reference::evaluate(composition.graph, given, composition.outputs);
    for (size_t o = 0; o < results.size(); ++o) values[node.outputs[o]] = std::move(results[o]);
  }
  std::vector<Array> wanted;
  for (plan::ValueId value : ir.fetches) wanted.push_back(values[value]);
  for (const plan::IrUpdate& update : ir.updates) wanted.push_back(values[update.value]);
  return wanted;
}

}  // namespace nodegrad::testing
