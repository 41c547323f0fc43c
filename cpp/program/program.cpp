#include "program/program.h"

#include <algorithm>
#include <cstdio>
#include <optional>
#include <set>
#include <span>

#include "core/lru_cache.h"
#include "core/settings.h"
#include "data/source.h"
#include "plan/plan.h"
#include "plan/residence.h"

namespace nodegrad {

namespace {

constexpr size_t kPlansKept = 8;
constexpr size_t kShapesKept = 32;

// Prints a plan that goes, where that is wished.
struct DropPlan {
  void operator()(plan::Plan* plan) const {
    if (settings().printsPlans) std::fputs(plan->describe().c_str(), stderr);
    delete plan;
  }
};
using RunPtr = std::shared_ptr<Outcome>;
using PlanPtr = std::unique_ptr<plan::Plan, DropPlan>;

bool fits(const TensorType& wanted, const TensorType& given) {
  if (wanted.dtype != given.dtype || wanted.shape.size() != given.shape.size()) return false;
  for (size_t i = 0; i < wanted.shape.size(); ++i)
    if (wanted.shape[i] != kDynamic && wanted.shape[i] != given.shape[i]) return false;
  return true;
}

}  // namespace

struct Program::State {
  using Shapes = std::vector<Dims>;
  // Tells where each fetch's numbers go, given its type.
  using Room = std::function<void*(size_t fetch, const TensorType& type)>;

  Graph graph;
  std::vector<Value> feeds, fetches;
  std::vector<std::pair<StoragePtr, Value>> updates;
  Compute compute = Compute::Float32;
  std::shared_ptr<Executor> executor = Executor::shared();
  Executor::Device* device = nullptr;
  LruCache<Shapes, std::vector<TensorType>> fetchTypes{kShapesKept};  // JavaScript's thread
  // By the size of the team, too, for which kernels are made. The engine's thread.
  LruCache<std::pair<Shapes, int>, PlanPtr> plans{kPlansKept};

  plan::Ir specialize(const std::vector<TensorType>& types, std::optional<int64_t> rows = {}) const {
    return plan::specialize(graph, feeds, types, fetches, updates, rows);
  }

  static Shapes shapesOf(const std::vector<TensorType>& types) {
    Shapes shapes;
    for (const TensorType& type : types) shapes.push_back(type.shape);
    return shapes;
  }

  // Checks what is fed against the graph's inputs and tells the types of the fetches.
  const std::vector<TensorType>& check(const std::vector<TensorType>& types) {
    if (types.size() != feeds.size())
      fail(ErrorCode::Argument, "expected ", feeds.size(), " tensors to feed, received ", types.size());
    Shapes shapes = shapesOf(types);
    for (size_t i = 0; i < feeds.size(); ++i) {
      const TensorType& wanted = graph.type(feeds[i]);
      if (fits(wanted, types[i])) continue;
      fail(wanted.dtype == types[i].dtype ? ErrorCode::Shape : ErrorCode::Dtype, "expected ",
           toString(wanted), " for the input '", graph.producer(feeds[i]).label, "', received ",
           toString(types[i]));
    }
    if (const auto* known = fetchTypes.find(shapes)) return *known;
    const plan::Ir ir = specialize(types);
    std::vector<TensorType> result;
    for (plan::ValueId value : ir.fetches) result.push_back(ir.type(value));
    return fetchTypes.add(std::move(shapes), std::move(result));
  }

  plan::Plan& planFor(const std::vector<TensorType>& types, std::optional<int64_t> rows) {
    std::pair<Shapes, int> key(shapesOf(types), executor->threads());
    if (rows) key.first.push_back({*rows});
    if (const PlanPtr* known = plans.find(key)) return **known;
    PlanPtr made(new plan::Plan(specialize(types, rows), backend(), compute));
    made->setTiming(settings().printsPlans);
    return *plans.add(std::move(key), std::move(made));
  }

  Backend& backend() const { return *device->backend; }

