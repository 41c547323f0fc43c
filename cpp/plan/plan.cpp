#include "plan/plan.h"

#include <algorithm>
#include <iomanip>
#include <sstream>
#include <utility>

#include "graph/subgraph.h"
#include "plan/residence.h"

namespace nodegrad::plan {

namespace {

// The op with the activation that is fused with it.
std::string label(const IrNode& node) {
  if (!node.attrs.has("activation") || node.attrs.text("activation") == "linear") return node.op;
  return node.op + "+" + node.attrs.text("activation");
}

}  // namespace

Plan::Plan(Ir ir, Backend& backend, Compute compute)
    : ir_(std::move(ir)), device_(backend), backend_(backend, compute) {
  const Ir given = ir_;
  Kernels kernels;
  try {
    kernels = optimize(true, compute);
  } catch (const Error& error) {
    // No fusion and no other precision may take a computation away that works without them.
    if (error.code() != ErrorCode::Device) throw;
    remark_ = error.what();
    ir_ = given;
    kernels = optimize(false, Compute::Float32);
  }
  compile(std::move(kernels));
}

Plan::Kernels Plan::optimize(bool fuse, Compute compute) {
  runPasses(ir_, backend_, fuse, compute);
  Kernels kernels;
  for (const IrNode& node : ir_.nodes)
    kernels.add(isAlias(ir_, node) ? nullptr : backend_.kernel(ir_.spec(node)));
  return kernels;
}

void Plan::compile(Kernels kernels) {
  PerNode<size_t> scratch;
  for (NodeId n : kernels.ids())
    scratch.add(kernels[n] && !ir_.nodes[n].invariant ? kernels[n]->scratchBytes() : 0);
  map_ = assignMemory(ir_, backend_, scratch);
  for (NodeId n : ir_.nodes.ids()) {
    const IrNode& node = ir_.nodes[n];
    if (node.invariant && kernels[n]) invariantNodes_.add(ir_, map_, n, std::move(kernels[n]));
    if (map_.skipped[n]) continue;
    Step step;
    step.node = n;
    // An alias that is also fetched is copied after all.
    step.kernel = kernels[n] ? std::move(kernels[n]) : backend_.kernel(ir_.spec(node));
    step.scratch = map_.scratch[n];
    bind(node, step);
    steps_.push_back(std::move(step));
    // A plan within this one allocates, and records for itself.
    mayRecord_ = mayRecord_ && !carriesGraph(node.attrs);
    const OpDef* op = findKnownOp(node.op);
    mayRefuse_ = mayRefuse_ || (op && nodegrad::mayFail(*op, node.attrs) && !takesFedRows(node));
  }
  for (const auto& [parameter, value] : map_.copies) {
    copies_.push_back({pointers_.size(), bytesOf(ir_.values[value])});
    bind(map_.slots[value]);
    bind(Slot{MemoryKind::Parameter, parameter, 0});
  }
  if (device_.onHost()) return;
  for (ValueId feed : ir_.feeds) {
    const bool isOwn = feed && (!ir_.feedsRows || feed == ir_.feeds.back());
    ownFeeds_.push_back(isOwn ? device_.allocate(nodegrad::bytesOf(ir_.type(feed))) : nullptr);
  }
  for (ValueId fetch : ir_.fetches)
    ownFetches_.push_back(device_.allocate(nodegrad::bytesOf(ir_.type(fetch))));
}

// Which rows those are is our own doing: all of them are there.
bool Plan::takesFedRows(const IrNode& node) const {
  return ir_.feedsRows && node.op == "gather" && node.inputs[1] == ir_.feeds.back();
}

void Plan::bind(const IrNode& node, Step& step) {
  step.firstPointer = pointers_.size();
  step.inputs = node.inputs.size();
  for (ValueId input : node.inputs) bind(map_.slots[input]);
  for (ValueId output : node.outputs) bind(map_.slots[output]);
}

void Plan::bind(const Slot& slot) {
  auto& patches = slot.kind == MemoryKind::Arena ? arenaPatches_ : runPatches_;
  patches.push_back({pointers_.size(), slot});
  pointers_.push_back(nullptr);
}

std::vector<TensorType> Plan::fetchTypes() const {
  std::vector<TensorType> types;
  for (ValueId value : ir_.fetches) types.push_back(ir_.type(value));
  return types;
}

void* Plan::address(const Slot& slot, std::byte* arena, const std::vector<Feed>& feeds,
                    const std::vector<void*>& fetches) const {
  const size_t index = slot.index;
  switch (slot.kind) {
    case MemoryKind::Arena: return arena + slot.offset;
    case MemoryKind::Feed:
      if (!ownFeeds_.empty() && ownFeeds_[index]) return ownFeeds_[index]->data();
      return const_cast<void*>(feeds[index].data);  // kernels never write to what is fed
    case MemoryKind::Parameter: return ir_.storages[index]->buffer->data();
    case MemoryKind::Fetch: return ownFetches_.empty() ? fetches[index] : ownFetches_[index]->data();
    case MemoryKind::Invariant: return invariantNodes_.data(ValueId(slot.index));
  }
  return nullptr;
}

// A parameter has the layout that the plan which ran last chose; another plan may want another one.
void Plan::layOutParameters() {
  for (size_t p = 0; p < ir_.storages.size(); ++p) {
    Storage& storage = *ir_.storages[p];
    const LayoutPtr& wanted = ir_.values[ir_.parameters[p]].layout;
    moveTo(storage, device_);
    if (sameLayout(storage.layout, wanted)) continue;
    storage.buffer = laidOut(device_, storage, wanted);
    storage.layout = wanted;
  }
}

void Plan::takeFeeds(const std::vector<Feed>& feeds) {
  for (size_t f = 0; f < ownFeeds_.size(); ++f) {
    if (!ownFeeds_[f]) continue;
    const TensorType& type = ir_.type(ir_.feeds[f]);
    if (feeds[f].onHost)
      device_.fromRowMajor(type, nullptr, feeds[f].data, ownFeeds_[f]->data());
    else
      device_.copy(feeds[f].data, ownFeeds_[f]->data(), nodegrad::bytesOf(type));
  }
}

void Plan::giveFetches(const std::vector<void*>& fetches) {
  if (fetches.empty()) return;
  for (size_t f = 0; f < ownFetches_.size(); ++f)
    device_.copy(ownFetches_[f]->data(), fetches[f], ownFetches_[f]->bytes());
}

void Plan::run(std::byte* arena, const std::vector<Feed>& feeds, const std::vector<void*>& fetches) {
  layOutParameters();
  invariantNodes_.refresh(ir_, device_);
  bool moved = arena != arena_;
  if (moved)
    for (const Patch& patch : arenaPatches_) pointers_[patch.pointer] = arena + patch.slot.offset;
  arena_ = arena;
  for (const Patch& patch : runPatches_) {
    void* pointer = address(patch.slot, arena, feeds, fetches);
    moved |= std::exchange(pointers_[patch.pointer], pointer) != pointer;
  }
  if (moved) recording_ = nullptr;
  takeFeeds(feeds);
  if (clock_) {
    measureSteps();
  } else if (recording_) {
    recording_->run();
  } else if (mayRecord_ && runs_ > 0) {  // what a device does at the first run of a kernel stays out of it
    recording_ = device_.record([this] { queueSteps(); });
    mayRecord_ = recording_ != nullptr;
  } else {
    queueSteps();
  }
  giveFetches(fetches);
  for (const IrUpdate& update : ir_.updates) ++ir_.storages[update.parameter]->version;
  ++runs_;
}

void Plan::queueSteps() {
  for (const Step& step : steps_) {
    void** pointers = pointers_.data() + step.firstPointer;
    step.kernel->run(pointers, pointers + step.inputs, arena_ + step.scratch);
    if (clock_) clock_->lap();
  }
  for (const Copy& copy : copies_)
    device_.copy(pointers_[copy.firstPointer], pointers_[copy.firstPointer + 1], copy.bytes);
}

void Plan::measureSteps() {
  clock_->lap();
  queueSteps();
  const std::vector<double> times = clock_->milliseconds();
  for (size_t s = 0; s < steps_.size(); ++s) {
    steps_[s].bestMs = runs_ ? std::min(steps_[s].bestMs, times[s]) : times[s];
    steps_[s].totalMs += times[s];
  }
}

std::string Plan::describe() const {
  std::ostringstream out;
  double best = 0, total = 0;
  const auto describeValue = [&](ValueId value) {
    const IrValue& v = ir_.values[value];
    return toString(v.type) + (v.layout ? " " + v.layout->name() : "");
  };
  out << "plan: " << steps_.size() << " kernels, " << invariantNodes_.size()
      << " before the first step, arena " << map_.arenaBytes << " bytes, " << runs_ << " runs\n";
  if (!remark_.empty()) out << "without fusions, because of: " << remark_ << "\n";
  for (const Step& step : steps_) {
    const IrNode& node = ir_.nodes[step.node];
    size_t bytes = 0;
    for (ValueId value : node.inputs) bytes += bytesOf(ir_.values[value]);
    for (ValueId value : node.outputs) bytes += bytesOf(ir_.values[value]);
    out << std::setw(4) << step.node.index() << "  " << std::left << std::setw(32) << label(node)
        << std::setw(24) << step.kernel->implementation() << std::right << std::setw(12) << bytes << " B";
    if (clock_ && runs_) {
      out << std::fixed << std::setprecision(3) << std::setw(10) << step.bestMs << " ms best" << std::setw(10)
          << step.totalMs / static_cast<double>(runs_) << " ms mean";
      best += step.bestMs;
      total += step.totalMs / static_cast<double>(runs_);
    }
    out << "  ";
    for (size_t i = 0; i < node.inputs.size(); ++i) out << (i ? ", " : "") << describeValue(node.inputs[i]);
    out << " -> ";
    for (size_t i = 0; i < node.outputs.size(); ++i) out << (i ? ", " : "") << describeValue(node.outputs[i]);
    if (node.program) {
      out << "  {";
      for (size_t i = 0; i < node.program->steps.size(); ++i)
        out << (i ? " " : "") << node.program->steps[i].op;
      out << "}";
    }
    out << "\n";
  }
  if (clock_ && runs_) out << "sum of the kernels: " << best << " ms best, " << total << " ms mean\n";
  return out.str();
}

}  // namespace nodegrad::plan
