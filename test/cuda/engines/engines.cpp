// Has cuDNN make the plans of convolutions for a GPU that is described, on a machine without one:
//   engines GPU.json      (its libraries are those that the loader finds)
// Prints a line for each and ends with "engines: N found, N missing".
#include <chrono>
#include <cstdio>
#include <fstream>
#include <iterator>

#include "convolution_plan.h"
#include "core/error.h"

using namespace nodegrad;

namespace {

// An image [batch, side …, channels], filters of a size.
struct Row {
  const char* name;
  Dims image;
  int64_t filters, kernel, stride = 1, groups = 1;
  const char* padding = "same";
};

const Row kRows[] = {
    {"mnist 1", {128, 28, 28, 1}, 32, 3, 1, 1, "valid"},
    {"mnist 2", {128, 26, 26, 32}, 64, 3, 1, 1, "valid"},
    {"cells", {64, 64, 64, 3}, 32, 3},
    {"lenet", {128, 14, 14, 6}, 16, 5, 1, 1, "valid"},
    {"resnet stem", {16, 224, 224, 3}, 64, 7, 2},
    {"resnet", {16, 56, 56, 64}, 64, 3},
    {"resnet down", {16, 56, 56, 64}, 128, 3, 2},
    {"resnet 1x1", {16, 56, 56, 64}, 128, 1, 2},
    {"unet last", {4, 128, 128, 32}, 1, 1},
    {"depthwise", {16, 56, 56, 64}, 64, 3, 1, 64},
    {"groups", {16, 28, 28, 64}, 64, 3, 1, 4},
    {"odd", {3, 7, 9, 5}, 3, 3},
    {"sequence", {32, 100, 64}, 128, 5},
    {"volume", {4, 16, 16, 16, 8}, 16, 3},
};

KernelSpec specOf(const Row& row, const char* op, DType dtype) {
  const size_t spatial = row.image.size() - 2;
  KernelSpec spec;
  spec.op = op;
  spec.attrs = {{"strides", Dims(spatial, row.stride)},
                {"dilations", Dims(spatial, 1)},
                {"padding", std::string(row.padding)},
                {"pads", Dims{}},
                {"groups", row.groups},
                {"dataFormat", std::string("channelsLast")}};
  Dims kernel(spatial, row.kernel);
  kernel.push_back(row.image.back() / row.groups);
  kernel.push_back(row.filters);
  const TensorType x{dtype, row.image}, w{dtype, kernel};
  const Window window =
      convWindow(op, spec.attrs, Dims(row.image.begin() + 1, row.image.end() - 1), Dims(spatial, row.kernel));
  Dims out{row.image[0]};
  for (size_t s = 0; s < spatial; ++s) out.push_back(window.out[s]);
  out.push_back(row.filters);
  const TensorType y{dtype, out};
  const std::string name = op;
  spec.inputs = name == "conv"               ? std::vector{x, w}
                : name == "convBackwardData" ? std::vector{w, y}
                                             : std::vector{x, y};
  spec.outputs = {name == "conv" ? y : name == "convBackwardData" ? x : w};
  spec.inputLayouts = {nullptr, nullptr};
  spec.outputLayouts = {nullptr};
  return spec;
}

// Whether there is an engine.
bool find(const Row& row, const char* op, DType dtype) {
  const auto begin = std::chrono::steady_clock::now();
  std::string result;
  bool found = false;
  try {
    const KernelSpec spec = specOf(row, op, dtype);
    const cuda::ConvolutionPlan plan(op, spec::Convolution(spec));
    result = std::to_string(plan.workspaceBytes() >> 10) + " KiB of workspace";
    found = true;
  } catch (const Error& error) {
    result = error.what();
  }
  const std::chrono::duration<double, std::milli> time = std::chrono::steady_clock::now() - begin;
  std::printf("%-8s  %-12s %-18s %5.0f ms  %s\n", name(dtype), row.name, op, time.count(), result.c_str());
  std::fflush(stdout);
  return found;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: engines GPU.json\n");
    return 2;
  }
  std::ifstream file(argv[1]);
  int found = 0, missing = 0;
  try {
    cuda::dnn::Library::describeGpu({std::istreambuf_iterator<char>(file), {}});
    for (const DType dtype : {DType::F32, DType::BF16})
      for (const Row& row : kRows)
        for (const char* op : {"conv", "convBackwardData", "convBackwardFilter"})
          ++(find(row, op, dtype) ? found : missing);
  } catch (const Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  std::printf("engines: %d found, %d missing\n", found, missing);
  return missing > 0;
}