  // Fails where the run that should have made the storage's numbers did, as far as that is known. Else the
  // run fails with that one, or waits for it before it changes anything.
  void admit(Storage& storage, Outcome& run) const {
    if (!storage.outcome || storage.outcome.get() == &run) return;
    const bool waits = !updates.empty() && storage.outcome->mayRefuse();
    if (!waits && storage.buffer && !storage.outcome->isKnown()) return run.follow(storage.outcome);
    if (const std::exception_ptr error = storage.outcome->error()) std::rethrow_exception(error);
    storage.outcome = nullptr;
  }

  // Whether arrays that batches are cut from may be on the device.
  bool fit(const std::vector<StoragePtr>& arrays) const {
    if (backend().onHost()) return false;
    size_t bytes = 0;
    for (const StoragePtr& array : arrays) {
      bytes += backend().holds(*array->buffer) ? 0 : bytesOf(array->type);
      // A step may write over what it updates before it has read it.
      for (const auto& update : updates)
        if (update.first == array) return false;
    }
    return bytes == 0 || bytes <= backend().residentBytes();
  }

  // Brings them there, or where there is no memory or they do not fit, to the host; tells which.
  bool bring(const std::vector<StoragePtr>& arrays, bool areFitting) const {
    if (areFitting) {
      try {
        for (const StoragePtr& array : arrays) {
          plan::moveTo(*array, backend());
          if (!array->layout) continue;
          array->buffer = plan::laidOut(backend(), *array, nullptr);
          array->layout = nullptr;
        }
        return true;
      } catch (const Error& error) {
        if (error.code() != ErrorCode::OutOfMemory) throw;
      }
    }
    for (const StoragePtr& array : arrays) plan::moveToHost(*array);
    return false;
  }

  // What a step is fed.
  struct Batch {
    const std::vector<StoragePtr>& inputs;
    bool onHost;                    // in memory of the host that is used again: it is copied from there
    std::span<const int32_t> rows;  // of the inputs, which are arrays on the device; none: the inputs are fed
  };
  Batch batchOf(Source& source, int64_t step, bool areOnDevice) const {
    if (areOnDevice) return {source.arrays(), false, source.rows(step)};
    return {source.batch(step), !backend().onHost(), {}};
  }

  // One step, on the engine's thread.
  void step(const Batch& batch, Outcome& run, const Room& room) {
    std::vector<TensorType> types;
    std::vector<plan::Feed> fed;
    std::vector<std::shared_ptr<Buffer>> held;  // the plan may move what it is fed
    std::optional<int64_t> rows;
    for (const StoragePtr& input : batch.inputs) {
      admit(*input, run);
      if (!batch.onHost) plan::moveTo(*input, backend());
      types.push_back(input->type);
      held.push_back(input->layout ? plan::laidOut(backend(), *input, nullptr) : input->buffer);
      fed.push_back({held.back()->data(), batch.onHost});
    }
    if (!batch.rows.empty()) {
      fed.push_back({batch.rows.data(), true});
      rows = static_cast<int64_t>(batch.rows.size());
    }
    plan::Plan& plan = planFor(types, rows);
    for (const StoragePtr& parameter : plan.parameters()) admit(*parameter, run);
    if (plan.mayRefuse()) run.setMayRefuse();
    std::vector<void*> results;
    if (room)
      for (const TensorType& type : plan.fetchTypes()) results.push_back(room(results.size(), type));
    plan.run(Executor::arena(*device, plan.arenaBytes()), fed, results);
  }

  // One step whose results are kept in outputs, if there are any.
  void step(const Batch& batch, Outcome& run, const std::vector<StoragePtr>& outputs) {
    std::vector<std::shared_ptr<Buffer>> buffers;
    for (const StoragePtr& output : outputs) output->room.end();
    const Room room = [&](size_t, const TensorType& type) {
      buffers.push_back(backend().allocate(bytesOf(type)));
      return buffers.back()->data();
    };
    // Where the device is not the host, the plan has memory for results that are not read.
    step(batch, run, outputs.empty() && !backend().onHost() ? Room() : room);
    for (size_t i = 0; i < outputs.size(); ++i) {
      outputs[i]->buffer = buffers[i];
      ++outputs[i]->version;
    }
  }

