// The least time that oneDNN and nodegrad need for a net: each primitive alone, in the layout that suits it
// best.
//
// Reads one primitive a line from stdin, writes one JSON object a line for each pass, for convolutions one
// for oneDNN and one for nodegrad's kernel ("by"):
//   convolution <N> <IC> <IH> <IW> <OC> <KH> <KW> <stride> <pad> <passes>
//   convolution3d <N> <IC> <ID> <IH> <IW> <OC> <KD> <KH> <KW> <stride> <pad> <passes>
//   inner_product <N> <IC> <OC> <passes>
// <passes> is a comma-separated choice of forward, backward_data, backward_weights. The first argument is the
// number of timed runs of each (default 20); OMP_NUM_THREADS sets the threads.
#include <cstdlib>
#include <iostream>
#include <sstream>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine.h"
#include "oneapi/dnnl/dnnl.hpp"

namespace {

using dnnl::memory;
using dt = memory::data_type;
using tag = memory::format_tag;

struct Layout {
  const char* name;
  tag activations;
};
using Layouts = std::vector<Layout>;

// Weights follow in `any`: they are repacked once, not in every step.
const Layouts kPictures = {
    {"any", tag::any}, {"nChw16c", tag::nChw16c}, {"nChw8c", tag::nChw8c}, {"nhwc", tag::nhwc}};
const Layouts kVolumes = {
    {"any", tag::any}, {"nCdhw16c", tag::nCdhw16c}, {"nCdhw8c", tag::nCdhw8c}, {"ndhwc", tag::ndhwc}};

class Timer {
 public:
  Timer(const dnnl::engine& engine, int runs) : engine_(engine), stream_(engine), runs_(runs) {}

  Timed run(const dnnl::primitive& primitive, const std::vector<std::pair<int, memory::desc>>& arguments,
            const std::string& implementation, double other = 1e30) {
    if (implementation.compare(0, 3, "ref") == 0 && other < 1e30) return {1e30, implementation};
    std::unordered_map<int, memory> memories;
    for (const auto& [index, md] : arguments) {
      memory mem(md, engine_);
      // Denormals and NaN would slow some kernels down: ordinary numbers.
      float* data = static_cast<float*>(mem.get_data_handle());
      for (size_t i = 0; i < md.get_size() / sizeof(float); ++i) data[i] = static_cast<float>(i % 17) / 17;
      memories.emplace(index, mem);
    }
    const double ms = bestMs(
        runs_,
        [&] {
          primitive.execute(stream_, memories);
          stream_.wait();
        },
        other);
    return {ms, implementation};
  }
  int runs() const { return runs_; }

