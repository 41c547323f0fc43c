// Optimizers' updates, of one weight, of several, and of the rows of a table.
#include <algorithm>
#include <cmath>

#include "cpu/memory/onednn.h"
#include "graph/op.h"
#include "sweep/family.h"

namespace nodegrad::sweep {

namespace {

using reference::apply;

const std::vector<std::string> kRules = {
    "sgdUpdate",  "momentumUpdate",    "rmspropUpdate", "rmspropCenteredUpdate",
    "adamUpdate", "adamAmsgradUpdate", "adadeltaUpdate"};

size_t slotsOf(const std::string& rule) { return static_cast<size_t>(findOp(rule).updateSlots); }

Attrs attrsOf(Random& random, const std::string& rule) {
  Attrs attrs{{"weightDecay", random.chance(0.5) ? 0.0 : 0.01}};
  if (rule == "momentumUpdate") {
    attrs.set("momentum", 0.9);
    attrs.set("nesterov", random.chance(0.5));
  } else if (rule.rfind("rmsprop", 0) == 0) {
    attrs.set("momentum", random.pick(std::vector<double>{0, 0.8}));
    attrs.set("epsilon", 1e-3);
  } else if (rule != "sgdUpdate") {
    attrs.set("epsilon", 1e-3);
  }
  return checkAttrs(findOp(rule), attrs);
}

// Weight, gradient and slots. Slots are averages of squares or of gradients: a centered variance stays
// positive.
std::vector<Array> tensors(Random& random, const std::string& rule, const Dims& shape, size_t slots) {
  std::vector<Array> all{drawFloats(random, shape), drawFloats(random, shape)};
  for (size_t s = 0; s < slots; ++s) {
    const bool signedSlot = rule == "momentumUpdate" || (rule.rfind("adam", 0) == 0 && s == 0) ||
                            (rule.rfind("rmsprop", 0) == 0 && s + 1 == slots);
    Array slot = drawFloats(random, shape, signedSlot ? -0.5 : 0.5, signedSlot ? 0.5 : 1);
    if (rule == "rmspropCenteredUpdate" && s == 1) slot = drawFloats(random, shape, -0.3, 0.3);
    all.push_back(std::move(slot));
  }
  return all;
}

std::vector<Array> scalars(Random& random, const std::string& rule) {
  std::vector<Array> all{testing::array({}, {static_cast<float>(random.real(0.001, 0.3))})};
  if (rule.rfind("adam", 0) == 0)
    all.push_back(testing::array({}, {static_cast<double>(random.integer(1, 20))}));
  return all;
}

void append(std::vector<Array>& to, std::vector<Array> more) {
  to.insert(to.end(), more.begin(), more.end());
}

Call make(Random& random, const std::string& op) {
  Call call{op, {}, {}, attrsOf(random, op)};
  const size_t slots = slotsOf(op);
  const int64_t weights = random.chance(0.7) ? 1 : random.integer(2, 4);
  for (int64_t w = 0; w < weights; ++w) {
    const Dims shape = drawShape(
        random, weights == 1 && random.chance(0.5) ? 4 : static_cast<size_t>(random.integer(0, 3)), 3000);
    append(call.inputs, tensors(random, op, shape, slots));
    call.outputs.insert(call.outputs.end(), slots + 1, {DType::F32, shape});
  }
  append(call.inputs, scalars(random, op));
  if (weights == 1 && call.outputs[0].shape.size() == 4 && random.chance(0.6)) {
    const Dims& s = call.outputs[0].shape;
    const onednn::Desc desc({s[3], s[2], s[0], s[1]}, dnnl::memory::data_type::f32,
                            random.pick(std::vector<onednn::Tag>{
                                onednn::Tag::OIhw16i16o, onednn::Tag::OIhw8i8o, onednn::Tag::Ohwi16o}));
    const LayoutPtr layout = onednn::layoutOf(desc.permute_axes({3, 2, 0, 1}));
    call.inputLayouts.assign(call.inputs.size(), nullptr);
    call.inputLayouts[0] = random.chance(0.7) ? layout : nullptr;
    call.inputLayouts[1] = layout;
    call.undecided.assign(call.inputs.size(), false);
    call.undecided[0] = random.chance(0.5);
  }
  return call;
}

// A few roundings of numbers below 4; those that divide by a root amplify what is in it.
std::vector<Expected> expectedOf(const std::string& rule, const std::vector<Array>& inputs,
                                 const Attrs& attrs) {
  std::vector<Expected> expected;
  for (const Array& array : apply(rule, inputs, attrs))
    expected.push_back(nearly(array.data, 4e-6, rule == "rmspropCenteredUpdate" ? 2e-5 : 4e-6));
  return expected;
}

std::string check(const Call& call, const std::vector<Array>& outputs, const std::string&) {
  const size_t slots = slotsOf(call.op), tensors = slots + 2;
  const size_t weights = outputs.size() / (slots + 1);
  const std::vector<Array> last(call.inputs.begin() + static_cast<std::ptrdiff_t>(weights * tensors),
                                call.inputs.end());
  std::vector<Expected> expected;
  for (size_t w = 0; w < weights; ++w) {
    const auto first = call.inputs.begin() + static_cast<std::ptrdiff_t>(w * tensors);
    std::vector<Array> inputs(first, first + static_cast<std::ptrdiff_t>(tensors));
    append(inputs, last);
    for (Expected& e : expectedOf(call.op, inputs, call.attrs)) expected.push_back(std::move(e));
  }
  return compareAll(outputs, expected);
}

Call rows(Random& random, const std::string& op) {
  const std::string rule = random.pick(kRules);
  Call call{op, {}, {}, attrsOf(random, rule)};
  call.attrs.set("rule", rule);
  const size_t slots = slotsOf(rule);
  const Dims table = drawShape(random, static_cast<size_t>(random.integer(1, 3)), 3000);
  call.inputs = tensors(random, rule, table, slots);
  const Dims positions = drawShape(random, static_cast<size_t>(random.integer(0, 2)), 60);
  Dims gathered = positions;
  gathered.insert(gathered.end(), table.begin() + 1, table.end());
  call.inputs[1] = drawFloats(random, gathered);
  append(call.inputs, scalars(random, rule));
  const DType type = table[0] <= 256 && random.chance(0.3) ? DType::U8 : DType::I32;
  call.inputs.push_back(drawNumbers(random, {type, positions}, 0, static_cast<double>(table[0]) - 0.001));
  call.outputs.assign(slots + 1, {DType::F32, table});
  if (random.chance(0.3))
    for (size_t s = 0; s < slots; ++s)
      std::fill(call.inputs[s + 2].data.begin(), call.inputs[s + 2].data.end(), 0.0);
  return call;
}

std::string checkRows(const Call& call, const std::vector<Array>& outputs, const std::string&) {
  const std::string& rule = call.attrs.text("rule");
  const Array table{call.outputs[0], {}};
  std::vector<Array> inputs(call.inputs.begin(), call.inputs.end() - 1);
  inputs[1] = apply("gatherBackward", {call.inputs[1], call.inputs.back(), table},
                    {{"axis", int64_t{0}}, {"batchDims", int64_t{0}}})[0];
  Attrs attrs;
  for (const auto& [name, value] : call.attrs)
    if (name != "rule") attrs.set(name, value);
  const auto most = static_cast<double>(call.inputs.back().data.size());
  std::vector<Expected> expected = expectedOf(rule, inputs, attrs);
  for (Expected& e : expected)
    for (double& bound : e.bound) bound += most * kFloat;  // the gradients of a row are added up first
  return compareAll(outputs, expected);
}

}  // namespace

std::vector<Family> updateFamilies() { return {{kRules, make, check}, {{"rowsUpdate"}, rows, checkRows}}; }

}  // namespace nodegrad::sweep