  // Runs a body on the engine's thread and lets outputs and done know how it ended on the device.
  void submit(std::shared_ptr<Program> self, RunPtr run, std::vector<StoragePtr> outputs, Done done,
              std::function<void(const std::vector<StoragePtr>&)> body) {
    executor->submit([this, self = std::move(self), run = std::move(run), outputs = std::move(outputs),
                      done = std::move(done), body = std::move(body)]() mutable {
      std::exception_ptr error;
      run->begin();
      try {
        for (const StoragePtr& output : outputs) {
          admit(*output, *run);  // what one call could not write, no later one makes whole
          output->outcome = run;
        }
        body(outputs);
      } catch (const std::bad_alloc&) {
        error = std::make_exception_ptr(
            Error(ErrorCode::OutOfMemory, "the machine has no memory left for this step"));
      } catch (...) {
        error = std::current_exception();
      }
      if (error)
        for (const StoragePtr& output : outputs) output->room.end();
      backend().whenDone([run = std::move(run), done = std::move(done),
                          error = std::move(error)](const std::exception_ptr& earlier) {
        done(run->publish(earlier ? earlier : error));
      });
    });
  }

  // Queues steps on the source's next batches: body makes the one of a number.
  void submit(std::shared_ptr<Program> self, const RunPtr& run, const std::shared_ptr<Source>& source,
              int64_t steps, std::vector<StoragePtr> outputs, Done done,
              std::function<void(int64_t, const Batch&, const std::vector<StoragePtr>&)> body) {
    const int64_t first = source->position(), end = first + steps;
    source->advance(steps);
    submit(std::move(self), run, std::move(outputs), std::move(done),
           [=, this, body = std::move(body)](const std::vector<StoragePtr>& results) {
             for (const StoragePtr& array : source->arrays()) admit(*array, *run);
             const bool areFitting = fit(source->arrays());
             for (int64_t i = first; i < end; ++i) {
               if (executor->cancelled()) fail(ErrorCode::Aborted, "the steps' environment has ended");
               // Each time: a step that reads or updates one of them moves it.
               body(i, batchOf(*source, i, bring(source->arrays(), areFitting)), results);
             }
           });
  }

  static RunPtr newRun() {
    // What a reader meets where the run is cancelled before it begins.
    static const auto cancelled =
        std::make_exception_ptr(Error(ErrorCode::Aborted, "the step that makes this tensor was cancelled"));
    return std::make_shared<Outcome>(cancelled);
  }

