// Times each way to compute a convolution, alone, in the layouts that it wants.
//
// Reads one convolution of square pictures a line from stdin:
//   <N> <size> <in channels> <out channels> <kernel> <stride> <pad> <groups> <dilation>
// and writes one JSON object a line for each pass, precision and way: its work and time, and what the table
// of prices says of it (cpp/cpu/conv/costs.h). The first argument is the milliseconds that the runs of one
// convolution, pass and precision take (default 60); OMP_NUM_THREADS sets the threads.
#include <omp.h>

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <sstream>

#include "core/window.h"
#include "cpu/conv/filter_gradient_kernels.h"
#include "cpu/conv/ways.h"
#include "cpu/conv/winograd/winograd.h"
#include "cpu/cpu_backend.h"
#include "cpu/isa.h"
#include "cpu/memory/cpu_layout.h"
#include "cpu/memory/onednn.h"
#include "graph/op.h"
#include "host/buffer.h"

namespace {

using namespace nodegrad;
using Clock = std::chrono::steady_clock;

constexpr int kFewestRounds = 5, kMostRounds = 400;

struct Shape {
  int64_t n, size, in, out, kernel, stride, pad, groups, dilation;
};

std::shared_ptr<Buffer> ordinaryNumbers(const TensorType& type, const LayoutPtr& layout) {
  const auto buffer = allocateHost(layout ? layout->bytes() : bytesOf(type));
  // Numbers of either dtype around 1: those that are denormal or no numbers would slow some kernels down.
  auto* data = static_cast<uint16_t*>(buffer->data());
  for (size_t i = 0; i < buffer->bytes() / sizeof(uint16_t); ++i)
    data[i] = static_cast<uint16_t>(0x3f80 + i % 17);
  return buffer;
}

// A kernel with its memory.
class Runner {
 public:
  Runner(std::unique_ptr<Kernel> kernel, const KernelSpec& spec) : kernel_(std::move(kernel)) {
    for (size_t i = 0; i < spec.inputs.size(); ++i)
      inputs_.push_back(add(spec.inputs[i], spec.inputLayouts[i]));
    for (size_t o = 0; o < spec.outputs.size(); ++o)
      outputs_.push_back(add(spec.outputs[o], spec.outputLayouts[o]));
    scratch_ = allocateHost(std::max<size_t>(kernel_->scratchBytes(), 1));
    run();
  }
  // Milliseconds.
  double run() {
    const auto start = Clock::now();
    kernel_->run(inputs_.data(), outputs_.data(), scratch_->data());
    return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
  }
  std::string implementation() const { return kernel_->implementation(); }

 private:
  void* add(const TensorType& type, const LayoutPtr& layout) {
    buffers_.push_back(ordinaryNumbers(type, layout));
    return buffers_.back()->data();
  }

