#include "cpu/memory/onednn.h"
#include "support/kernel_test.h"

namespace nodegrad::testing {
namespace {

// The numbers of one place: p, g and the slots.
using Step = std::function<void(double& p, double g, std::vector<double>& s, double lr, double t)>;

struct Rule {
  std::string op;
  int slots;
  bool counts;  // takes the step
  Attrs attrs;
  Step step;
};

std::vector<Rule> rules() {
  const auto momentum = [](bool nesterov) {
    return [=](double& p, double g, std::vector<double>& s, double lr, double) {
      s[0] = 0.9 * s[0] - lr * g;
      p += nesterov ? 0.9 * s[0] - lr * g : s[0];
    };
  };
  const auto adam = [](bool amsgrad) {
    return [=](double& p, double g, std::vector<double>& s, double lr, double t) {
      s[0] = 0.9 * s[0] + 0.1 * g;
      s[1] = 0.999 * s[1] + 0.001 * g * g;
      if (amsgrad) s[2] = std::max(s[2], s[1]);
      const double v = amsgrad ? s[2] : s[1];
      p -= lr * std::sqrt(1 - std::pow(0.999, t)) / (1 - std::pow(0.9, t)) * s[0] / (std::sqrt(v) + 1e-7);
    };
  };
  const auto rmsprop = [](bool centered) {
    return [=](double& p, double g, std::vector<double>& s, double lr, double) {
      s[0] = 0.9 * s[0] + 0.1 * g * g;
      if (centered) s[1] = 0.9 * s[1] + 0.1 * g;
      double& m = s[centered ? 2 : 1];
      m = 0.8 * m + lr * g / std::sqrt(s[0] - (centered ? s[1] * s[1] : 0) + 1e-5);
      p -= m;
    };
  };
  const auto adadelta = [](double& p, double g, std::vector<double>& s, double lr, double) {
    s[0] = 0.95 * s[0] + 0.05 * g * g;
    const double change = g * std::sqrt(s[1] + 1e-6) / std::sqrt(s[0] + 1e-6);
    s[1] = 0.95 * s[1] + 0.05 * change * change;
    p -= lr * change;
  };
  const Attrs adamAttrs{{"beta1", 0.9}, {"beta2", 0.999}, {"epsilon", 1e-7}};
  const Attrs rmspropAttrs{{"rho", 0.9}, {"epsilon", 1e-5}, {"momentum", 0.8}};
  return {
      {"sgdUpdate", 0, false, {}, [](double& p, double g, auto&, double lr, double) { p -= lr * g; }},
      {"momentumUpdate", 1, false, {{"momentum", 0.9}, {"nesterov", false}}, momentum(false)},
      {"momentumUpdate", 1, false, {{"momentum", 0.9}, {"nesterov", true}}, momentum(true)},
      {"rmspropUpdate", 2, false, rmspropAttrs, rmsprop(false)},
      {"rmspropCenteredUpdate", 3, false, rmspropAttrs, rmsprop(true)},
      {"adamUpdate", 2, true, adamAttrs, adam(false)},
      {"adamAmsgradUpdate", 3, true, adamAttrs, adam(true)},
      {"adadeltaUpdate", 2, false, {{"rho", 0.95}, {"epsilon", 1e-6}}, adadelta},
  };
}

class Optimizer : public OnEachIsa {};
ON_EACH_ISA(Optimizer);

TEST_P(Optimizer, StepsInPlace) {
  for (const Rule& rule : rules()) {
    for (double decay : {0.0, 0.01}) {
      for (int64_t n : {1, 19, 40000}) {
        std::vector<Array> state = {randomNumbers({n}, 1)};
        for (int s = 0; s < rule.slots; ++s) state.push_back(array({n}, std::vector<double>(n, 0.0)));
        std::vector<std::vector<double>> expected;
        for (const Array& a : state) expected.push_back(a.data);
        Attrs attrs = rule.attrs;
        attrs.set("weightDecay", decay);
        const double lr = static_cast<float>(0.1);
        for (int t = 1; t <= (n > 1000 ? 2 : 10); ++t) {
          const Array g = randomNumbers({n}, 100 + t);
          Call call{rule.op, {state[0], g}, {}, attrs};
          std::vector<int> reuse = {0};
          for (int s = 0; s < rule.slots; ++s) {
            call.inputs.push_back(state[s + 1]);
            reuse.push_back(s + 2);
          }
          call.inputs.push_back(array({}, {lr}));
          if (rule.counts) call.inputs.push_back(array({}, {static_cast<double>(t)}));
          call.outputs.assign(state.size(), state[0].type);
          state = run(call, reuse);
          for (int64_t i = 0; i < n; ++i) {
            std::vector<double> slots;
            for (int s = 0; s < rule.slots; ++s) slots.push_back(expected[s + 1][i]);
            expected[0][i] *= 1 - lr * decay;
            rule.step(expected[0][i], g.data[i], slots, lr, t);
            for (int s = 0; s < rule.slots; ++s) expected[s + 1][i] = slots[s];
          }
        }
        for (size_t i = 0; i < state.size(); ++i) {
          // The centred variance is a difference of like numbers.
          expectNear(state[i], expected[i], 1e-5, rule.op == "rmspropCenteredUpdate" ? 1e-4 : 2e-6, rule.op);
        }
      }
    }
  }
}

TEST_P(Optimizer, EverythingLiesAsTheWeightOrItsGradient) {
  const Dims shape = {3, 3, 20, 40};
  const onednn::Desc desc({40, 20, 3, 3}, dnnl::memory::data_type::f32, onednn::Tag::OIhw16i16o);
  const LayoutPtr layout = onednn::layoutOf(desc.permute_axes({3, 2, 0, 1}));
  const Array p = randomNumbers(shape, 1), g = randomNumbers(shape, 2), v = randomNumbers(shape, 3);
  Call call{"momentumUpdate",
            {p, g, v, array({}, {0.5})},
            {p.type, p.type},
            {{"momentum", 0.9}, {"nesterov", false}, {"weightDecay", 0.0}}};
  call.inputLayouts = {nullptr, layout, nullptr, nullptr};
  call.outputLayouts = {nullptr, nullptr};
  EXPECT_FALSE(cpuBackend().layouts(call.spec(), {false, false, false, false}).inputs[1]);
  const LayoutChoice choice = cpuBackend().layouts(call.spec(), {true, false, true, false});
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(sameLayout(choice.inputs[i], layout));
  ASSERT_FALSE(choice.inputs[3]);
  call.inputLayouts = choice.inputs;
  call.outputLayouts = choice.outputs;
  const auto out = run(call, {0, 2});
  std::vector<double> weight, slot;
  for (size_t i = 0; i < p.data.size(); ++i) {
    slot.push_back(0.9 * v.data[i] - 0.5 * g.data[i]);
    weight.push_back(p.data[i] + slot[i]);
  }
  expectNear(out[0], weight, 1e-6, 1e-6);
  expectNear(out[1], slot, 1e-6, 1e-6);
}

// The inputs of a rule's update of one weight, without the scalars.
std::vector<Array> tensorsOf(const Rule& rule, const Dims& shape, unsigned seed) {
  std::vector<Array> made;
  // The first slot is a mean of squares, never below the square of the mean.
  for (int i = 0; i < rule.slots + 2; ++i)
    made.push_back(randomNumbers(shape, seed + i, i < 2 ? -1 : i == 2 ? 0.5 : 0.1, i < 3 ? 1 : 0.6));
  return made;
}

void addScalars(const Rule& rule, std::vector<Array>& inputs) {
  inputs.push_back(array({}, {0.25}));
  if (rule.counts) inputs.push_back(array({}, {3}));
}

Attrs withDecay(const Rule& rule, double decay) {
  Attrs attrs = rule.attrs;
  attrs.set("weightDecay", decay);
  return attrs;
}

TEST_P(Optimizer, TakesSeveralWeightsAsIfEachHadItsOwnNode) {
  for (const Rule& rule : rules()) {
    Call joined{rule.op, {}, {}, withDecay(rule, 0.01)};
    std::vector<std::vector<double>> expected;
    // Parts of three threads begin and end within weights.
    for (int64_t n : {3, 40000, 1, 17, 20000}) {
      Call call{rule.op, tensorsOf(rule, {n}, static_cast<unsigned>(n)), {}, joined.attrs};
      call.outputs.assign(rule.slots + 1, call.inputs[0].type);
      joined.inputs.insert(joined.inputs.end(), call.inputs.begin(), call.inputs.end());
      joined.outputs.insert(joined.outputs.end(), call.outputs.begin(), call.outputs.end());
      addScalars(rule, call.inputs);
      for (const Array& out : run(call)) expected.push_back(out.data);
    }
    addScalars(rule, joined.inputs);
    setTeamThreads(3);
    const auto out = run(joined);
    setTeamThreads(availableThreads());
    for (size_t o = 0; o < out.size(); ++o) EXPECT_EQ(out[o].data, expected[o]) << rule.op << " " << o;
  }
}

TEST_P(Optimizer, JoinedWeightsAreChangedInTheirOwnMemory) {
  const Array a = array({2}, {1, 2}), b = array({3}, {1, 2, 3});
  const Call call{"sgdUpdate", {a, a, b, b, array({}, {1})}, {a.type, b.type}, {{"weightDecay", 0.0}}};
  for (size_t output : {0, 1})
    for (size_t input = 0; input < 5; ++input)
      EXPECT_EQ(cpuBackend().inPlace(call.spec(), output, input), input / 2 == output)
          << output << " " << input;
}

std::vector<int64_t> bitsOf(const Array& a) {
  std::vector<int64_t> bits(a.data.size());
  std::memcpy(bits.data(), a.data.data(), bits.size() * sizeof(double));
  return bits;
}

// The table's update from its gathered rows against gatherBackward and the update of the whole table.
void expectRowsUpdateIsDense(const Rule& rule, const Array& indices, const Dims& table, double decay,
                             double epsilon) {
  Attrs attrs = withDecay(rule, decay);
  if (attrs.has("epsilon")) attrs.set("epsilon", epsilon);
  const int64_t rows = table[0], width = count(table) / rows;
  std::vector<Array> state = tensorsOf(rule, table, 5);
  state.erase(state.begin() + 1);
  for (int64_t row = 0; row < rows; ++row)
    if (row % 3)  // as in rows that no step has touched yet; one weight is -0
      for (size_t i = 0; i < state.size(); ++i)
        for (int64_t x = 0; x < width; ++x)
          if (i || x == 0) state[i].data[row * width + x] = i ? 0.0 : -0.0;
  Dims gathered = indices.type.shape;
  gathered.insert(gathered.end(), table.begin() + 1, table.end());
  const Array dy = randomNumbers(gathered, 6);
  Call dense{rule.op, state, std::vector<TensorType>(state.size(), state[0].type), attrs};
  dense.inputs.insert(dense.inputs.begin() + 1, run({"gatherBackward",
                                                     {dy, indices},
                                                     {state[0].type},
                                                     {{"axis", int64_t{0}}, {"batchDims", int64_t{0}}}})[0]);
  addScalars(rule, dense.inputs);
  const auto expected = run(dense);
  Call rowsCall = dense;
  rowsCall.op = "rowsUpdate";
  rowsCall.attrs.set("rule", rule.op);
  rowsCall.inputs[1] = dy;
  rowsCall.inputs.push_back(indices);
  std::vector<int> inPlace = {0};
  for (int s = 0; s < rule.slots; ++s) inPlace.push_back(s + 2);
  for (int threads : {1, 3}) {
    setTeamThreads(threads);
    for (const auto& reuse : {inPlace, std::vector<int>{}}) {
      const auto out = run(rowsCall, reuse);
      for (size_t o = 0; o < out.size(); ++o)
        EXPECT_EQ(bitsOf(out[o]), bitsOf(expected[o]))
            << rule.op << " " << toString(table) << " output " << o << (reuse.empty() ? "" : " in place");
    }
  }
  setTeamThreads(availableThreads());
}

TEST_P(Optimizer, UpdatesATableFromItsGatheredRows) {
  for (const Rule& rule : rules()) {
    for (const Dims& table : {Dims{50, 5}, Dims{9, 2, 40}, Dims{3000, 24}, Dims{7}}) {
      const double last = static_cast<double>(table[0]) - 0.001;
      expectRowsUpdateIsDense(rule, randomNumbers({4, 9}, 1, 0, last, DType::I32), table, 0, 1e-7);
      expectRowsUpdateIsDense(rule, randomNumbers({11}, 2, 0, std::min(last, 250.0), DType::U8), table, 0.1,
                              1e-7);
    }
    // 0 / 0: no row rests.
    expectRowsUpdateIsDense(rule, array({2}, {1, 1}, DType::I32), {6, 3}, 0, 0);
  }
}

TEST_P(Optimizer, LeavesRowsAloneThatNothingChanges) {
  const Array table = randomNumbers({4, 3}, 1), zeros = array({4, 3}, std::vector<double>(12, 0.0)),
              dy = randomNumbers({1, 3}, 2), index = array({1}, {2}, DType::I32);
  const Call call{"rowsUpdate",
                  {table, dy, zeros, zeros, array({}, {0.1}), array({}, {1}), index},
                  {table.type, table.type, table.type},
                  {{"rule", std::string("adamUpdate")},
                   {"beta1", 0.9},
                   {"beta2", 0.999},
                   {"epsilon", 1e-7},
                   {"weightDecay", 0.0}}};
  const auto out = run(call, {0, 2, 3});
  for (size_t i = 0; i < 12; ++i) EXPECT_EQ(out[0].data[i] == table.data[i], i / 3 != 2) << i;
}

TEST_P(Optimizer, ZerosStayZeros) {
  for (const Rule& rule : rules()) {
    const Array zeros = array({33}, std::vector<double>(33, 0.0));
    Attrs attrs = rule.attrs;
    attrs.set("weightDecay", 0.1);
    Call call{rule.op, std::vector<Array>(rule.slots + 2, zeros),
              std::vector<TensorType>(rule.slots + 1, zeros.type), attrs};
    call.inputs.push_back(array({}, {0.5}));
    if (rule.counts) call.inputs.push_back(array({}, {1}));
    for (const Array& out : run(call)) expectNear(out, zeros.data, 0, 0, rule.op);
  }
}

}  // namespace
}  // namespace nodegrad::testing