  std::vector<StoragePtr> promise(const std::vector<TensorType>& types, const RunPtr& run) const {
    std::vector<StoragePtr> outputs;
    for (const TensorType& type : types) {
      outputs.push_back(std::make_shared<Storage>(type, nullptr));
      outputs.back()->room = backend().reserve(bytesOf(type));
      outputs.back()->outcome = run;
    }
    return outputs;
  }
};

Program::Program(std::unique_ptr<State> state) : state_(std::move(state)) {}

Program::~Program() = default;

std::shared_ptr<Program> Program::create(const Graph& graph, std::vector<Value> feeds,
                                         std::vector<Value> fetches, std::vector<Update> updates,
                                         Compute compute, const std::string& device) {
  auto state = std::make_unique<State>();
  state->graph = graph;
  for (Value value : feeds)
    if (graph.producer(value).op->name != "input")
      fail(ErrorCode::Argument, "expected inputs of the graph as feeds, received a result of '",
           graph.producer(value).op->name, "'");
  for (Value value : fetches) graph.type(value);
  std::set<const Storage*> updated;
  for (Update& update : updates) {
    const TensorType& type = graph.type(update.value);
    if (!fits(type, update.storage->type))
      fail(type.dtype == update.storage->type.dtype ? ErrorCode::Shape : ErrorCode::Dtype, "expected ",
           toString(update.storage->type), " as the new value of a variable, received ", toString(type));
    if (!updated.insert(update.storage.get()).second)
      fail(ErrorCode::Argument, "expected one new value for a variable, received two");
    state->updates.emplace_back(std::move(update.storage), update.value);
  }
  state->feeds = std::move(feeds);
  state->fetches = std::move(fetches);
  state->compute = compute;
  state->device = &state->executor->device(device);
  if (compute == Compute::BFloat16 && !state->backend().hasBfloat16())
    fail(ErrorCode::Device, "expected a processor with bfloat16 instructions, received one without");
  return std::shared_ptr<Program>(new Program(std::move(state)));
}

std::vector<StoragePtr> Program::run(const std::vector<StoragePtr>& feeds, Done done) {
  std::vector<TensorType> types;
  for (const StoragePtr& feed : feeds) types.push_back(feed->type);
  const RunPtr run = State::newRun();
  std::vector<StoragePtr> outputs = state_->promise(state_->check(types), run);
  State* state = state_.get();
  state_->submit(shared_from_this(), run, outputs, std::move(done),
                 [=](const std::vector<StoragePtr>& results) {
                   state->step(State::Batch{feeds, false, {}}, *run, results);
                 });
  return outputs;
}

std::vector<StoragePtr> Program::run(const std::shared_ptr<Source>& source, int64_t steps, Done done) {
  if (steps < 1) fail(ErrorCode::Argument, "expected one step or more, received ", steps);
  const int64_t last = source->position() + steps - 1;
  state_->check(source->typesAt(source->position()));
  const RunPtr run = State::newRun();
  std::vector<StoragePtr> outputs = state_->promise(state_->check(source->typesAt(last)), run);
  State* state = state_.get();
  state_->submit(shared_from_this(), run, source, steps, outputs, std::move(done),
                 [=](int64_t i, const State::Batch& batch, const std::vector<StoragePtr>& results) {
                   state->step(batch, *run, i == last ? results : std::vector<StoragePtr>{});
                 });
  return outputs;
}

std::vector<StoragePtr> Program::collect(const std::shared_ptr<Source>& source, int64_t steps,
                                         std::vector<StoragePtr> results, Done done) {
  if (steps < 1) fail(ErrorCode::Argument, "expected one step or more, received ", steps);
  const int64_t count = source->stepsPerPass();
  const std::vector<TensorType> whole = state_->check(source->typesAt(0));
  const RunPtr run = State::newRun();
  if (results.empty()) {
    std::vector<TensorType> types = whole;
    const std::vector<TensorType>& rest = state_->check(source->typesAt(count - 1));
    for (size_t i = 0; i < types.size() && count > 1; ++i) {
      if (types[i].shape.empty())
        fail(ErrorCode::Shape, "expected results with the samples first, received a scalar for each batch");
      types[i].shape[0] = (count - 1) * types[i].shape[0] + rest[i].shape[0];
    }
    results = state_->promise(types, run);
  }
  State* state = state_.get();
  state_->submit(shared_from_this(), run, source, steps, results, std::move(done),
                 [=](int64_t i, const State::Batch& batch, const std::vector<StoragePtr>& outputs) {
                   state->step(batch, *run, [&](size_t fetch, const TensorType&) {
                     Storage& output = *outputs[fetch];
                     output.room.end();
                     if (!output.buffer) output.buffer = state->backend().allocate(bytesOf(output.type));
                     const size_t before = static_cast<size_t>(i % count) * bytesOf(whole[fetch]);
                     return static_cast<void*>(static_cast<std::byte*>(output.buffer->data()) + before);
                   });
                 });
  return results;
}

std::string Program::describe() const {
  std::string text = "no plan: the program has not run";
  state_->executor->wait([&] {
    if (const PlanPtr* plan = state_->plans.latest()) text = (*plan)->describe();
  });
  return text;
}

}  // namespace nodegrad
