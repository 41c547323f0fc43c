#pragma once
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/storage.h"
#include "graph/graph.h"
#include "program/executor.h"

namespace nodegrad {

class Source;

// A compiled graph: what is fed, what is fetched, which tensors are updated after each step. Plans are made
// at its first run for each set of concrete shapes and kept, the latest used first.
class Program : public std::enable_shared_from_this<Program> {
 public:
  struct Update {
    StoragePtr storage;
    Value value;
  };
  // Called at the end of a run, on any thread; error is null on success.
  using Done = Executor::Done;

  // compute: BFloat16 for activations in bfloat16 within a step. device: see Executor::device. Fails
  // where an update's type is not its tensor's, or a fetched value needs an input that is not fed.
  static std::shared_ptr<Program> create(const Graph& graph, std::vector<Value> feeds,
                                         std::vector<Value> fetches, std::vector<Update> updates,
                                         Compute compute = Compute::Float32, const std::string& device = "");
  ~Program();

  // Queues one step. The result's storages are those of the fetches. Fails at once where a feed's type does
  // not fit.
  std::vector<StoragePtr> run(const std::vector<StoragePtr>& feeds, Done done);
  // Queues steps on the source's next batches; the result is of the last step.
  std::vector<StoragePtr> run(const std::shared_ptr<Source>& source, int64_t steps, Done done);
  // Queues steps on the source's next batches and puts what each gives, one after another, into results,
  // which have room for a pass; with none given they are made. Fails at once where a batch gives a scalar.
  std::vector<StoragePtr> collect(const std::shared_ptr<Source>& source, int64_t steps,
                                  std::vector<StoragePtr> results, Done done);
  // The latest plan in words.
  std::string describe() const;

 private:
  struct State;
  explicit Program(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace nodegrad
