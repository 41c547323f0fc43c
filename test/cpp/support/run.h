#pragma once
#include <future>
#include <memory>
#include <vector>

#include "graph_builder.h"
#include "host/buffer.h"
#include "program/program.h"

namespace nodegrad::testing {

inline StoragePtr floats(const Dims& shape, const std::vector<float>& numbers) {
  return hostStorage({DType::F32, shape}, numbers.data());
}

// The numbers of a float32 tensor, after all that is queued before.
inline std::vector<float> numbersOf(const StoragePtr& storage) {
  const auto executor = Executor::shared();
  std::vector<float> numbers(static_cast<size_t>(count(storage->type.shape)));
  executor->waitFor([&](Executor::Done done) { executor->read(*storage, numbers.data(), std::move(done)); });
  return numbers;
}

inline std::shared_ptr<Program> compile(const GraphBuilder& t) {
  std::vector<Program::Update> updates;
  for (const auto& update : t.updates) updates.push_back({update.first, update.second});
  return Program::create(t.graph, t.feeds, t.fetches, updates);
}

// Runs one step and waits; rethrows its error.
inline std::vector<StoragePtr> runNow(const std::shared_ptr<Program>& program,
                                      const std::vector<StoragePtr>& feeds) {
  std::promise<void> done;
  const auto outputs = program->run(feeds, [&](std::exception_ptr error) {
    if (error)
      done.set_exception(error);
    else
      done.set_value();
  });
  done.get_future().get();
  return outputs;
}

}  // namespace nodegrad::testing