  std::unique_ptr<Kernel> kernel_;
  std::vector<std::shared_ptr<Buffer>> buffers_;
  std::vector<void*> inputs_, outputs_;
  std::shared_ptr<Buffer> scratch_;
};

KernelSpec specOf(const Shape& s, ConvPass pass, DType images, DType weights) {
  const Attrs attrs = checkAttrs(findOp("conv"), {{"padding", std::string("explicit")},
                                                  {"pads", Dims(4, s.pad)},
                                                  {"strides", Dims{s.stride, s.stride}},
                                                  {"dilations", Dims{s.dilation, s.dilation}},
                                                  {"groups", s.groups}});
  const Window window = convWindow("conv", attrs, {s.size, s.size}, {s.kernel, s.kernel});
  const TensorType x{images, {s.n, s.size, s.size, s.in}},
      y{images, {s.n, window.out[0], window.out[1], s.out}},
      w{weights, {s.kernel, s.kernel, s.in / s.groups, s.out}};
  KernelSpec spec{"conv", attrs, {x, w}, {y}, {}, {}, nullptr};
  if (pass == ConvPass::BackwardData) spec = {"convBackwardData", attrs, {w, y}, {x}, {}, {}, nullptr};
  if (pass == ConvPass::BackwardFilter) spec = {"convBackwardFilter", attrs, {x, y}, {w}, {}, {}, nullptr};
  spec.inputLayouts.resize(2);
  spec.outputLayouts.resize(1);
  return spec;
}

const char* nameOf(ConvWay way) {
  constexpr const char* names[] = {"Direct",   "Pointwise", "Grouped", "Depthwise", "Unfolded",
                                   "Winograd", "Samples",   "Narrow",  "Boxes",     "TileBoxes",
                                   "TileRows", "Relayout",  "Rounding"};
  return names[static_cast<int>(way)];
}

struct Timed {
  ConvWay way;
  ConvWork work;
  double cost;
  Runner runner;
  double ms = 1e30;
};

// The ways on images and weights of some dtypes, the cheapest first.
void addWays(const KernelSpec& open, std::vector<Timed>& ways) {
  const Convolution conv(open);
  const DType dtype = conv.multiplicandType();
  for (const ConvOption& option : convOptions(open, conv)) {
    ConvWay way = option.way;
    // Winograd takes bfloat16 with float32 weights, the others with bfloat16 ones.
    if (dtype == DType::BF16 && conv.pass != ConvPass::BackwardFilter &&
        (way == ConvWay::Winograd) != (conv.w.dtype == DType::F32))
      continue;
    KernelSpec spec = open;
    // The time of laying weights out is not counted: in a plan most of them keep the layout.
    const LayoutChoice choice = convLayoutsFor(way, open, conv, {false, false});
    spec.inputLayouts = choice.inputs;
    spec.outputLayouts = choice.outputs;
    Runner runner(makeConvFor(way, spec, Convolution(spec)), spec);
    const bool hasCode = way != ConvWay::Direct || directConvHasCode(open, conv);
    if (!hasCode && dtype == DType::BF16) continue;  // nothing is rounded for that
    way = pricedWay(way, conv, hasCode);
    const int64_t lanes = isaKernels().filterGradient->lanes;
    ways.push_back({way, convWork(way, conv, lanes, false), option.cost, std::move(runner)});
  }
}

void addRounding(const Shape& s, std::vector<Timed>& ways) {
  const TensorType from = specOf(s, ConvPass::Forward, DType::F32, DType::F32).inputs[0],
                   to{DType::BF16, from.shape};
  const KernelSpec copy{"reorder", {}, {from}, {to}, {nullptr}, {nullptr}, nullptr};
  const auto numbers = static_cast<double>(count(from.shape));
  ways.push_back({ConvWay::Rounding,
                  {0, numbers, 0},
                  0,
                  Runner(onednn::reorderKernel(from, nullptr, to, nullptr), copy)});
}

void addRelayout(const Shape& s, std::vector<Timed>& ways) {
  const KernelSpec spec = specOf(s, ConvPass::Forward, DType::F32, DType::F32);
  const Convolution conv(spec);
  const int64_t lanes = isaKernels().filterGradient->lanes;
  if (s.n % lanes != 0) return;
  KernelSpec copy{"reorder", {}, {conv.x}, {conv.x}, {nullptr}, {sampleBlocks(conv.x, conv.axes, lanes)},
                  nullptr};
  auto kernel = onednn::reorderKernel(conv.x, nullptr, conv.x, copy.outputLayouts[0]);
  const auto numbers = static_cast<double>(count(conv.x.shape));
  ways.push_back({ConvWay::Relayout, {0, numbers, 0}, 0, Runner(std::move(kernel), copy)});
}

void print(const std::string& line, const char* pass, const char* dtype, const Timed& way) {
  std::cout << "{\"shape\": \"" << line << "\", \"pass\": \"" << pass << "\", \"dtype\": \"" << dtype
            << "\", \"way\": \"" << nameOf(way.way) << "\", \"implementation\": \""
            << way.runner.implementation() << "\", \"work\": [" << way.work.products << ", "
            << way.work.numbers << ", " << way.work.filters << "], \"predicted\": " << way.cost * 1e-9
            << ", \"ms\": " << way.ms << "}\n";
}

// Interleaved, so that what disturbs the machine for a while comes into all.
void timeAll(std::vector<Timed>& ways, double budget) {
  double spent = 0;
  for (int round = 0; round < kFewestRounds || (round < kMostRounds && spent < budget); ++round)
    for (Timed& way : ways) {
      const double ms = way.runner.run();
      way.ms = std::min(way.ms, ms);
      spent += ms;
    }
}

}  // namespace

int main(int argc, char** argv) {
  const double budget = argc > 1 ? std::atof(argv[1]) : 60;
  const auto backend = makeCpuBackend();
  backend->enter(omp_get_max_threads());
  std::cout << "{\"processors\": \"" << convProcessors() << "\"}\n";
  constexpr std::pair<ConvPass, const char*> passes[] = {{ConvPass::Forward, "Forward"},
                                                         {ConvPass::BackwardData, "BackwardData"},
                                                         {ConvPass::BackwardFilter, "BackwardFilter"}};
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words(line);
    Shape s{};
    for (int64_t* number :
         {&s.n, &s.size, &s.in, &s.out, &s.kernel, &s.stride, &s.pad, &s.groups, &s.dilation})
      if (!(words >> *number)) {
        std::cerr << "costs: expected nine whole numbers, received: " << line << "\n";
        return 1;
      }
    for (const auto& [pass, name] : passes) {
      std::vector<Timed> floats, rounded;
      addWays(specOf(s, pass, DType::F32, DType::F32), floats);
      if (pass == ConvPass::Forward) addRelayout(s, floats);
      if (cpuHasBfloat16()) {
        if (pass == ConvPass::Forward) addRounding(s, floats);
        addWays(specOf(s, pass, DType::BF16, DType::F32), rounded);
        if (pass != ConvPass::BackwardFilter) addWays(specOf(s, pass, DType::BF16, DType::BF16), rounded);
      }
      for (std::vector<Timed>* ways : {&floats, &rounded}) {
        timeAll(*ways, budget);
        for (const Timed& way : *ways) print(line, name, ways == &floats ? "F32" : "BF16", way);
      }
    }
    std::cout << std::flush;
  }
  return 0;
}
