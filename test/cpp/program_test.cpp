// Programs end to end on the CPU backend: shapes, variables, failures, sources.
#include "program/program.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "data/source.h"
#include "host/buffer.h"
#include "ops/scan.h"
#include "support/graph_builder.h"
#include "support/run.h"

namespace nodegrad::testing {
namespace {

std::string messageOf(const std::function<void()>& body) {
  try {
    body();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(Program, MakesAPlanForEachShape) {
  GraphBuilder t;
  const Value x = t.graph.input({DType::F32, {kDynamic}}, "x");
  t.feeds = {x};
  t.fetches = {t.op("add", {t.op("multiply", {x, t.graph.constant(2)}), t.graph.constant(1)})};
  const auto program = compile(t);
  for (int64_t n = 1; n < 12; ++n) {
    std::vector<float> numbers(static_cast<size_t>(n), 3.0f);
    const auto outputs = runNow(program, {floats({n}, numbers)});
    EXPECT_EQ(outputs[0]->type.shape, Dims{n});
    EXPECT_EQ(numbersOf(outputs[0]), std::vector<float>(static_cast<size_t>(n), 7.0f));
  }
}

TEST(Program, RefusesAWrongFeedNamingTheInput) {
  GraphBuilder t;
  const Value x = t.graph.input({DType::F32, {kDynamic, 3}}, "images");
  t.feeds = {x};
  t.fetches = {t.op("negative", {x})};
  const auto program = compile(t);
  const std::string message = messageOf([&] { runNow(program, {floats({2, 4}, std::vector<float>(8))}); });
  for (const char* part : {"images", "[?, 3]", "[2, 4]"})
    EXPECT_NE(message.find(part), std::string::npos) << message;
  EXPECT_EQ(numbersOf(runNow(program, {floats({1, 3}, {1, 2, 3})})[0]), (std::vector<float>{-1, -2, -3}));
}

TEST(Program, UpdatesVariablesAndFetchesTheOldAndTheNewValue) {
  GraphBuilder t;
  StoragePtr store;
  const Value w = t.variable({2}, &store);
  const Value next = t.op("add", {w, t.graph.constant(1)});
  t.updates = {{store, next}};
  t.fetches = {w, next};
  const auto program = compile(t);
  runNow(program, {});
  const auto outputs = runNow(program, {});
  EXPECT_EQ(numbersOf(outputs[0]), (std::vector<float>{1, 1}));
  EXPECT_EQ(numbersOf(outputs[1]), (std::vector<float>{2, 2}));
  EXPECT_EQ(numbersOf(store), (std::vector<float>{2, 2}));
}

TEST(Program, SwapsTwoVariables) {
  GraphBuilder t;
  StoragePtr a = floats({2}, {1, 2}), b = floats({2}, {3, 4});
  const Value va = t.graph.parameter(a, a->type), vb = t.graph.parameter(b, b->type);
  t.updates = {{a, vb}, {b, va}};
  runNow(compile(t), {});
  EXPECT_EQ(numbersOf(a), (std::vector<float>{3, 4}));
  EXPECT_EQ(numbersOf(b), (std::vector<float>{1, 2}));
}

TEST(Program, LeavesVariablesAsTheyWereWhenAStepFails) {
  GraphBuilder t;
  StoragePtr store = floats({2, 3}, {1, 2, 3, 4, 5, 6});
  const Value w = t.graph.parameter(store, store->type);
  const Value labels = t.feed({2}, DType::I32);
  const Value loss = t.op("sum", {t.op("sparseSoftmaxCrossEntropy", {w, labels})});
  const Value grad = gradients(t.graph, {loss}, {w})[0];
  t.updates = {{store, t.op("sgdUpdate", {w, grad, t.graph.constant(0.1)})}};
  t.fetches = {loss};
  const auto program = compile(t);
  const auto before = numbersOf(store);
  const int32_t wrong[] = {0, 7}, right[] = {0, 2};
  const auto feed = hostStorage({DType::I32, {2}}, wrong);
  const std::string message = messageOf([&] { runNow(program, {feed}); });
  EXPECT_NE(message.find("7"), std::string::npos) << message;
  EXPECT_EQ(numbersOf(store), before);
  runNow(program, {hostStorage({DType::I32, {2}}, right)});
  EXPECT_NE(numbersOf(store), before);
}

TEST(Program, LeavesVariablesAsTheyWereWhenAStepOfALoopFails) {
  GraphBuilder t;
  StoragePtr store = floats({2}, {1, 2});
  const Value w = t.graph.parameter(store, store->type);
  // GraphBuilder before the loop, and nothing in it waits for the loop.
  t.updates = {{store, t.op("sgdUpdate", {w, t.graph.constant(1, {2}), t.graph.constant(0.5)})}};
  const Value rows = t.feed({3, 1}, DType::I32), first = t.feed({1, 2}), table = t.feed({4, 2});
  Scan scan;
  const Value state = t.graph.input({DType::F32, {1, 2}}), at = t.graph.input({DType::I32, {1}});
  scan.states = {{state, first, t.op("add", {state, t.op("gather", {table, at})})}};
  scan.sequences = {{at, rows, false}};
  t.fetches = addScan(t.graph, scan);
  const auto program = compile(t);
  const auto run = [&](std::vector<int32_t> numbers) {
    runNow(program, {hostStorage({DType::I32, {3, 1}}, numbers.data()), floats({1, 2}, {0, 0}),
                     floats({4, 2}, {0, 1, 2, 3, 4, 5, 6, 7})});
  };
  const std::string message = messageOf([&] { run({0, 1, 9}); });
  EXPECT_NE(message.find("9"), std::string::npos) << message;
  EXPECT_EQ(numbersOf(store), (std::vector<float>{1, 2}));
  run({0, 1, 3});
  EXPECT_EQ(numbersOf(store), (std::vector<float>{0.5f, 1.5f}));
}

TEST(Program, PassesTheErrorOnToWhoeverReadsItsResult) {
  GraphBuilder t;
  const Value indices = t.feed({1}, DType::I32);
  StoragePtr store;
  const Value table = t.variable({3, 2}, &store);
  t.fetches = {t.op("gather", {table, indices})};
  const int32_t wrong[] = {5};
  const auto outputs = compile(t)->run({hostStorage({DType::I32, {1}}, wrong)}, [](std::exception_ptr) {});
  EXPECT_NE(messageOf([&] { numbersOf(outputs[0]); }).find("5"), std::string::npos);
}

TEST(Program, SharesAVariableBetweenPlansThatLayItOutDifferently) {
  // A convolution may keep the kernel blocked; the other program reads it row-major in between.
  GraphBuilder conv, copy;
  std::vector<float> numbers(3 * 3 * 16 * 16);
  for (size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<float>(i % 37) / 37;
  StoragePtr kernel = floats({3, 3, 16, 16}, numbers);
  const Value x = conv.feed({1, 12, 12, 16});
  const Value w = conv.graph.parameter(kernel, kernel->type);
  conv.fetches = {conv.op("conv", {x, w})};
  copy.fetches = {copy.op("negative", {copy.graph.parameter(kernel, kernel->type)})};
  const auto image = floats({1, 12, 12, 16}, std::vector<float>(12 * 12 * 16, 1.0f));
  const auto convolve = compile(conv), negate = compile(copy);
  const auto first = numbersOf(runNow(convolve, {image})[0]);
  const auto negated = numbersOf(runNow(negate, {})[0]);
  for (size_t i = 0; i < numbers.size(); ++i) ASSERT_EQ(negated[i], -numbers[i]);
  EXPECT_EQ(numbersOf(runNow(convolve, {image})[0]), first);
  EXPECT_EQ(numbersOf(kernel), numbers);
}

TEST(Program, RefusesTwoValuesForOneVariable) {
  GraphBuilder t;
  StoragePtr store;
  const Value w = t.variable({2}, &store);
  t.updates = {{store, t.op("negative", {w})}, {store, t.op("exp", {w})}};
  EXPECT_NE(messageOf([&] { compile(t); }).find("one new value"), std::string::npos);
}

// A small convolutional net learns to tell left from right.
TEST(Program, TrainsAConvolutionalNet) {
  GraphBuilder t;
  const int64_t n = 16;
  const Value x = t.feed({n, 8, 8, 1});
  const Value labels = t.feed({n}, DType::I32);
  std::vector<float> k(3 * 3 * 1 * 16), d(4 * 4 * 16 * 2);
  for (size_t i = 0; i < k.size(); ++i) k[i] = std::sin(static_cast<float>(i) * 1.7f) * 0.3f;
  for (size_t i = 0; i < d.size(); ++i) d[i] = std::cos(static_cast<float>(i) * 2.3f) * 0.05f;
  StoragePtr kernel = floats({3, 3, 1, 16}, k), bias = floats({16}, std::vector<float>(16)),
             dense = floats({256, 2}, d);
  const Value w = t.graph.parameter(kernel, kernel->type), b = t.graph.parameter(bias, bias->type),
              v = t.graph.parameter(dense, dense->type);
  const Attrs same{{"padding", std::string("same")}};
  const Value r = t.op("relu", {t.op("add", {t.op("conv", {x, w}, same), b})});
  const Value p = t.op("maxPool", {r}, Attrs{{"poolSize", Dims{2, 2}}, {"strides", Dims{2, 2}}});
  const Value logits = t.op("matmul", {t.op("reshape", {p}, Attrs{{"shape", Dims{n, 256}}}), v});
  const Value loss = t.op("mean", {t.op("sparseSoftmaxCrossEntropy", {logits, labels})});
  const auto grads = gradients(t.graph, {loss}, {w, b, v});
  const Value rate = t.graph.constant(0.5);
  t.updates = {{kernel, t.op("sgdUpdate", {w, grads[0], rate})},
               {bias, t.op("sgdUpdate", {b, grads[1], rate})},
               {dense, t.op("sgdUpdate", {v, grads[2], rate})}};
  t.fetches = {loss};
  std::vector<float> images(static_cast<size_t>(n * 64));
  std::vector<int32_t> sides(static_cast<size_t>(n));
  for (int64_t i = 0; i < n; ++i) {
    sides[static_cast<size_t>(i)] = static_cast<int32_t>(i % 2);
    for (int64_t y = 0; y < 8; ++y) images[static_cast<size_t>(i * 64 + y * 8 + (i % 2) * 4 + i / 2 % 4)] = 1;
  }
  const auto program = compile(t);
  const auto pictures = floats({n, 8, 8, 1}, images);
  const auto targets = hostStorage({DType::I32, {n}}, sides.data());
  const float first = numbersOf(runNow(program, {pictures, targets})[0])[0];
  float last = first;
  for (int i = 0; i < 60; ++i) last = numbersOf(runNow(program, {pictures, targets})[0])[0];
  EXPECT_NEAR(first, std::log(2.0f), 0.3f);
  EXPECT_LT(last, 0.05f);
  EXPECT_NE(program->describe().find("convBackwardFilter"), std::string::npos);
}

TEST(Source, ShufflesEachSampleOncePerPassAndTheSameForTheSameSeed) {
  std::vector<float> numbers(10);
  for (size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<float>(i);
  Source::Options options;
  options.batchSize = 4;
  options.shuffle = true;
  options.seed = 7;
  const auto pass = [&](Source& source, int64_t number) {
    std::vector<float> seen;
    for (int64_t step = number * 3; step < number * 3 + 3; ++step)
      for (float x : numbersOf(source.batch(step)[0])) seen.push_back(x);
    return seen;
  };
  Source a({floats({10}, numbers)}, options), b({floats({10}, numbers)}, options);
  const auto first = pass(a, 0), second = pass(a, 1);
  EXPECT_EQ(first.size(), 10u);
  EXPECT_EQ(std::set<float>(first.begin(), first.end()).size(), 10u);
  EXPECT_NE(first, second);
  EXPECT_EQ(pass(b, 0), first);
  EXPECT_EQ(a.typesAt(2)[0].shape, Dims{2});
  options.dropRemainder = true;
  EXPECT_EQ(Source({floats({10}, numbers)}, options).typesAt(2)[0].shape, Dims{4});
}

TEST(Source, RunsStepsOnItsBatches) {
  GraphBuilder t;
  StoragePtr total;
  const Value x = t.graph.input({DType::F32, {kDynamic}}, "x");
  t.feeds = {x};
  const Value sum = t.variable({}, &total);
  t.updates = {{total, t.op("add", {sum, t.op("sum", {x})})}};
  const auto program = compile(t);
  Source::Options options;
  options.batchSize = 3;
  const auto source =
      std::make_shared<Source>(std::vector<StoragePtr>{floats({7}, {1, 2, 3, 4, 5, 6, 7})}, options);
  program->run(source, 2, [](std::exception_ptr error) { EXPECT_FALSE(error); });
  EXPECT_EQ(numbersOf(total)[0], 21);
  program->run(source, 1, [](std::exception_ptr error) { EXPECT_FALSE(error); });
  EXPECT_EQ(numbersOf(total)[0], 28);
}

TEST(Source, RefusesWhatCannotBeCut) {
  Source::Options none;
  none.batchSize = 0;
  EXPECT_NE(messageOf([&] { Source({floats({2}, {1, 2})}, none); }).find("batchSize"), std::string::npos);
  EXPECT_NE(messageOf([&] { Source({floats({2}, {1, 2}), floats({1}, {1})}, {}); }).find("one length"),
            std::string::npos);
  EXPECT_NE(messageOf([&] { Source({}, {}); }).find("at least one"), std::string::npos);
}

TEST(Buffer, RefusesWhatTheMachineCannotHold) {
  EXPECT_NE(messageOf([] { hostStorage({DType::F32, {1LL << 38}}, nullptr); }).find("bytes"),
            std::string::npos);
  EXPECT_NE(messageOf([] { hostStorage({DType::F32, {1LL << 40, 1LL << 40}}, nullptr); }).find("too many"),
            std::string::npos);
}

TEST(Executor, RunsTasksInOrder) {
  const auto executor = Executor::shared();
  std::vector<int> seen;
  for (int i = 0; i < 100; ++i) executor->submit([&seen, i] { seen.push_back(i); });
  executor->wait([] {});
  EXPECT_EQ(seen.size(), 100u);
  EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end()));
  EXPECT_THROW(executor->setThreads(0), Error);
}

}  // namespace
}  // namespace nodegrad::testing
