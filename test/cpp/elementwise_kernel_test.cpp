#include "core/philox.h"
#include "cpu/memory/onednn.h"
#include "support/kernel_test.h"

namespace nodegrad::testing {
namespace {

using ::nodegrad::reference::FloatOp;
using ::nodegrad::reference::floatOp;
using ::nodegrad::reference::floatOps;
using Function = std::function<double(const std::vector<double>&)>;

// The op applied place by place, with numpy's broadcasting.
std::vector<double> reference(const std::vector<Array>& inputs, const Dims& full, const Function& f) {
  std::vector<double> expected;
  ::nodegrad::reference::forEach(full, [&](const Dims& at, int64_t) {
    std::vector<double> args;
    for (const Array& input : inputs)
      args.push_back(input.data[::nodegrad::reference::broadcastPlace(input.type.shape, at)]);
    expected.push_back(f(args));
  });
  return expected;
}

// The op by the evaluation in float64.
std::vector<double> reference(const std::string& op, const std::vector<Array>& inputs, const Attrs& attrs) {
  return ::nodegrad::reference::apply(op, inputs, attrs)[0].data;
}

Array broadcastTo(const Array& x, const Dims& shape) {
  return ::nodegrad::reference::apply("broadcastTo", {x}, {{"shape", shape}})[0];
}

struct Case {
  std::string op;
  Function f;
  double low, high;
};

std::vector<Case> compareCases() {
  return {
      {"equal", [](auto& v) { return v[0] == v[1]; }, 0, 4},
      {"notEqual", [](auto& v) { return v[0] != v[1]; }, 0, 4},
      {"less", [](auto& v) { return v[0] < v[1]; }, 0, 4},
      {"lessEqual", [](auto& v) { return v[0] <= v[1]; }, 0, 4},
      {"greater", [](auto& v) { return v[0] > v[1]; }, 0, 4},
      {"greaterEqual", [](auto& v) { return v[0] >= v[1]; }, 0, 4},
  };
}

class Elementwise : public OnEachIsa {};
ON_EACH_ISA(Elementwise);

TEST_P(Elementwise, UnaryOpsOfAllSizes) {
  std::vector<std::pair<std::string, Attrs>> cases = {{"identity", {}},
                                                      {"gelu", {{"approximate", true}}},
                                                      {"elu", {{"alpha", 0.7}}},
                                                      {"leakyRelu", {{"negativeSlope", 0.3}}}};
  for (const FloatOp& op : floatOps())
    if (op.inputs == 1) cases.push_back({op.name, checkAttrs(findOp(op.name), {})});
  for (const auto& [name, attrs] : cases) {
    const FloatOp op = floatOp(name);
    for (int64_t n : {1, 3, 16, 17, 511, 512, 513, 40000}) {
      const Array x = randomNumbers({n}, 7, op.low, op.high);
      const auto out = run({name, {x}, {{DType::F32, {n}}}, attrs});
      expectNear(out[0], reference(name, {x}, attrs), 2e-6, 3e-7, name);
    }
  }
}

TEST_P(Elementwise, BinaryOpsBroadcast) {
  const std::vector<std::pair<Dims, Dims>> shapes = {
      {{7, 5, 33}, {7, 5, 33}},
      {{7, 5, 33}, {}},
      {{}, {7, 5, 33}},
      {{7, 5, 33}, {33}},
      {{7, 5, 33}, {5, 1}},
      {{7, 1, 33}, {1, 5, 1}},
      {{7, 5, 33}, {5, 33}},
      {{1, 33}, {7, 5, 33}},
      {{1}, {1, 1}},
      {{3, 3000}, {3000}},
      {{40, 1}, {1, 900}},
      {{2, 1, 3, 1, 2}, {1, 2, 1, 3, 1}},
      // Repeated runs whose lengths do not divide a tile, in part longer than one.
      {{2, 400, 3}, {2, 1, 3}},
      {{3, 5, 700}, {3, 1, 700}}};
  for (const FloatOp& op : floatOps()) {
    if (op.inputs != 2) continue;
    for (auto& [left, right] : shapes) {
      const Dims full = broadcast(op.name, left, right);
      const Array a = randomNumbers(left, 1, op.low, op.high), b = randomNumbers(right, 2, op.low, op.high);
      const auto out = run({op.name, {a, b}, {{DType::F32, full}}});
      expectNear(out[0], reference(op.name, {broadcastTo(a, full), broadcastTo(b, full)}, {}), 2e-6, 1e-6,
                 op.name + toString(left) + toString(right));
    }
  }
}

TEST_P(Elementwise, ComparesEveryDtype) {
  for (const Case& c : compareCases()) {
    for (DType dtype : {DType::F32, DType::I32, DType::U8}) {
      const Array a = randomNumbers({9, 70}, 1, c.low, c.high, dtype),
                  b = randomNumbers({70}, 2, c.low, c.high, dtype);
      Array whole = a;
      for (double& v : whole.data) v = std::floor(v);
      const auto out = run({c.op, {whole, b}, {{DType::Bool, {9, 70}}}});
      expectNear(out[0], reference({whole, b}, {9, 70}, c.f), 0, 0, c.op);
    }
  }
  const Array p = randomNumbers({100}, 3, 0, 1, DType::Bool), q = randomNumbers({100}, 4, 0, 1, DType::Bool);
  const TensorType type{DType::Bool, {100}};
  expectNear(run({"logicalAnd", {p, q}, {type}})[0],
             reference({p, q}, {100}, [](auto& v) { return v[0] && v[1]; }), 0, 0);
  expectNear(run({"logicalOr", {p, q}, {type}})[0],
             reference({p, q}, {100}, [](auto& v) { return v[0] || v[1]; }), 0, 0);
  expectNear(run({"logicalNot", {p}, {type}})[0], reference({p}, {100}, [](auto& v) { return !v[0]; }), 0, 0);
}

TEST_P(Elementwise, IntegersAreExactBeyondFloats) {
  const double big = (1 << 24) + 1;
  const Array a = array({5}, {big, -big, 3, 0, 2000000011}, DType::I32),
              b = array({5}, {2, 2, -5, 7, 1}, DType::I32);
  const TensorType type{DType::I32, {5}}, truth{DType::Bool, {5}};
  expectNear(run({"add", {a, b}, {type}})[0], {big + 2, -big + 2, -2, 7, 2000000012}, 0, 0);
  expectNear(run({"subtract", {a, b}, {type}})[0], {big - 2, -big - 2, 8, -7, 2000000010}, 0, 0);
  expectNear(run({"multiply", {a, b}, {type}})[0], {2 * big, -2 * big, -15, 0, 2000000011}, 0, 0);
  expectNear(run({"maximum", {a, b}, {type}})[0], {big, 2, 3, 7, 2000000011}, 0, 0);
  expectNear(run({"minimum", {a, b}, {type}})[0], {2, -big, -5, 0, 1}, 0, 0);
  expectNear(run({"negative", {a}, {type}})[0], {-big, big, -3, 0, -2000000011}, 0, 0);
  expectNear(run({"abs", {a}, {type}})[0], {big, big, 3, 0, 2000000011}, 0, 0);
  expectNear(run({"sign", {a}, {type}})[0], {1, -1, 1, 0, 1}, 0, 0);
  expectNear(run({"square", {b}, {type}})[0], {4, 4, 25, 49, 1}, 0, 0);
  const Array next = array({5}, {big - 1, -big, 3, 0, 2000000010}, DType::I32);
  expectNear(run({"equal", {a, next}, {truth}})[0], {0, 1, 1, 1, 0}, 0, 0);
  expectNear(run({"greater", {a, next}, {truth}})[0], {1, 0, 0, 0, 1}, 0, 0);
}

TEST_P(Elementwise, DividesIntegersWithoutTraps) {
  const double least = INT32_MIN, big = (1 << 24) + 1;
  const Array a = array({8}, {7, -7, 7, -7, big, least, 5, least}, DType::I32),
              b = array({8}, {3, 3, -3, -3, 2, -1, 0, 3}, DType::I32);
  const TensorType type{DType::I32, {8}};
  expectNear(run({"floorDivide", {a, b}, {type}})[0], {2, -3, -3, 2, 8388608, least, 0, -715827883}, 0, 0);
  expectNear(run({"fmod", {a, b}, {type}})[0], {1, -1, 1, -1, 1, 0, 0, -2}, 0, 0);
  const Array x = array({6}, {7, -7, 7, -7, 5.5, 1e9}), y = array({6}, {3, 3, -3, -3, 0.1f, 7});
  const TensorType floats{DType::F32, {6}};
  expectNear(run({"floorDivide", {x, y}, {floats}})[0], {2, -3, -3, 2, 54, 142857142}, 0, 8);
}

TEST_P(Elementwise, BitsOfIntegers) {
  const double least = INT32_MIN;
  const Array a = array({6}, {12, -12, 5, -1, 1, least}, DType::I32),
              b = array({6}, {10, 3, 31, 40, -1, 1}, DType::I32);
  const TensorType type{DType::I32, {6}};
  expectNear(run({"bitwiseAnd", {a, b}, {type}})[0], {8, 0, 5, 40, 1, 0}, 0, 0);
  expectNear(run({"bitwiseOr", {a, b}, {type}})[0], {14, -9, 31, -1, -1, least + 1}, 0, 0);
  expectNear(run({"bitwiseXor", {a, b}, {type}})[0], {6, -9, 26, -41, -2, least + 1}, 0, 0);
  expectNear(run({"leftShift", {a, b}, {type}})[0], {12288, -96, least, 0, 0, 0}, 0, 0);
  expectNear(run({"rightShift", {a, b}, {type}})[0], {0, -2, 0, -1, 0, least / 2}, 0, 0);
  expectNear(run({"gcd", {a, b}, {type}})[0], {2, 3, 1, 1, 1, 1}, 0, 0);
  const Array c = array({4}, {0, 7, 462, least}, DType::I32), d = array({4}, {0, 0, -1071, -6}, DType::I32);
  expectNear(run({"gcd", {c, d}, {{DType::I32, {4}}}})[0], {0, 7, 21, 2}, 0, 0);
}

TEST_P(Elementwise, CastsBetweenAllDtypes) {
  const std::vector<double> numbers = {0, 1, 2, 200, 255, 3, 0, 77};
  for (DType from : {DType::F32, DType::I32, DType::U8, DType::Bool}) {
    for (DType to : {DType::F32, DType::I32, DType::U8, DType::Bool}) {
      Array x = array({8}, numbers, from);
      if (from == DType::Bool) {
        for (double& v : x.data) v = v != 0;
      }
      std::vector<double> expected = x.data;
      if (to == DType::Bool) {
        for (double& v : expected) v = v != 0;
      }
      const auto out = run({"cast", {x}, {{to, {8}}}, {{"dtype", std::string(name(to))}}});
      expectNear(out[0], expected, 0, 0, std::string(name(from)) + " to " + name(to));
    }
  }
  const Array fractions = array({4}, {1.9, -1.9, 0.5, -0.5});
  expectNear(run({"cast", {fractions}, {{DType::I32, {4}}}, {{"dtype", std::string("int32")}}})[0],
             {1, -1, 0, 0}, 0, 0);
  expectNear(run({"cast", {fractions}, {{DType::Bool, {4}}}, {{"dtype", std::string("bool")}}})[0],
             {1, 1, 1, 1}, 0, 0);
}

TEST_P(Elementwise, WhereTakesAnyDtype) {
  for (DType dtype : {DType::F32, DType::I32, DType::U8}) {
    const Array c = randomNumbers({6, 50}, 1, 0, 1, DType::Bool),
                a = randomNumbers({6, 50}, 2, 0, 200, dtype), b = randomNumbers({50}, 3, 0, 200, dtype);
    const auto out = run({"where", {c, a, b}, {{dtype, {6, 50}}}});
    expectNear(out[0], reference({c, a, b}, {6, 50}, [](auto& v) { return v[0] ? v[1] : v[2]; }), 0, 0);
  }
}

// Two results from four inputs of every kind of access, long enough for two threads.
Call chain(int64_t rows) {
  auto program = std::make_shared<ElementwiseProgram>();
  program->inputs = 4;  // x [rows, 33], bias [33], scale [], gate bool [rows, 33]
  const auto step = [&](const std::string& op, std::vector<int> args, Attrs attrs = {},
                        DType dtype = DType::F32) {
    program->steps.push_back({op, std::move(args), std::move(attrs), dtype});
    return program->inputs + static_cast<int>(program->steps.size()) - 1;
  };
  const int sum = step("add", {0, 1});
  const int active = step("relu", {sum});
  const int half = step("constant", {}, {{"value", 0.5}});
  const int scaled = step("multiply", {active, 2});
  const int gate = step("cast", {3}, {{"dtype", std::string("float32")}});
  const int gated = step("multiply", {scaled, gate});
  const int shifted = step("subtract", {gated, half});
  const int positive = step("greater", {shifted, half}, {}, DType::Bool);
  program->outputs = {shifted, positive, scaled};
  const Dims full = {rows, 33};
  return {"fusedElementwise",
          {randomNumbers(full, 1, -2, 2), randomNumbers({33}, 2), randomNumbers({}, 3, 1, 2),
           randomNumbers(full, 4, 0, 1, DType::Bool)},
          {{DType::F32, full}, {DType::Bool, full}, {DType::F32, full}},
          {},
          {},
          {},
          {},
          program};
}

TEST_P(Elementwise, ChainsRunAsTheirSteps) {
  for (int64_t rows : {1, 2, 16, 400}) {
    const Call call = chain(rows);
    const auto f = [](const std::vector<double>& v) { return std::max(v[0] + v[1], 0.0) * v[2]; };
    const Dims full = {rows, 33};
    for (const std::vector<int>& reuse : {std::vector<int>{}, {0, 3, -1}, {-1, -1, 0}}) {
      const auto out = run(call, reuse);
      expectNear(out[0], reference(call.inputs, full, [&](auto& v) { return f(v) * v[3] - 0.5; }), 2e-6,
                 2e-7);
      expectNear(out[1], reference(call.inputs, full, [&](auto& v) { return f(v) * v[3] - 0.5 > 0.5; }), 0,
                 0);
      expectNear(out[2], reference(call.inputs, full, f), 2e-6, 2e-7);
    }
  }
}

// y = x · x written over x while x is read again afterwards.
TEST_P(Elementwise, AnOutputInPlaceWaitsForLaterReaders) {
  auto program = std::make_shared<ElementwiseProgram>();
  program->inputs = 1;
  program->steps = {{"square", {0}, {}, DType::F32}, {"add", {0, 1}, {}, DType::F32}};
  program->outputs = {1, 2};
  const Array x = randomNumbers({1024}, 1, -2, 2);
  const auto out = run({"fusedElementwise", {x}, {x.type, x.type}, {}, {}, {}, {}, program}, {0, -1});
  expectNear(out[0], reference({x}, {1024}, [](auto& v) { return v[0] * v[0]; }), 1e-6, 0);
  expectNear(out[1], reference({x}, {1024}, [](auto& v) { return v[0] + v[0] * v[0]; }), 1e-6, 1e-7);
}

TEST_P(Elementwise, RefusesToOverwriteWhatItHandsOn) {
  const Array x = randomNumbers({8}, 1, -2, 2);
  for (const std::string op : {"add", "identity"}) {
    auto program = std::make_shared<ElementwiseProgram>();
    program->inputs = 2;
    program->steps = {{op, op == "add" ? std::vector<int>{0, 1} : std::vector<int>{0}, {}, DType::F32},
                      {"negative", {2}, {}, DType::F32}};
    program->outputs = {3, op == "add" ? 0 : 2};
    const Call call{"fusedElementwise", {x, x}, {x.type, x.type}, {}, {}, {}, {}, program};
    EXPECT_FALSE(cpuBackend().inPlace(call.spec(), 0, 0)) << op;
  }
  const KernelSpec add = Call{"add", {x, x}, {x.type}}.spec();
  EXPECT_TRUE(cpuBackend().inPlace(add, 0, 1));
}

TEST_P(Elementwise, TheSameBitsForAnyNumberOfThreads) {
  const Call call = chain(3000);
  setTeamThreads(1);
  const auto one = run(call);
  setTeamThreads(3);
  const auto three = run(call);
  setTeamThreads(availableThreads());
  for (size_t o = 0; o < one.size(); ++o) EXPECT_EQ(one[o].data, three[o].data);
}

// The channels of an [n, h, w, c] tensor in blocks of 16.
LayoutPtr blocked(const Dims& shape, DType dtype = DType::F32) {
  const onednn::Desc desc({shape[0], shape[3], shape[1], shape[2]}, onednn::dataType(dtype),
                          onednn::Tag::nChw16c);
  return onednn::layoutOf(desc.permute_axes({0, 3, 1, 2}));
}

KernelSpec inLayouts(Call& call, size_t blockedInput) {
  call.inputLayouts.assign(call.inputs.size(), nullptr);
  call.outputLayouts.assign(call.outputs.size(), nullptr);
  call.inputLayouts[blockedInput] = blocked(call.inputs[blockedInput].type.shape);
  const LayoutChoice choice = cpuBackend().layouts(call.spec(), std::vector<bool>(call.inputs.size()));
  call.inputLayouts = choice.inputs;
  call.outputLayouts = choice.outputs;
  return call.spec();
}

TEST_P(Elementwise, ChainsFollowBlockedLayouts) {
  const auto program = std::make_shared<ElementwiseProgram>();
  program->inputs = 5;  // x, y, bias [c], scale [], key
  program->steps = {{"add", {0, 2}, {}, DType::F32},
                    {"multiply", {5, 3}, {}, DType::F32},
                    {"subtract", {1, 6}, {}, DType::F32},
                    {"dropout", {7, 4}, {{"rate", 0.25}, {"salt", int64_t{3}}}, DType::F32},
                    {"exp", {8}, {}, DType::F32}};
  program->outputs = {9, 7};
  for (const Dims& shape : {Dims{2, 5, 7, 32}, Dims{3, 4, 5, 20}, Dims{1, 1, 1, 4}, Dims{2, 24, 24, 48}}) {
    for (const Dims& bias : {Dims{shape[3]}, Dims{1, 1, 1, shape[3]}, Dims{shape[0], 1, 1, 1}, Dims{}}) {
      Call call{"fusedElementwise",
                {randomNumbers(shape, 1), randomNumbers(shape, 2), randomNumbers(bias, 3),
                 randomNumbers({}, 4, 1, 2), array({2}, {9, 1}, DType::I32)},
                {{DType::F32, shape}, {DType::F32, shape}},
                {},
                {},
                {},
                {},
                program};
      inLayouts(call, 1);
      ASSERT_TRUE(sameLayout(call.outputLayouts[0], blocked(shape))) << toString(shape) << toString(bias);
      ASSERT_TRUE(sameLayout(call.inputLayouts[0], blocked(shape)) && !call.inputLayouts[4]);
      const auto out = run(call, {1, 0});
      const auto before = [](const std::vector<double>& v) { return v[1] - (v[0] + v[2]) * v[3]; };
      const std::vector<Array> operands(call.inputs.begin(), call.inputs.begin() + 4);
      std::vector<double> expected = reference(operands, shape, before);
      expectNear(out[1], expected, 1e-6, 1e-6, toString(shape));
      for (size_t i = 0; i < expected.size(); ++i) {
        expected[i] = philoxUniform(philoxBits(9, 3, 1, i)) < 0.25f ? 1 : std::exp(expected[i] / 0.75);
      }
      expectNear(out[0], expected, 4e-6, 1e-6, toString(shape));
    }
  }
}

TEST_P(Elementwise, ChoosesRowMajorWhereBlocksDoNotFit) {
  const Dims shape = {2, 3, 4, 20}, odd = {2, 3, 4, 18};
  const Array x = randomNumbers(shape, 1), ragged = randomNumbers(odd, 1);
  Call compare{"greater", {x, x}, {{DType::Bool, shape}}};
  EXPECT_FALSE(inLayouts(compare, 0).outputLayouts[0]);  // bool
  Call dropout{"dropout",
               {ragged, array({2}, {1, 2}, DType::I32)},
               {ragged.type},
               {{"rate", 0.5}, {"salt", int64_t{0}}}};
  EXPECT_FALSE(inLayouts(dropout, 0).outputLayouts[0]);  // numbers of four elements across a block's end
  Call rows{"add", {x, randomNumbers({4, 20}, 2)}, {x.type}};
  EXPECT_FALSE(inLayouts(rows, 0).outputLayouts[0]);  // more than a vector along padded channels
  Call vector{"add", {x, randomNumbers({20}, 2)}, {x.type}};
  EXPECT_TRUE(inLayouts(vector, 0).outputLayouts[0]);
}

TEST_P(Elementwise, WeightsInAnyBlocksKeepTheirOrder) {
  const Dims shape = {3, 3, 32, 64};
  const onednn::Desc desc({64, 32, 3, 3}, dnnl::memory::data_type::f32, onednn::Tag::OIhw16i16o);
  const LayoutPtr layout = onednn::layoutOf(desc.permute_axes({3, 2, 0, 1}));
  const Array w = randomNumbers(shape, 1), g = randomNumbers(shape, 2), decay = randomNumbers({}, 3, 0, 1);
  for (const Dims& other : {shape, Dims{64}, Dims{32, 1}}) {
    Call call{"multiply", {w, randomNumbers(other, 4)}, {w.type}};
    call.inputLayouts = {layout, nullptr};
    call.outputLayouts = {nullptr};
    const LayoutChoice choice = cpuBackend().layouts(call.spec(), {false, false});
    call.inputLayouts = choice.inputs;
    call.outputLayouts = choice.outputs;
    ASSERT_TRUE(sameLayout(call.outputLayouts[0], layout));
    expectNear(run(call)[0], reference(call.inputs, shape, [](auto& v) { return v[0] * v[1]; }), 1e-6, 1e-7);
  }
}

}  // namespace
}  // namespace nodegrad::testing
