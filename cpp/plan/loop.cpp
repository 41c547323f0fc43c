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

bool isLoop(const KernelSpec& spec) { return spec.op == "scan"; }

// Runs the plan of its step again and again. What all steps read are parameters of that plan, so that it
// keeps what it makes of them alone. The states before each step, where they are wanted, are the memory in
// which the states go from step to step.
class LoopKernel : public Kernel {
 public:
  LoopKernel(const KernelSpec& spec, Backend& backend, DType compute)
      : backend_(backend),
        states_(static_cast<size_t>(spec.attrs.integer("states"))),
        places_(states_ + static_cast<size_t>(spec.attrs.integer("sequences"))),
        steps_(spec.inputs[states_].shape[0]),
        backwards_(spec.attrs.integers("backwards")) {
    const Subgraph& body = *spec.attrs.get<Body>("body");
    results_ = body.outputs.size() - states_;
    keepsStates_ = spec.outputs.size() > body.outputs.size();
    Graph graph;
    std::unordered_map<Value, Value> known;
    std::vector<Value> feeds, fetches;
    std::vector<TensorType> types;
    for (size_t i = 0; i < spec.inputs.size(); ++i) {
      TensorType type = spec.inputs[i];
      if (i >= states_ && i < places_) type.shape.erase(type.shape.begin());
      bytes_.push_back(bytesOf(type));
      if (i < places_) {
        feeds.push_back(graph.input(type));
        types.push_back(type);
        known.emplace(body.inputs[i], feeds.back());
      } else {
        constants_.push_back(std::make_shared<Storage>(type, backend.allocate(bytesOf(type))));
        known.emplace(body.inputs[i], graph.parameter(constants_.back(), type));
      }
    }
    copyNodes(body.graph, body.outputs, graph, known);
    for (Value output : body.outputs) fetches.push_back(known.at(output));
    plan_ = std::make_unique<Plan>(specialize(graph, feeds, types, fetches, {}), backend, compute);
    for (const TensorType& type : plan_->fetchTypes()) outputBytes_.push_back(bytesOf(type));
  }

  std::string implementation() const override {
    return "loop of " + std::to_string(plan_->kernels()) + " kernels";
  }

  size_t scratchBytes() const override {
    size_t bytes = wholeLines(plan_->arenaBytes());
    for (size_t i = 0; i < states_; ++i) bytes += 2 * wholeLines(bytes_[i]);
    return bytes;
  }

  void run(const void* const* inputs, void* const* outputs, void* scratch) override {
    for (size_t c = 0; c < constants_.size(); ++c) {
      // As the plan of the step wants it, from its first run on.
      Storage& storage = *constants_[c];
      ++storage.version;
      if (storage.layout)
        layOut(backend_, storage.type, nullptr, inputs[places_ + c], storage.layout, storage.buffer->data());
      else
        backend_.copy(inputs[places_ + c], storage.buffer->data(), bytes_[places_ + c]);
    }
    const Memory memory{outputs, static_cast<std::byte*>(scratch) + wholeLines(plan_->arenaBytes())};
    for (size_t i = 0; i < states_; ++i) backend_.copy(inputs[i], state(memory, i, 0), bytes_[i]);
    std::vector<Feed> feeds(places_);
    std::vector<void*> fetches(states_ + results_);
    for (int64_t k = 0; k < steps_; ++k) {
      for (size_t i = 0; i < states_; ++i) {
        feeds[i].data = state(memory, i, k);
        fetches[i] = state(memory, i, k + 1);
      }
      for (size_t i = states_; i < places_; ++i)
        feeds[i].data = static_cast<const std::byte*>(inputs[i]) + place(k, i - states_) * bytes_[i];
      for (size_t o = states_; o < fetches.size(); ++o)
        fetches[o] =
            static_cast<std::byte*>(outputs[o]) + place(k, places_ - states_ + o - states_) * outputBytes_[o];
      plan_->run(static_cast<std::byte*>(scratch), feeds, fetches);
    }
  }

 private:
  struct Memory {
    void* const* outputs;
    std::byte* spare;
  };

  size_t place(int64_t k, size_t i) const { return static_cast<size_t>(backwards_[i] ? steps_ - 1 - k : k); }

  // Where state i is before step k.
  std::byte* state(const Memory& memory, size_t i, int64_t k) const {
    if (k == steps_) return static_cast<std::byte*>(memory.outputs[i]);
    if (keepsStates_)
      return static_cast<std::byte*>(memory.outputs[states_ + results_ + i]) +
             static_cast<size_t>(k) * bytes_[i];
    std::byte* spare = memory.spare;
    for (size_t before = 0; before < i; ++before) spare += 2 * wholeLines(bytes_[before]);
    return spare + (k % 2 ? wholeLines(bytes_[i]) : 0);
  }

  Backend& backend_;
  size_t states_, places_, results_ = 0;
  int64_t steps_;
  Dims backwards_;  // of each sequence and result
  bool keepsStates_ = false;
  std::vector<size_t> bytes_, outputBytes_;  // of what a step reads, and gives
  std::vector<StoragePtr> constants_;
  std::unique_ptr<Plan> plan_;
};

}  // namespace

PrecisionChoice LoopBackend::precisions(const KernelSpec& spec) const {
  if (!isLoop(spec)) return inner_.precisions(spec);
  return {std::vector<Precision>(spec.inputs.size()), std::vector<Precision>(spec.outputs.size())};
}

LayoutChoice LoopBackend::layouts(const KernelSpec& spec, const std::vector<bool>& undecided) {
  if (!isLoop(spec)) return inner_.layouts(spec, undecided);
  return {std::vector<LayoutPtr>(spec.inputs.size()), std::vector<LayoutPtr>(spec.outputs.size())};
}

std::unique_ptr<Kernel> LoopBackend::kernel(const KernelSpec& spec) {
  if (!isLoop(spec)) return inner_.kernel(spec);
  return std::make_unique<LoopKernel>(spec, inner_, compute_);
}

bool LoopBackend::supports(const KernelSpec& spec) const {
  if (!isLoop(spec)) return inner_.supports(spec);
  // With the states before each step, or with none of them.
  const size_t outputs = spec.attrs.get<Body>("body")->outputs.size();
  const size_t states = spec.outputs.size() - outputs;
  return states == 0 || states == static_cast<size_t>(spec.attrs.integer("states"));
}

bool LoopBackend::inPlace(const KernelSpec& spec, size_t output, size_t input) const {
  return !isLoop(spec) && inner_.inPlace(spec, output, input);
}

}  // namespace nodegrad::plan
