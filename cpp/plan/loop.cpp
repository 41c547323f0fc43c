#include "plan/loop.h"

#include <algorithm>

#include "core/align.h"
#include "core/storage.h"
#include "graph/subgraph.h"
#include "plan/plan.h"
#include "plan/residence.h"

namespace nodegrad::plan {

namespace {

using Body = std::shared_ptr<const Subgraph>;

bool carriesPlans(const KernelSpec& spec) { return carriesGraph(spec.attrs); }

// The plan of a computation that an op carries. Of what it reads the first `fed` inputs come with each run;
// the others are parameters, so that the plan keeps what it makes of them alone.
class PartPlan {
 public:
  PartPlan(const Subgraph& part, const std::vector<TensorType>& types, size_t fed, Backend& backend,
           Compute compute)
      : backend_(backend) {
    Graph graph;
    std::unordered_map<Value, Value> known;
    std::vector<Value> feeds, fetches;
    for (size_t i = 0; i < types.size(); ++i) {
      if (i < fed) {
        feeds.push_back(graph.input(types[i]));
        known.emplace(part.inputs[i], feeds.back());
      } else {
        constants_.push_back(std::make_shared<Storage>(types[i], backend.allocate(bytesOf(types[i]))));
        known.emplace(part.inputs[i], graph.parameter(constants_.back(), types[i]));
      }
    }
    copyNodes(part.graph, part.outputs, graph, known);
    for (Value output : part.outputs) fetches.push_back(known.at(output));
    const std::vector<TensorType> fedTypes(types.begin(), types.begin() + static_cast<std::ptrdiff_t>(fed));
    plan_ = std::make_unique<Plan>(specialize(graph, feeds, fedTypes, fetches, {}), backend, compute);
  }

  size_t arenaBytes() const { return wholeLines(plan_->arenaBytes()); }
  std::vector<TensorType> outputTypes() const { return plan_->fetchTypes(); }
  size_t kernels() const { return plan_->kernels(); }

  void setConstants(const void* const* numbers) {
    for (size_t c = 0; c < constants_.size(); ++c) {
      // As the plan wants it, from its first run on.
      Storage& storage = *constants_[c];
      ++storage.version;
      if (storage.layout)
        layOut(backend_, storage.type, nullptr, numbers[c], storage.layout, storage.buffer->data());
      else
        backend_.copy(numbers[c], storage.buffer->data(), bytesOf(storage.type));
    }
  }

  void run(void* arena, const std::vector<Feed>& feeds, const std::vector<void*>& fetches) {
    plan_->run(static_cast<std::byte*>(arena), feeds, fetches);
  }

 private:
  Backend& backend_;
  std::vector<StoragePtr> constants_;
  std::unique_ptr<Plan> plan_;
};

std::string loopOf(size_t kernels) { return "loop of " + std::to_string(kernels) + " kernels"; }

// The number of a condition, once all before it is done.
bool holds(Backend& backend, const void* condition) {
  if (backend.onHost()) return *static_cast<const uint8_t*>(condition) != 0;
  uint8_t number = 0;
  backend.toRowMajor({DType::Bool, {}}, nullptr, condition, &number);
  backend.finish();
  return number != 0;
}

std::vector<size_t> bytesOfEach(const std::vector<TensorType>& types) {
  std::vector<size_t> bytes;
  for (const TensorType& type : types) bytes.push_back(bytesOf(type));
  return bytes;
}

// Memory for what goes from step to step, twice: before and after a step.
class StateMemory {
 public:
  explicit StateMemory(std::vector<size_t> bytes) : bytes_(std::move(bytes)) {
    for (size_t size : bytes_) {
      offsets_.push_back(total_);
      total_ += 2 * wholeLines(size);
    }
  }

  size_t count() const { return bytes_.size(); }
  size_t bytes() const { return total_; }
  size_t bytes(size_t i) const { return bytes_[i]; }
  // Where state i is before step k.
  std::byte* at(std::byte* memory, size_t i, int64_t k) const {
    return memory + offsets_[i] + (k % 2 ? wholeLines(bytes_[i]) : 0);
  }

