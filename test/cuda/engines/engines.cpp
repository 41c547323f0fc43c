// Has cuDNN make the plans of convolutions for a GPU that is described, on a machine without one:
//   engines GPU.json CONVOLUTIONS     (its libraries are those that the loader finds)
// CONVOLUTIONS is what convolutions.ts prints. Prints cuDNN's version, and for each pass in each precision
// whether there is an engine:
//   ready | compiled | none ; precision ; pass ; the convolution's line
#include <cstdio>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include "convolution_plan.h"
#include "core/error.h"
#include "devices/shared_library.h"

using namespace nodegrad;

namespace {

struct Row {
  Dims image, kernel, strides, dilations, pads;
  std::string padding, dataFormat;
  int64_t groups;
};

std::vector<std::string> fieldsOf(const std::string& line) {
  const std::string between = " ; ";
  std::vector<std::string> fields;
  size_t begin = 0;
  for (size_t end; (end = line.find(between, begin)) != std::string::npos; begin = end + between.size())
    fields.push_back(line.substr(begin, end - begin));
  fields.push_back(line.substr(begin));
  return fields;
}

Dims numbersOf(const std::string& text) {
  std::istringstream stream(text);
  return {std::istream_iterator<int64_t>(stream), {}};
}

Row rowOf(const std::string& line) {
  const std::vector<std::string> fields = fieldsOf(line);
  if (fields.size() != 9) fail(ErrorCode::Argument, "expected a convolution, received '", line, "'");
  return {numbersOf(fields[1]),
          numbersOf(fields[2]),
          numbersOf(fields[3]),
          numbersOf(fields[4]),
          numbersOf(fields[5]),
          fields[6],
          fields[8],
          std::stoll(fields[7])};
}

KernelSpec specOf(const Row& row, const std::string& op, Compute compute) {
  KernelSpec spec;
  spec.op = op;
  spec.compute = compute;
  spec.attrs = {{"strides", row.strides}, {"dilations", row.dilations}, {"padding", row.padding},
                {"pads", row.pads},       {"groups", row.groups},       {"dataFormat", row.dataFormat}};
  const DType dtype = compute == Compute::BFloat16 ? DType::BF16 : DType::F32;
  const TensorType x{dtype, row.image}, w{dtype, row.kernel};
  const ImageAxes axes = imageAxes(op, spec.attrs, row.image.size());
  const Window window =
      convWindow(op, spec.attrs, axes.spatialOf(row.image), Dims(row.kernel.begin(), row.kernel.end() - 2));
  Dims out = row.image;
  axes.setSpatial(out, window.out);
  out[static_cast<size_t>(axes.c)] = row.kernel.back();
  const TensorType y{dtype, out};
  spec.inputs = op == "conv"               ? std::vector{x, w}
                : op == "convBackwardData" ? std::vector{w, y}
                                           : std::vector{x, y};
  spec.outputs = {op == "conv" ? y : op == "convBackwardData" ? x : w};
  spec.inputLayouts = {nullptr, nullptr};
  spec.outputLayouts = {nullptr};
  return spec;
}

const char* engineOf(const Row& row, const char* op, Compute compute) {
  try {
    const KernelSpec spec = specOf(row, op, compute);
    const cuda::ConvolutionPlan plan(op, spec::Convolution(spec), compute == Compute::TensorFloat32);
    return plan.isCompiled() ? "compiled" : "ready";
  } catch (const Error& error) {
    if (error.code() != ErrorCode::Device) throw;
    return "none";
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: engines GPU.json CONVOLUTIONS\n");
    return 2;
  }
  std::ifstream gpu(argv[1]), list(argv[2]);
  try {
    cuda::dnn::Library::describeGpu({std::istreambuf_iterator<char>(gpu), {}});
    const SharedLibrary cudnn("libcudnn.so.9");
    std::printf("cuDNN %zu\n", cudnn.function<size_t()>("cudnnGetVersion")());
    for (std::string line; std::getline(list, line);) {
      const Row row = rowOf(line);
      for (const Compute compute : {Compute::Float32, Compute::TensorFloat32, Compute::BFloat16})
        for (const char* op : {"conv", "convBackwardData", "convBackwardFilter"}) {
          std::printf("%s ; %s ; %s ; %s\n", engineOf(row, op, compute), name(compute), op, line.c_str());
          std::fflush(stdout);
        }
    }
  } catch (const Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
