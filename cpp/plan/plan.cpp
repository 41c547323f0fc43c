#include "plan/plan.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <iomanip>
#include <sstream>

namespace nodegrad::plan {

namespace {

using Clock = std::chrono::steady_clock;

double millisecondsSince(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

// The op with the activation that is fused with it.
std::string label(const IrNode& node) {
  if (!node.attrs.has("activation") || node.attrs.text("activation") == "linear") return node.op;
  return node.op + "+" + node.attrs.text("activation");
}

}  // namespace

Plan::Plan(Ir ir, Backend& backend, DType compute) : ir_(std::move(ir)), backend_(backend, compute) {
  const Ir given = ir_;
  Kernels kernels;
  try {
    kernels = optimize(true, compute);
  } catch (const Error& error) {
    // No fusion and no other precision may take a computation away that works without them.
    if (error.code() != ErrorCode::Device) throw;
    remark_ = error.what();
    ir_ = given;
    kernels = optimize(false, DType::F32);
  }
  compile(std::move(kernels));
}

Plan::Kernels Plan::optimize(bool fuse, DType compute) {
  runPasses(ir_, backend_, fuse, compute);
  Kernels kernels;
  for (const IrNode& node : ir_.nodes)
    kernels.push_back(isAlias(ir_, node) ? nullptr : backend_.kernel(ir_.spec(node)));
  return kernels;
}

void Plan::compile(Kernels kernels) {
  std::vector<size_t> scratch;
  for (size_t n = 0; n < kernels.size(); ++n)
    scratch.push_back(kernels[n] && !ir_.nodes[n].steady ? kernels[n]->scratchBytes() : 0);
  map_ = assignMemory(ir_, backend_, scratch);
  for (size_t n = 0; n < ir_.nodes.size(); ++n) {
    const IrNode& node = ir_.nodes[n];
    if (node.steady && kernels[n]) prologue_.add(ir_, map_, static_cast<int>(n), std::move(kernels[n]));
    if (map_.skipped[n]) continue;
    Step step;
    step.node = static_cast<int>(n);
    // An alias that is also fetched is copied after all.
    step.kernel = kernels[n] ? std::move(kernels[n]) : backend_.kernel(ir_.spec(node));
    step.scratch = map_.scratch[n];
    bind(node, step);
    steps_.push_back(std::move(step));
  }
}

void Plan::bind(const IrNode& node, Step& step) {
  step.firstPointer = pointers_.size();
  step.inputs = node.inputs.size();
  const auto bindValue = [&](int value) {
    const Slot& slot = map_.slots[static_cast<size_t>(value)];
    auto& patches = slot.place == Place::Arena ? arenaPatches_ : runPatches_;
    patches.push_back({pointers_.size(), slot});
    pointers_.push_back(nullptr);
  };
  for (int input : node.inputs) bindValue(input);
  for (int output : node.outputs) bindValue(output);
}

std::vector<TensorType> Plan::fetchTypes() const {
  std::vector<TensorType> types;
  for (int value : ir_.fetches) types.push_back(ir_.type(value));
  return types;
}

void* Plan::address(const Slot& slot, std::byte* arena, const std::vector<const void*>& feeds,
                    const std::vector<void*>& fetches) const {
  const auto index = static_cast<size_t>(slot.index);
  switch (slot.place) {
    case Place::Arena: return arena + slot.offset;
    case Place::Feed:
      return const_cast<void*>(feeds[index]);  // no kernel writes to an input that is no parameter of its own
    case Place::Parameter: return ir_.storages[index]->buffer->data();
    case Place::Fetch: return fetches[index];
    case Place::Steady: return prologue_.data(slot.index);
  }
  return nullptr;
}

// A parameter lies as the plan that ran last chose; another plan may want it otherwise.
void Plan::layOutParameters() {
  for (size_t p = 0; p < ir_.storages.size(); ++p) {
    Storage& storage = *ir_.storages[p];
    if (storage.error) std::rethrow_exception(storage.error);
    const IrValue& value = ir_.values[static_cast<size_t>(ir_.parameters[p])];
    if (sameLayout(storage.layout, value.layout)) continue;
    auto plain = storage.buffer;
    if (storage.layout) {
      plain = Buffer::allocate(nodegrad::bytesOf(value.type));
      backend_.toRowMajor(value.type, storage.layout, storage.buffer->data(), plain->data());
    }
    const auto laidOut = Buffer::allocate(bytesOf(value));
    backend_.fromRowMajor(value.type, value.layout, plain->data(), laidOut->data());
    storage.buffer = laidOut;
    storage.layout = value.layout;
  }
}

void Plan::run(std::byte* arena, const std::vector<const void*>& feeds, const std::vector<void*>& fetches) {
  layOutParameters();
  prologue_.refresh(ir_);
  if (arena != arena_) {
    for (const Patch& patch : arenaPatches_) pointers_[patch.pointer] = arena + patch.slot.offset;
    arena_ = arena;
  }
  for (const Patch& patch : runPatches_)
    pointers_[patch.pointer] = address(patch.slot, arena, feeds, fetches);
  for (Step& step : steps_) {
    void** pointers = pointers_.data() + step.firstPointer;
    if (!timing_) {
      step.kernel->run(pointers, pointers + step.inputs, arena + step.scratch);
      continue;
    }
    const auto start = Clock::now();
    step.kernel->run(pointers, pointers + step.inputs, arena + step.scratch);
    const double ms = millisecondsSince(start);
    step.bestMs = runs_ ? std::min(step.bestMs, ms) : ms;
    step.totalMs += ms;
  }
  for (const auto& copy : map_.copies) {
    const void* from = address(map_.slots[static_cast<size_t>(copy.first)], arena, feeds, fetches);
    const Storage& to = *ir_.storages[static_cast<size_t>(copy.second)];
    std::memcpy(to.buffer->data(), from, bytesOf(ir_.values[static_cast<size_t>(copy.first)]));
  }
  for (const IrUpdate& update : ir_.updates) ++ir_.storages[static_cast<size_t>(update.parameter)]->version;
  ++runs_;
}

std::string Plan::describe() const {
  std::ostringstream out;
  double best = 0, total = 0;
  const auto place = [&](int value) {
    const IrValue& v = ir_.values[static_cast<size_t>(value)];
    return toString(v.type) + (v.layout ? " " + v.layout->name() : "");
  };
  out << "plan: " << steps_.size() << " kernels, " << prologue_.size() << " before the first step, arena "
      << map_.arenaBytes << " bytes, " << runs_ << " runs\n";
  if (!remark_.empty()) out << "without fusions, because of: " << remark_ << "\n";
  for (const Step& step : steps_) {
    const IrNode& node = ir_.nodes[static_cast<size_t>(step.node)];
    size_t bytes = 0;
    for (int value : node.inputs) bytes += bytesOf(ir_.values[static_cast<size_t>(value)]);
    for (int value : node.outputs) bytes += bytesOf(ir_.values[static_cast<size_t>(value)]);
    out << std::setw(4) << step.node << "  " << std::left << std::setw(32) << label(node) << std::setw(24)
        << step.kernel->implementation() << std::right << std::setw(12) << bytes << " B";
    if (timing_ && runs_) {
      out << std::fixed << std::setprecision(3) << std::setw(10) << step.bestMs << " ms best" << std::setw(10)
          << step.totalMs / static_cast<double>(runs_) << " ms mean";
      best += step.bestMs;
      total += step.totalMs / static_cast<double>(runs_);
    }
    out << "  ";
    for (size_t i = 0; i < node.inputs.size(); ++i) out << (i ? ", " : "") << place(node.inputs[i]);
    out << " -> ";
    for (size_t i = 0; i < node.outputs.size(); ++i) out << (i ? ", " : "") << place(node.outputs[i]);
    if (node.program) {
      out << "  {";
      for (size_t i = 0; i < node.program->steps.size(); ++i)
        out << (i ? " " : "") << node.program->steps[i].op;
      out << "}";
    }
    out << "\n";
  }
  if (timing_ && runs_) out << "sum of the kernels: " << best << " ms best, " << total << " ms mean\n";
  return out.str();
}

}  // namespace nodegrad::plan