 private:
  dnnl::engine engine_;
  dnnl::stream stream_;
  int runs_;
};

void report(const std::string& line, const char* pass, const char* by, const char* layout,
            const Timed& best) {
  std::cout << "{\"primitive\": \"" << line << "\", \"pass\": \"" << pass << "\", \"by\": \"" << by
            << "\", \"layout\": \"" << layout << "\", \"implementation\": \"" << best.implementation
            << "\", \"ms\": " << best.ms << "}\n"
            << std::flush;
}

// Calls attempt(layout, least time so far) for each layout and reports the fastest; a layout that oneDNN has
// no primitive for is passed over.
template <class Attempt>
bool fastest(const std::string& line, const char* pass, const Layouts& layouts, const Attempt& attempt) {
  Timed best{1e30, ""};
  const char* name = nullptr;
  for (const Layout& layout : layouts) {
    try {
      const Timed timed = attempt(layout, best.ms);
      if (timed.ms < best.ms) {
        best = timed;
        name = layout.name;
      }
    } catch (const dnnl::error&) {
    }
  }
  if (name) report(line, pass, "oneDNN", name, best);
  return name != nullptr;
}

// Reads as many numbers as there are.
bool read(std::istringstream& words, memory::dims& numbers) {
  for (memory::dim& number : numbers)
    if (!(words >> number)) return false;
  return true;
}

// spatial: 2 for pictures, 3 for volumes.
bool convolution(const dnnl::engine& engine, Timer& timer, const std::string& line, size_t spatial,
                 std::istringstream& words) {
  const Layouts& layouts = spatial == 3 ? kVolumes : kPictures;
  memory::dims source(2 + spatial), weights(1 + spatial), steps(2);
  std::string passes;
  if (!read(words, source) || !read(words, weights) || !read(words, steps) || !(words >> passes))
    return false;
  const memory::dim oc = weights[0], stride = steps[0], pad = steps[1];
  weights.insert(weights.begin() + 1, source[1]);
  memory::dims target = {source[0], oc};
  for (size_t i = 2; i < 2 + spatial; ++i) target.push_back((source[i] + 2 * pad - weights[i]) / stride + 1);
  const memory::dims strides(spatial, stride), pads(spatial, pad);
  const memory::desc weights_md(weights, dt::f32, tag::any), bias_md({oc}, dt::f32, tag::a);
  const auto algorithm = dnnl::algorithm::convolution_direct;

  const auto forward = [&](const Layout& layout) {
    const memory::desc src_md(source, dt::f32, layout.activations),
        dst_md(target, dt::f32, layout.activations);
    return dnnl::convolution_forward::primitive_desc(engine, dnnl::prop_kind::forward_training, algorithm,
                                                     src_md, weights_md, bias_md, dst_md, strides, pads,
                                                     pads);
  };
  bool ok = true;
  if (passes.find("forward") != std::string::npos) {
    ok &= fastest(line, "forward", layouts, [&](const Layout& layout, double other) {
      const auto pd = forward(layout);
      return timer.run(dnnl::convolution_forward(pd),
                       {{DNNL_ARG_SRC, pd.src_desc()},
                        {DNNL_ARG_WEIGHTS, pd.weights_desc()},
                        {DNNL_ARG_BIAS, pd.bias_desc()},
                        {DNNL_ARG_DST, pd.dst_desc()}},
                       pd.impl_info_str(), other);
    });
  }
  if (passes.find("backward_data") != std::string::npos) {
    ok &= fastest(line, "backward_data", layouts, [&](const Layout& layout, double other) {
      const memory::desc src_md(source, dt::f32, layout.activations),
          dst_md(target, dt::f32, layout.activations);
      const dnnl::convolution_backward_data::primitive_desc pd(engine, algorithm, src_md, weights_md, dst_md,
                                                               strides, pads, pads, forward(layout));
      return timer.run(dnnl::convolution_backward_data(pd),
                       {{DNNL_ARG_DIFF_SRC, pd.diff_src_desc()},
                        {DNNL_ARG_WEIGHTS, pd.weights_desc()},
                        {DNNL_ARG_DIFF_DST, pd.diff_dst_desc()}},
                       pd.impl_info_str(), other);
    });
  }
  if (passes.find("backward_weights") != std::string::npos) {
    ok &= fastest(line, "backward_weights", layouts, [&](const Layout& layout, double other) {
      const memory::desc src_md(source, dt::f32, layout.activations),
          dst_md(target, dt::f32, layout.activations);
      const dnnl::convolution_backward_weights::primitive_desc pd(
          engine, algorithm, src_md, weights_md, bias_md, dst_md, strides, pads, pads, forward(layout));
      return timer.run(dnnl::convolution_backward_weights(pd),
                       {{DNNL_ARG_SRC, pd.src_desc()},
                        {DNNL_ARG_DIFF_WEIGHTS, pd.diff_weights_desc()},
                        {DNNL_ARG_DIFF_BIAS, pd.diff_bias_desc()},
                        {DNNL_ARG_DIFF_DST, pd.diff_dst_desc()}},
                       pd.impl_info_str(), other);
    });
  }
  for (const char* pass : {"forward", "backward_data", "backward_weights"}) {
    if (passes.find(pass) != std::string::npos)
      report(line, pass, "nodegrad", "own",
             timeOwnConvolution({source, weights, stride, pad}, pass, timer.runs()));
  }
  return ok;
}

bool innerProduct(const dnnl::engine& engine, Timer& timer, const std::string& line,
                  std::istringstream& words) {
  memory::dim n, ic, oc;
  std::string passes;
  if (!(words >> n >> ic >> oc >> passes)) return false;
  const memory::desc src_md({n, ic}, dt::f32, tag::any), weights_md({oc, ic}, dt::f32, tag::any),
      bias_md({oc}, dt::f32, tag::a), dst_md({n, oc}, dt::f32, tag::any);
  const dnnl::inner_product_forward::primitive_desc pd(engine, dnnl::prop_kind::forward_training, src_md,
                                                       weights_md, bias_md, dst_md);
  if (passes.find("forward") != std::string::npos) {
    report(line, "forward", "oneDNN", "any",
           timer.run(dnnl::inner_product_forward(pd),
                     {{DNNL_ARG_SRC, pd.src_desc()},
                      {DNNL_ARG_WEIGHTS, pd.weights_desc()},
                      {DNNL_ARG_BIAS, pd.bias_desc()},
                      {DNNL_ARG_DST, pd.dst_desc()}},
                     pd.impl_info_str()));
  }
  if (passes.find("backward_data") != std::string::npos) {
    const dnnl::inner_product_backward_data::primitive_desc back(engine, src_md, weights_md, dst_md, pd);
    report(line, "backward_data", "oneDNN", "any",
           timer.run(dnnl::inner_product_backward_data(back),
                     {{DNNL_ARG_DIFF_SRC, back.diff_src_desc()},
                      {DNNL_ARG_WEIGHTS, back.weights_desc()},
                      {DNNL_ARG_DIFF_DST, back.diff_dst_desc()}},
                     back.impl_info_str()));
  }
  if (passes.find("backward_weights") != std::string::npos) {
    const dnnl::inner_product_backward_weights::primitive_desc back(engine, src_md, weights_md, bias_md,
                                                                    dst_md, pd);
    report(line, "backward_weights", "oneDNN", "any",
           timer.run(dnnl::inner_product_backward_weights(back),
                     {{DNNL_ARG_SRC, back.src_desc()},
                      {DNNL_ARG_DIFF_WEIGHTS, back.diff_weights_desc()},
                      {DNNL_ARG_DIFF_BIAS, back.diff_bias_desc()},
                      {DNNL_ARG_DIFF_DST, back.diff_dst_desc()}},
                     back.impl_info_str()));
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  Timer timer(engine, argc > 1 ? std::atoi(argv[1]) : 20);
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words(line);
    std::string kind;
    words >> kind;
    const bool ok = kind == "convolution"     ? convolution(engine, timer, line, 2, words)
                    : kind == "convolution3d" ? convolution(engine, timer, line, 3, words)
                    : kind == "inner_product" ? innerProduct(engine, timer, line, words)
                                              : false;
    if (!ok) {
      std::cerr << "floor: no primitive for the line: " << line << "\n";
      return 1;
    }
  }
  return 0;
}
