// What the engine keeps to on a device that is late, has separate memory and replays recordings.
#include <gtest/gtest.h>
#include <unistd.h>

#include <numeric>

#include "core/outcome.h"
#include "cpu/cpu_backend.h"
#include "data/source.h"
#include "host/buffer.h"
#include "support/lagging_backend.h"
#include "support/random_net.h"
#include "support/run.h"

namespace nodegrad::testing {
namespace {

std::exception_ptr errorSaying(const char* text) {
  return std::make_exception_ptr(Error(ErrorCode::Argument, text));
}

std::string messageOf(const std::function<void()>& body) {
  try {
    body();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

std::string messageOf(const std::exception_ptr& error) {
  return messageOf([&] {
    if (error) std::rethrow_exception(error);
  });
}

StoragePtr integers(const Dims& shape, const std::vector<int32_t>& numbers) {
  return hostStorage({DType::I32, shape}, numbers.data());
}

std::shared_ptr<Program> compileOn(const std::string& device, const GraphBuilder& t) {
  std::vector<Program::Update> updates;
  for (const auto& update : t.updates) updates.push_back({update.first, update.second});
  return Program::create(t.graph, t.feeds, t.fetches, updates, Compute::Float32, device);
}

TEST(Outcome, IsThatOfTheFirstRunThatFailed) {
  const auto first = std::make_shared<Outcome>(errorSaying("never begun"));
  EXPECT_EQ(messageOf(first->error()), "never begun");
  first->begin();
  EXPECT_FALSE(first->isKnown());
  Outcome second(nullptr), third(nullptr);
  second.begin();
  second.follow(first);
  first->publish(errorSaying("first"));
  EXPECT_EQ(messageOf(second.publish(errorSaying("second"))), "first");
  EXPECT_EQ(messageOf(second.error()), "first");
  third.begin();
  third.publish(nullptr);
  EXPECT_EQ(third.error(), nullptr);
}

// The contract itself.
class LaggingDevice : public ::testing::Test {
 protected:
  void SetUp() override { device_->enter(2); }

  std::shared_ptr<Buffer> put(const std::vector<float>& numbers) {
    auto buffer = device_->allocate(numbers.size() * sizeof(float));
    device_->fromRowMajor(typeOf(numbers.size()), nullptr, numbers.data(), buffer->data());
    return buffer;
  }
  std::vector<float> get(const Buffer& buffer) {
    std::vector<float> numbers(buffer.bytes() / sizeof(float));
    device_->toRowMajor(typeOf(numbers.size()), nullptr, buffer.data(), numbers.data());
    device_->finish();
    return numbers;
  }
  void copy(const Buffer& from, const Buffer& to) { device_->copy(from.data(), to.data(), to.bytes()); }
  // Gathers one of two numbers.
  void gather(const Buffer& table, int32_t index, const Buffer& to) {
    const auto kernel = device_->kernel({"gather",
                                         checkAttrs(findOp("gather"), {}),
                                         {{DType::F32, {2, 1}}, {DType::I32, {1}}},
                                         {{DType::F32, {1, 1}}},
                                         {nullptr, nullptr},
                                         {nullptr},
                                         nullptr});
    const auto indices = device_->allocate(sizeof(index)),
               scratch = device_->allocate(kernel->scratchBytes());
    device_->fromRowMajor({DType::I32, {1}}, nullptr, &index, indices->data());
    void* const inputs[] = {table.data(), indices->data()};
    void* const outputs[] = {to.data()};
    kernel->run(inputs, outputs, scratch->data());
  }

  std::unique_ptr<Backend> device_ = makeLaggingBackend(makeCpuBackend());

 private:
  static TensorType typeOf(size_t count) { return {DType::F32, {static_cast<int64_t>(count)}}; }
};

TEST_F(LaggingDevice, HasMemoryThatNobodyElseReaches) {
  const auto buffer = put({1, 2});
  device_->finish();
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  EXPECT_EQ(write(ends[1], buffer->data(), 1), -1);
  EXPECT_EQ(errno, EFAULT);
  close(ends[0]);
  close(ends[1]);
  EXPECT_EQ(get(*buffer), (std::vector<float>{1, 2}));
  EXPECT_FALSE(device_->holds(*allocateHost(8)));
  EXPECT_TRUE(device_->holds(*buffer));
}

TEST_F(LaggingDevice, TakesWhatTheHostHadAtTheCall) {
  std::vector<float> numbers = {1, 2, 3};
  std::vector<std::shared_ptr<Buffer>> buffers;
  for (int i = 0; i < 20; ++i) {
    buffers.push_back(put(numbers));
    numbers[0] += 1;
  }
  for (size_t i = 0; i < buffers.size(); ++i)
    EXPECT_EQ(get(*buffers[i]), (std::vector<float>{1 + static_cast<float>(i), 2, 3}));
}

TEST_F(LaggingDevice, GivesMemoryBackInTheOrderOfItsQueue) {
  auto buffer = put({1, 2, 3, 4});
  const auto other = device_->allocate(buffer->bytes());
  device_->finish();
  void* const address = buffer->data();
  std::promise<void> gate;
  device_->whenDone([open = gate.get_future().share()](const std::exception_ptr&) { open.wait(); });
  copy(*buffer, *other);
  buffer.reset();
  EXPECT_NE(device_->allocate(16)->data(), address);
  gate.set_value();
  EXPECT_EQ(get(*other), (std::vector<float>{1, 2, 3, 4}));
  EXPECT_EQ(device_->allocate(16)->data(), address);
}

TEST_F(LaggingDevice, TellsTheFirstRefusalOnceAndKeepsWhatCopiesWouldOverwrite) {
  const auto table = put({1, 2}), kept = put({3}), made = put({0});
  gather(*table, 7, *made);
  gather(*table, 8, *made);
  copy(*table, *kept);
  gather(*table, 1, *made);
  EXPECT_NE(messageOf([&] { device_->finish(); }).find("7"), std::string::npos);
  EXPECT_EQ(get(*kept), std::vector<float>{3});
  EXPECT_EQ(get(*made), std::vector<float>{2}) << "others go on";
  copy(*table, *kept);
  EXPECT_EQ(get(*kept), std::vector<float>{1});
}

TEST_F(LaggingDevice, ReplaysARecordingWithItsAddresses) {
  const auto from = put({1, 2}), to = put({0, 0}), last = put({0, 0});
  const auto recording = device_->record([&] {
    copy(*from, *to);
    copy(*to, *last);
  });
  EXPECT_EQ(get(*last), (std::vector<float>{1, 2}));
  const auto more = put({3, 4});
  copy(*more, *from);
  recording->run();
  EXPECT_EQ(get(*last), (std::vector<float>{3, 4}));
  EXPECT_THROW(device_->record([&] { device_->allocate(4); }), Error);
}

TEST_F(LaggingDevice, MeasuresTheTimeOfEachLap) {
  const auto clock = device_->clock();
  const auto from = put({1, 2}), to = put({0, 0});
  clock->lap();
  for (int i = 0; i < 3; ++i) {
    copy(*from, *to);
    clock->lap();
  }
  EXPECT_EQ(clock->milliseconds().size(), 3u);
  EXPECT_EQ(clock->milliseconds().size(), 0u);
}

// Programs on it.
TEST(Devices, GiveTheSameBits) {
  for (uint64_t seed = 0; seed < 40; ++seed) {
    std::vector<std::vector<std::vector<float>>> results;  // of each device, fetch by fetch
    for (const char* name : {"cpu", "lagging"}) {
      Random random(seed);
      RandomNet net(random, random.chance(0.2));
      if (random.chance(0.7)) net.train();
      const GraphBuilder& t = net.traced();
      const auto executor = Executor::shared();
      for (const StoragePtr& storage : net.ir().storages) {
        const Array& array = net.numbersOfStorage(*storage);
        const std::vector<float> numbers(array.data.begin(), array.data.end());
        executor->wait([&] { executor->write(*storage, numbers.data()); });
      }
      std::vector<StoragePtr> feeds;
      for (size_t f = 0; f < net.feeds(); ++f) {
        const Array& array = net.numbersOfFeed(f);
        if (array.type.dtype == DType::I32)
          feeds.push_back(integers(array.shape(), {array.data.begin(), array.data.end()}));
        else
          feeds.push_back(floats(array.shape(), {array.data.begin(), array.data.end()}));
      }
      const auto program = compileOn(name, t);
      results.emplace_back();
      // Kernel by kernel, recorded, and twice replayed.
      for (int run = 0; run < 4; ++run)
        for (const StoragePtr& output : runNow(program, feeds)) results.back().push_back(numbersOf(output));
      for (const auto& update : t.updates) results.back().push_back(numbersOf(update.first));
    }
    ASSERT_EQ(results[0].size(), results[1].size());
    for (size_t i = 0; i < results[0].size(); ++i)
      ASSERT_EQ(std::memcmp(results[0][i].data(), results[1][i].data(), results[0][i].size() * sizeof(float)),
                0)
          << "net " << seed << ", result " << i;
  }
}

TEST(Devices, ShareTensors) {
  GraphBuilder t;
  StoragePtr store = floats({2}, {1, 2});
  const Value w = t.graph.parameter(store, store->type), x = t.feed({2});
  const Value next = t.op("add", {w, x});
  t.updates = {{store, next}};
  t.fetches = {next};
  const auto here = compileOn("cpu", t), there = compileOn("lagging", t);
  StoragePtr fed = floats({2}, {1, 10});
  for (int i = 0; i < 3; ++i) {
    fed = runNow(there, {fed})[0];
    fed = runNow(here, {fed})[0];
  }
  // After the first run, (2, 12), both are doubled by each: times 2⁵.
  EXPECT_EQ(numbersOf(fed), numbersOf(store));
  EXPECT_EQ(numbersOf(store), (std::vector<float>{64, 384}));
}

TEST(Devices, RefuseAnUnknownName) {
  GraphBuilder t;
  t.fetches = {t.feed({1})};
  EXPECT_NE(messageOf([&] { compileOn("abacus", t); }).find("'cpu' or 'lagging', received 'abacus'"),
            std::string::npos);
}

// Adds the row of a table that an index names to a variable.
struct AddsARow : GraphBuilder {
  StoragePtr store = floats({2}, {1, 2}), table = floats({3, 2}, {1, 1, 2, 2, 4, 4});
  Value index = feed({1}, DType::I32);

  AddsARow() {
    const Value w = graph.parameter(store, store->type), rows = graph.parameter(table, table->type);
    const Value row = op("reshape", {op("gather", {rows, index})}, {{"shape", Dims{2}}});
    updates = {{store, op("add", {w, row})}};
    fetches = {row};
  }
};

TEST(Devices, KeepVariablesWhereAStepIsRefused) {
  AddsARow t;
  const auto program = compileOn("lagging", t);
  const auto run = [&](int32_t index) { return runNow(program, {integers({1}, {index})}); };
  for (int round = 0; round < 3; ++round) {  // the second run is recorded, the others are replays
    run(0);
    EXPECT_NE(messageOf([&] { run(9); }).find("9"), std::string::npos);
  }
  EXPECT_EQ(numbersOf(t.store), (std::vector<float>{4, 5}));
}

TEST(Devices, TellWhoeverUsesTheResultOfARefusedStep) {
  AddsARow t;
  GraphBuilder reads, learns;
  StoragePtr store = floats({2}, {1, 2});
  reads.fetches = {reads.op("negative", {reads.feed({2})})};
  const Value w = learns.graph.parameter(store, store->type);
  learns.updates = {{store, learns.op("add", {w, learns.feed({2})})}};
  const auto program = compileOn("lagging", t), reader = compileOn("lagging", reads),
             learner = compileOn("lagging", learns);
  const auto ignore = [](const std::exception_ptr&) {};
  for (int round = 0; round < 4; ++round) {
    // All are queued before the first is over.
    const auto refused = program->run({integers({1}, {9})}, ignore);
    const auto read = reader->run(refused, ignore);
    std::promise<std::string> message;
    learner->run(read, [&](const std::exception_ptr& error) { message.set_value(messageOf(error)); });
    EXPECT_NE(message.get_future().get().find("9"), std::string::npos);
    EXPECT_NE(messageOf([&] { numbersOf(read[0]); }).find("9"), std::string::npos);
    EXPECT_NE(messageOf([&] { numbersOf(refused[0]); }).find("9"), std::string::npos);
  }
  EXPECT_EQ(numbersOf(store), (std::vector<float>{1, 2}));
  EXPECT_EQ(numbersOf(t.store), (std::vector<float>{1, 2}));
}

TEST(Devices, StopASourceAtTheFirstRefusedStep) {
  for (const char* name : {"cpu", "lagging"}) {
    AddsARow t;
    const auto program = compileOn(name, t);
    const auto source = std::make_shared<Source>(std::vector<StoragePtr>{integers({6}, {0, 1, 0, 9, 2, 8})},
                                                 Source::Options{1});
    std::promise<std::string> message;
    program->run(source, 6, [&](const std::exception_ptr& error) { message.set_value(messageOf(error)); });
    EXPECT_NE(message.get_future().get().find("9"), std::string::npos) << name;
    EXPECT_EQ(numbersOf(t.store), (std::vector<float>{1 + 1 + 2 + 1, 2 + 1 + 2 + 1})) << name;
  }
}

// The sum of each row and its number, batches of three one after another, while every step adds 1 to
// `updated`.
std::vector<float> cut(const char* device, const std::vector<StoragePtr>& arrays, const StoragePtr& updated) {
  GraphBuilder t;
  const int64_t width = arrays[0]->type.shape[1];
  const Value x = t.graph.input({DType::F32, {kDynamic, width}}, "x");
  const Value n = t.graph.input({DType::I32, {kDynamic}}, "n");
  t.feeds = {x, n};
  const Value w = t.graph.parameter(updated, updated->type);
  t.updates = {{updated, t.op("add", {w, t.graph.constant(1)})}};
  const Value sums = t.op("sum", {x}, {{"axes", Dims{1}}, {"keepDims", false}});
  t.fetches = {t.op("add", {sums, t.op("cast", {n}, {{"dtype", std::string("float32")}})})};
  const auto program = compileOn(device, t);
  Source::Options options;
  options.batchSize = 3;
  options.shuffle = true;
  options.seed = 5;
  const auto source = std::make_shared<Source>(arrays, options);
  std::vector<float> all;
  for (int pass = 0; pass < 4; ++pass)
    for (float number :
         numbersOf(program->collect(source, source->stepsPerPass(), {}, [](const auto&) {})[0]))
      all.push_back(number);
  return all;
}

TEST(Devices, CutBatchesFromArraysThatMoveThereWhereTheyFit) {
  for (const int64_t width : {int64_t{2}, int64_t{1} << 16}) {  // 7 rows of 256 KiB do not fit
    std::vector<std::vector<float>> results;
    for (const char* name : {"cpu", "lagging"}) {
      std::vector<float> numbers(static_cast<size_t>(7 * width));
      std::iota(numbers.begin(), numbers.end(), 0.0f);
      const std::vector<StoragePtr> arrays = {floats({7, width}, numbers),
                                              integers({7}, {0, 1, 2, 3, 4, 5, 6})};
      results.push_back(cut(name, arrays, floats({}, {0})));
      const Backend* owner = &Executor::shared()->backend(name);
      const bool moved = width == 2 && name == std::string("lagging");
      for (const StoragePtr& array : arrays)
        EXPECT_EQ(array->buffer->owner() == owner, moved) << name << width;
    }
    EXPECT_EQ(results[0].size(), 28u);
    EXPECT_EQ(results[0], results[1]) << width;
  }
}

TEST(Devices, CutBatchesFromWhatTheStepsChange) {
  std::vector<std::vector<float>> results;
  for (const char* name : {"cpu", "lagging"}) {
    const StoragePtr changed = floats({4, 2}, {1, 2, 3, 4, 5, 6, 7, 8});
    results.push_back(cut(name, {changed, integers({4}, {0, 1, 2, 3})}, changed));
    results.push_back(numbersOf(changed));
  }
  EXPECT_EQ(results[0], results[2]);
  EXPECT_EQ(results[1], results[3]);
}

// What is computed before the first step is made by kernels that do nothing after a refusal.
TEST(Devices, MakeWhatComesBeforeTheFirstStepAgainAfterARefusal) {
  GraphBuilder t;
  StoragePtr indices = integers({1}, {5}), table = floats({3, 2}, {1, 1, 2, 2, 4, 4});
  const Value rows = t.graph.parameter(table, table->type), i = t.graph.parameter(indices, indices->type);
  t.fetches = {t.op("multiply", {t.op("exp", {t.op("gather", {rows, i})}), t.feed({1, 2})})};
  const auto program = compileOn("lagging", t);
  const auto ones = floats({1, 2}, {1, 1});
  for (int round = 0; round < 2; ++round) EXPECT_THROW(runNow(program, {ones}), Error);
  const auto executor = Executor::shared();
  const int32_t right = 0;
  executor->wait([&] { executor->write(*indices, &right); });
  const float e = std::exp(1.0f);
  for (float v : numbersOf(runNow(program, {ones})[0])) EXPECT_NEAR(v, e, e * 0x1p-22);
}

}  // namespace
}  // namespace nodegrad::testing
