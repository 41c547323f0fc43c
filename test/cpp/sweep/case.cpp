#include "sweep/case.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <sstream>

#include "cpu/cpu_backend.h"
#include "cpu/kernel_table.h"
#include "host/parallel.h"
#include "sweep/family.h"
#include "sweep/plan.h"

namespace nodegrad::sweep {

namespace {

using testing::cpuBackend;

constexpr const char* kPlan = "plan";  // no op: whole nets

uint64_t mixed(uint64_t seed, int64_t index) {
  uint64_t z = seed * 0x9e3779b97f4a7c15 + static_cast<uint64_t>(index) * 0xbf58476d1ce4e5b9 + 1;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

const std::map<std::string, Family>& families() {
  static const std::map<std::string, Family> all = [] {
    std::map<std::string, Family> made;
    for (const auto& list :
         {convFamilies(), productFamilies(), poolFamilies(), normFamilies(), elementwiseFamilies(),
          reduceFamilies(), moveFamilies(), recurrentFamilies(), linalgFamilies(), quantizedFamilies(),
          orderFamilies(), attentionFamilies(), updateFamilies()})
      for (const Family& family : list)
        for (const std::string& op : family.ops) made[op] = family;
    return made;
  }();
  return all;
}

// As a plan of mixed precision has it: what a kernel wants in bfloat16 is so, what may be either is by
// chance.
void drawPrecision(Random& random, Call& call) {
  if (!cpuHasBfloat16() || random.chance(0.5)) return;
  const PrecisionChoice choice = cpuBackend().precisions(testing::inPlannedLayouts(call).spec());
  const bool inBf16 = random.chance(0.7);
  const auto becomesBf16 = [&](Precision precision) {
    if (precision == Precision::Float32) return false;
    return precision == Precision::BFloat16 || (choice.sameDtype ? inBf16 : random.chance(0.5));
  };
  call.undecided.resize(call.inputs.size());
  call.inputLayouts.resize(call.inputs.size());
  call.outputLayouts.resize(call.outputs.size());
  for (size_t i = 0; i < call.inputs.size(); ++i) {
    if (call.inputs[i].type.dtype != DType::F32 || !becomesBf16(choice.inputs[i])) continue;
    call.inputs[i].type.dtype = DType::BF16;
    for (double& v : call.inputs[i].data) v = BFloat16(static_cast<float>(v));
    call.inputLayouts[i] = withDtype(call.inputLayouts[i], DType::BF16);
    call.undecided[i] = false;  // a copy of the parameter
  }
  for (size_t o = 0; o < call.outputs.size(); ++o) {
    if (call.outputs[o].dtype != DType::F32 || !becomesBf16(choice.outputs[o])) continue;
    call.outputs[o].dtype = DType::BF16;
    call.outputLayouts[o] = withDtype(call.outputLayouts[o], DType::BF16);
  }
}

size_t bytesIn(const TensorType& type, const LayoutPtr& layout) {
  return layout ? layout->bytes() : bytesOf(type);
}

// Outputs over inputs, wherever the backend allows it.
std::vector<int> drawReuse(Random& random, const KernelSpec& spec) {
  std::vector<int> reuse(spec.outputs.size(), -1);
  for (size_t o = 0; o < reuse.size(); ++o) {
    std::vector<int> free;
    for (size_t i = 0; i < spec.inputs.size(); ++i)
      if (cpuBackend().inPlace(spec, o, i) &&
          std::count(reuse.begin(), reuse.end(), static_cast<int>(i)) == 0 &&
          bytesIn(spec.inputs[i], spec.inputLayouts[i]) == bytesIn(spec.outputs[o], spec.outputLayouts[o]))
        free.push_back(static_cast<int>(i));
    if (!free.empty() && random.chance(0.8)) reuse[o] = random.pick(free);
  }
  return reuse;
}

std::string sameNumbers(const std::vector<Array>& actual, const std::vector<Array>& expected,
                        const char* what) {
  for (size_t o = 0; o < actual.size(); ++o) {
    const std::string wrong = compare({{DType::I32, {}}, actual[o].data}, exactly(expected[o].data), o);
    if (!wrong.empty()) return std::string(what) + ": " + wrong;
  }
  return "";
}

std::string text(const TensorType& type, const LayoutPtr& layout) {
  return toString(type) + (layout ? ":" + layout->name() : "");
}

std::string describe(const Call& call, const std::string& implementation) {
  const KernelSpec spec = call.spec();
  std::ostringstream out;
  out << spec.op << " {";
  for (const auto& [name, value] : spec.attrs) out << ' ' << name << ' ' << toString(value);
  out << " }";
  for (size_t i = 0; i < spec.inputs.size(); ++i)
    out << ' ' << text(spec.inputs[i], spec.inputLayouts[i]) << (spec.isInvariant(i) ? " invariant" : "");
  out << " ->";
  for (size_t o = 0; o < spec.outputs.size(); ++o) out << ' ' << text(spec.outputs[o], spec.outputLayouts[o]);
  if (spec.program) {
    out << " steps";
    for (const ElementwiseStep& step : spec.program->steps) {
      out << ' ' << step.op << '(';
      for (size_t a = 0; a < step.args.size(); ++a) out << (a ? "," : "") << step.args[a];
      out << ')';
    }
    out << " gives";
    for (int reg : spec.program->outputs) out << ' ' << reg;
  }
  out << ", " << teamThreads() << " threads, " << implementation;
  return out.str();
}

std::string check(Random& random, const Call& call, Kernel& kernel, const Family& family) {
  const testing::KernelResult result = testing::runKernel(kernel, call);
  if (!result.fault.empty()) return result.fault;
  std::string wrong = family.check(call, result.outputs, kernel.implementation());
  if (!wrong.empty()) return wrong;

  const KernelSpec spec = call.spec();
  const std::vector<int> reuse = drawReuse(random, spec);
  if (std::any_of(reuse.begin(), reuse.end(), [](int input) { return input >= 0; })) {
    const testing::KernelResult over = testing::runKernel(kernel, call, reuse);
    if (!over.fault.empty()) return "in place: " + over.fault;
    wrong = sameNumbers(over.outputs, result.outputs, "in place");
    if (!wrong.empty()) return wrong;
  }

  Call fewer = call;
  while (fewer.outputs.size() > 1) {
    fewer.outputs.pop_back();
    fewer.outputLayouts.pop_back();
    if (!cpuBackend().supports(fewer.spec())) break;
    const testing::KernelResult without = testing::runKernel(*cpuBackend().kernel(fewer.spec()), fewer);
    if (!without.fault.empty()) return "with fewer outputs: " + without.fault;
    wrong = sameNumbers(without.outputs, result.outputs, "with fewer outputs");
    if (!wrong.empty()) return wrong;
  }
  return "";
}

}  // namespace

std::vector<std::string> allOps() {
  std::vector<std::string> ops;
  for (const auto& row : cpuKernels()) {
    if (families().count(row.first) == 0)
      fail(ErrorCode::Internal, "[kernel_sweep] expected a family of cases for '", row.first,
           "', found none");
    ops.push_back(row.first);
  }
  ops.push_back(kPlan);
  return ops;
}

std::string opOfCase(uint64_t seed, int64_t index) {
  static const std::vector<std::string> choices = [] {
    std::vector<std::string> made;
    for (const std::string& op : allOps()) {
      const auto starts = [&](const char* name) { return op.rfind(name, 0) == 0; };
      const int times =
          starts("conv")                                                ? 15
          : starts("innerProduct") || starts("fused") || op == "matmul" ? 8
          : starts("batchNorm") || starts("lstm") || starts("gru") || op.find("Pool") != std::string::npos
              ? 4
              : 2;
      made.insert(made.end(), static_cast<size_t>(times), op);
    }
    return made;
  }();
  return Random(mixed(~seed, index)).pick(choices);
}

std::string runCase(uint64_t seed, int64_t index, const std::string& op,
                    const std::function<void(const std::string& what)>& tell) {
  Random random(mixed(seed, index));
  cpuBackend().enter(static_cast<int>(random.pick(std::vector<int64_t>{1, 2, 4})));
  try {
    if (op == kPlan) return runPlan(random, tell);
    const Family& family = families().at(op);
    Call call = family.make(random, op);
    drawPrecision(random, call);
    tell(describe(call, "no kernel yet"));
    call = testing::inPlannedLayouts(std::move(call));
    const auto kernel = cpuBackend().kernel(call.spec());
    tell(describe(call, kernel->implementation()));
    return check(random, call, *kernel, family);
  } catch (const std::exception& error) {
    return std::string("threw ") + error.what();
  }
}

}  // namespace nodegrad::sweep