 private:
  std::vector<size_t> bytes_, offsets_;
  size_t total_ = 0;
};

// Runs the plan of its step again and again. What all steps read are parameters of that plan. The states
// before each step, where they are wanted, are the memory in which the states go from step to step.
class LoopKernel : public Kernel {
 public:
  LoopKernel(const KernelSpec& spec, Backend& backend, Compute compute)
      : backend_(backend),
        states_(static_cast<size_t>(spec.attrs.integer("states"))),
        perStep_(states_ + static_cast<size_t>(spec.attrs.integer("sequences"))),
        steps_(spec.inputs[states_].shape[0]),
        backwards_(spec.attrs.integers("backwards")),
        memory_(
            bytesOfEach({spec.inputs.begin(), spec.inputs.begin() + static_cast<std::ptrdiff_t>(states_)})) {
    const Subgraph& body = *spec.attrs.get<Body>("body");
    results_ = body.outputs.size() - states_;
    keepsStates_ = spec.outputs.size() > body.outputs.size();
    std::vector<TensorType> types = spec.inputs;
    for (size_t i = states_; i < perStep_; ++i) types[i].shape.erase(types[i].shape.begin());
    bytes_ = bytesOfEach(types);
    step_ = std::make_unique<PartPlan>(body, types, perStep_, backend, compute);
    outputBytes_ = bytesOfEach(step_->outputTypes());
  }

  std::string implementation() const override { return loopOf(step_->kernels()); }

  size_t scratchBytes() const override { return step_->arenaBytes() + memory_.bytes(); }

  void run(const void* const* inputs, void* const* outputs, void* scratch) override {
    step_->setConstants(inputs + perStep_);
    const Memory memory{outputs, static_cast<std::byte*>(scratch) + step_->arenaBytes()};
    for (size_t i = 0; i < states_; ++i) backend_.copy(inputs[i], state(memory, i, 0), bytes_[i]);
    std::vector<Feed> feeds(perStep_);
    std::vector<void*> fetches(states_ + results_);
    for (int64_t k = 0; k < steps_; ++k) {
      for (size_t i = 0; i < states_; ++i) {
        feeds[i].data = state(memory, i, k);
        fetches[i] = state(memory, i, k + 1);
      }
      for (size_t i = states_; i < perStep_; ++i)
        feeds[i].data = static_cast<const std::byte*>(inputs[i]) + timeIndex(k, i - states_) * bytes_[i];
      for (size_t o = states_; o < fetches.size(); ++o)
        fetches[o] = static_cast<std::byte*>(outputs[o]) +
                     timeIndex(k, perStep_ - states_ + o - states_) * outputBytes_[o];
      step_->run(scratch, feeds, fetches);
    }
  }

 private:
  struct Memory {
    void* const* outputs;
    std::byte* spare;
  };

  size_t timeIndex(int64_t k, size_t i) const {
    return static_cast<size_t>(backwards_[i] ? steps_ - 1 - k : k);
  }

  // Where state i is before step k.
  std::byte* state(const Memory& memory, size_t i, int64_t k) const {
    if (k == steps_) return static_cast<std::byte*>(memory.outputs[i]);
    if (keepsStates_)
      return static_cast<std::byte*>(memory.outputs[states_ + results_ + i]) +
             static_cast<size_t>(k) * bytes_[i];
    return memory_.at(memory.spare, i, k);
  }

  Backend& backend_;
  size_t states_, perStep_, results_ = 0;
  int64_t steps_;
  Dims backwards_;  // of each sequence and result
  bool keepsStates_ = false;
  StateMemory memory_;
  std::vector<size_t> bytes_, outputBytes_;  // of what a step reads, and gives
  std::unique_ptr<PartPlan> step_;
};

// Runs the plan of its step as long as that of its condition gives true.
class WhileKernel : public Kernel {
 public:
  WhileKernel(const KernelSpec& spec, Backend& backend, Compute compute)
      : backend_(backend),
        maximum_(spec.attrs.integer("maximum")),
        memory_(bytesOfEach(spec.outputs)),
        condition_(*spec.attrs.get<Body>("condition"), spec.inputs, spec.outputs.size(), backend, compute),
        step_(*spec.attrs.get<Body>("body"), spec.inputs, spec.outputs.size(), backend, compute) {}

  std::string implementation() const override { return loopOf(condition_.kernels() + step_.kernels()); }

  size_t scratchBytes() const override { return arenaBytes() + memory_.bytes() + kCacheLine; }

