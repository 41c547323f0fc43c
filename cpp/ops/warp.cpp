#include <limits>

#include "ops/check.h"
#include "ops/expr.h"

// Images read between their pixels: what moves, turns, scales and tilts them.
namespace nodegrad {

namespace {

std::vector<TensorType> infer(const InferContext& context) {
  const TensorType& x = inputOfRank(context, 0, "the images", {DType::F32, DType::I32}, 4);
  const TensorType& transform = inputOfRank(context, 1, "the transforms", {DType::F32}, 2);
  if (x.shape[3] == kDynamic || x.shape[1] == 0 || x.shape[2] == 0)
    fail(ErrorCode::Shape, "[", context.op,
         "] expected images of known channels, at least one pixel, received ", toString(x));
  const int64_t n = transform.shape[0];
  if (transform.shape[1] != 8 || (n != 1 && n != kDynamic && x.shape[0] != kDynamic && n != x.shape[0]))
    fail(ErrorCode::Shape, "[", context.op, "] expected transforms [1, 8] or one for each of the images ",
         toString(x), ", received ", toString(transform));
  if (x.dtype == DType::I32 && !context.attrs.boolean("nearest"))
    fail(ErrorCode::Dtype, "[", context.op, "] expected float32 images where pixels are mixed, received ",
         toString(x));
  const std::string& mode = context.attrs.text("fillMode");
  if (mode != "constant" && mode != "nearest" && mode != "wrap" && mode != "mirror" && mode != "reflect")
    fail(ErrorCode::Attribute, "[", context.op,
         "] expected 'constant', 'nearest', 'wrap', 'mirror' or 'reflect' as fillMode, received '", mode,
         "'");
  return {x};
}

// The end of a slice that goes as far as there is something.
constexpr int64_t kEnd = std::numeric_limits<int32_t>::max();

Expr modulo(const Expr& x, double m) { return x - floor(x / m) * m; }

// A wave of triangles, of the whole numbers from 0 to size - 1 and back.
Expr mirrored(const Expr& index, double size) {
  if (size == 1) return index * 0.0;
  return apply("abs", {modulo(index + (size - 1), 2 * size - 2) - (size - 1)});
}

// The index along an axis that a whole number stands for, int32; NaN stands for any.
Expr pixelIndex(const Expr& index, double size, const std::string& mode) {
  Expr inside = index;
  if (mode == "wrap") inside = modulo(index, size);
  if (mode == "mirror") inside = mirrored(index, size);
  if (mode == "reflect") inside = floor((mirrored(index * 2 + 1, 2 * size + 1) - 1) * 0.5);
  const Expr clipped = apply("minimum", {apply("maximum", {inside, 0.0}), size - 1});
  return apply("cast", {where(equal(clipped, clipped), clipped, 0.0)}, {{"dtype", std::string("int32")}});
}

struct Neighbour {
  Expr index, isInside, weight;
};

std::vector<Neighbour> neighbours(const Expr& at, double size, bool isNearest, const std::string& mode) {
  const auto one = [&](const Expr& index, const Expr& weight) {
    return Neighbour{pixelIndex(index, size, mode), both(greaterEqual(index, 0.0), less(index, size)),
                     weight};
  };
  if (isNearest) return {one(rounded(at), Expr(1))};
  const Expr lower = floor(at), share = at - lower;
  return {one(lower, 1.0 - share), one(lower + 1.0, share)};
}

Exprs compose(const Exprs& in, const Attrs& attrs) {
  const Expr& x = in[0];
  Graph& graph = *x.graph();
  if (x.shape()[1] == kDynamic || x.shape()[2] == kDynamic)
    fail(ErrorCode::Shape, "[warp] expected images of known sides for a gradient, received ",
         toString(x.type()));
  const int64_t h = x.shape()[1], w = x.shape()[2], c = x.shape()[3];
  const std::string& mode = attrs.text("fillMode");
  const bool isNearest = attrs.boolean("nearest");
  const Attrs flat{{"shape", Dims{1, h * w}}};
  const auto grid = [&](int64_t axis) {
    const Expr ones{graph, graph.constant(1, {h, w}, DType::F32)};
    return apply("reshape", {apply("cumsum", {ones}, {{"axis", axis}}) - 1.0}, flat);
  };
  const Expr row = grid(0), column = grid(1);
  // One transform for each image; read for its shape alone.
  const Expr each = apply("reshape", {apply("sum", {x}, {{"axes", Dims{1, 2, 3}}, {"keepDims", false}})},
                          {{"shape", Dims{-1, 1}}});
  const Expr numbers = broadcastLike(in[1], each + Expr{graph, graph.constant(0, {1, 8}, DType::F32)});
  const auto number = [&](int64_t i) {
    return apply("slice", {numbers},
                 {{"begin", Dims{0, i}}, {"end", Dims{kEnd, i + 1}}, {"strides", Dims{1, 1}}});
  };
  const auto line = [&](int64_t i) { return number(i) * column + number(i + 1) * row; };
  const Expr scale = line(6) + 1.0;
  const auto rows = neighbours((line(3) + number(5)) / scale, static_cast<double>(h), isNearest, mode);
  const auto columns = neighbours((line(0) + number(2)) / scale, static_cast<double>(w), isNearest, mode);
  const Expr pixels = apply("reshape", {x}, {{"shape", Dims{-1, h * w, c}}});
  const auto perPixel = [&](const Expr& v) { return apply("reshape", {v}, {{"shape", Dims{-1, h * w, 1}}}); };
  const Expr rowLength{graph, graph.constant(static_cast<double>(w), {}, DType::I32)};
  Expr sum = Expr::none();
  for (const Neighbour& r : rows)
    for (const Neighbour& q : columns) {
      const Expr index = r.index * rowLength + q.index;
      Expr value = apply("gather", {pixels, index}, {{"axis", int64_t{1}}, {"batchDims", int64_t{1}}});
      if (mode == "constant")
        value = where(perPixel(both(r.isInside, q.isInside)), value, attrs.number("fillValue"));
      if (!isNearest) value = value * perPixel(r.weight * q.weight);
      sum = sum.value() == kNone ? value : sum + value;
    }
  return {reshapeLike(sum, x)};
}

}  // namespace

const OpFamily family([] {
  // Images [n, h, w, c] and transforms [n or 1, 8]: the pixel in column x and row y of the result shows the
  // point ((a0 x + a1 y + a2) / k, (b0 x + b1 y + b2) / k) with k = c0 x + c1 y + 1.
  OpDef def;
  def.name = "warp";
  def.minInputs = def.maxInputs = 2;
  def.attrs = {{"nearest", AttrKind::Boolean, false},
               {"fillMode", AttrKind::Text, std::string("constant")},
               {"fillValue", AttrKind::Number, 0.0}};
  def.infer = infer;
  def.gradient = [](const GradientContext& context) { return composedGradient(context, compose); };
  registerOp(def);
});

}  // namespace nodegrad