  void run(const void* const* inputs, void* const* outputs, void* scratch) override {
    const size_t states = memory_.count();
    condition_.setConstants(inputs + states);
    step_.setConstants(inputs + states);
    std::byte* memory = static_cast<std::byte*>(scratch) + arenaBytes();
    void* going = memory + memory_.bytes();
    std::vector<Feed> feeds(states);
    std::vector<void*> next(states);
    const auto stateAt = [&](size_t i, int64_t k) { return memory_.at(memory, i, k); };
    for (size_t i = 0; i < states; ++i) backend_.copy(inputs[i], stateAt(i, 0), memory_.bytes(i));
    int64_t k = 0;
    for (; maximum_ < 0 || k < maximum_; ++k) {
      for (size_t i = 0; i < states; ++i) {
        feeds[i].data = stateAt(i, k);
        next[i] = stateAt(i, k + 1);
      }
      condition_.run(scratch, feeds, {going});
      if (!holds(backend_, going)) break;
      step_.run(scratch, feeds, next);
    }
    for (size_t i = 0; i < states; ++i) backend_.copy(stateAt(i, k), outputs[i], memory_.bytes(i));
  }

 private:
  size_t arenaBytes() const { return std::max(condition_.arenaBytes(), step_.arenaBytes()); }

  Backend& backend_;
  int64_t maximum_;
  StateMemory memory_;
  PartPlan condition_, step_;
};

// Runs the plan of one of two branches.
class CondKernel : public Kernel {
 public:
  CondKernel(const KernelSpec& spec, Backend& backend, Compute compute)
      : backend_(backend),
        operands_(spec.inputs.begin() + 1, spec.inputs.end()),
        outputs_(spec.outputs.size()),
        then_(*spec.attrs.get<Body>("then"), operands_, operands_.size(), backend, compute),
        otherwise_(*spec.attrs.get<Body>("otherwise"), operands_, operands_.size(), backend, compute) {}

  std::string implementation() const override {
    return "plan of " + std::to_string(then_.kernels()) + " or " + std::to_string(otherwise_.kernels()) +
           " kernels";
  }

  size_t scratchBytes() const override { return std::max(then_.arenaBytes(), otherwise_.arenaBytes()); }

  void run(const void* const* inputs, void* const* outputs, void* scratch) override {
    std::vector<Feed> feeds(operands_.size());
    for (size_t i = 0; i < feeds.size(); ++i) feeds[i].data = inputs[i + 1];
    PartPlan& chosen = holds(backend_, inputs[0]) ? then_ : otherwise_;
    chosen.run(scratch, feeds, {outputs, outputs + outputs_});
  }

 private:
  Backend& backend_;
  std::vector<TensorType> operands_;
  size_t outputs_;
  PartPlan then_, otherwise_;
};

}  // namespace

PrecisionChoice LoopBackend::precisions(const KernelSpec& spec) const {
  if (!carriesPlans(spec)) return inner_.precisions(spec);
  return {std::vector<Precision>(spec.inputs.size()), std::vector<Precision>(spec.outputs.size())};
}

LayoutChoice LoopBackend::layouts(const KernelSpec& spec, const std::vector<bool>& undecided) {
  if (!carriesPlans(spec)) return inner_.layouts(spec, undecided);
  return {std::vector<LayoutPtr>(spec.inputs.size()), std::vector<LayoutPtr>(spec.outputs.size())};
}

std::unique_ptr<Kernel> LoopBackend::kernel(const KernelSpec& spec) {
  if (!carriesPlans(spec)) return inner_.kernel(spec);
  if (spec.op == "cond") return std::make_unique<CondKernel>(spec, inner_, compute_);
  if (spec.op == "whileLoop") return std::make_unique<WhileKernel>(spec, inner_, compute_);
  return std::make_unique<LoopKernel>(spec, inner_, compute_);
}

bool LoopBackend::supports(const KernelSpec& spec) const {
  if (!carriesPlans(spec)) return inner_.supports(spec);
  if (spec.op == "cond") return spec.outputs.size() == spec.attrs.get<Body>("then")->outputs.size();
  const size_t outputs = spec.attrs.get<Body>("body")->outputs.size();
  if (spec.op == "whileLoop") return spec.outputs.size() == outputs;
  // With the states before each step, or with none of them.
  const size_t states = spec.outputs.size() - outputs;
  return states == 0 || states == static_cast<size_t>(spec.attrs.integer("states"));
}

bool LoopBackend::inPlace(const KernelSpec& spec, size_t output, size_t input) const {
  return !carriesPlans(spec) && inner_.inPlace(spec, output, input);
}

}  // namespace nodegrad::plan
