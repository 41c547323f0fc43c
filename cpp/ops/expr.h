#pragma once
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "graph/graph.h"

// Gradient rules and lowerings as formulas: dy * (1 - y * y) adds the nodes that compute it.
namespace nodegrad {

// A value of a graph, or a number that becomes a scalar constant where it meets one.
class Expr {
 public:
  Expr(Graph& graph, Value value) : graph_(&graph), value_(value) {}
  Expr(double number) : number_(number) {}  // implicit: numbers stand in formulas
  // No gradient.
  static Expr none() { return Expr(0); }

  // kNone for a number.
  Value value() const { return value_; }
  Graph* graph() const { return graph_; }
  double number() const { return number_; }
  const TensorType& type() const { return graph_->type(value_); }
  const Dims& shape() const { return type().shape; }
  size_t rank() const { return shape().size(); }

 private:
  Graph* graph_ = nullptr;
  Value value_ = kNone;
  double number_ = 0;
};

using Exprs = std::vector<Expr>;

// Any op with one output; at least one operand is a value.
Expr apply(const char* op, const Exprs& operands, const Attrs& attrs = {});

inline Expr operator+(const Expr& a, const Expr& b) { return apply("add", {a, b}); }
inline Expr operator-(const Expr& a, const Expr& b) { return apply("subtract", {a, b}); }
inline Expr operator*(const Expr& a, const Expr& b) { return apply("multiply", {a, b}); }
inline Expr operator/(const Expr& a, const Expr& b) { return apply("divide", {a, b}); }
inline Expr operator-(const Expr& a) { return apply("negative", {a}); }
inline Expr exp(const Expr& x) { return apply("exp", {x}); }
inline Expr log(const Expr& x) { return apply("log", {x}); }
inline Expr square(const Expr& x) { return apply("square", {x}); }
inline Expr pow(const Expr& x, const Expr& e) { return apply("power", {x, e}); }
inline Expr equal(const Expr& a, const Expr& b) { return apply("equal", {a, b}); }
inline Expr less(const Expr& a, const Expr& b) { return apply("less", {a, b}); }
inline Expr greater(const Expr& a, const Expr& b) { return apply("greater", {a, b}); }
inline Expr greaterEqual(const Expr& a, const Expr& b) { return apply("greaterEqual", {a, b}); }
inline Expr both(const Expr& a, const Expr& b) { return apply("logicalAnd", {a, b}); }
inline Expr where(const Expr& condition, const Expr& a, const Expr& b) {
  return apply("where", {condition, a, b});
}
// 1 where the condition holds, else 0.
inline Expr indicator(const Expr& condition) {
  return apply("cast", {condition}, {{"dtype", std::string("float32")}});
}
inline Expr floor(const Expr& x) { return apply("floor", {x}); }
// The nearest whole number, of two as near the even one.
Expr rounded(const Expr& x);
inline Expr broadcastLike(const Expr& x, const Expr& like) { return apply("broadcastLike", {x, like}); }
inline Expr reshapeLike(const Expr& x, const Expr& like) { return apply("reshapeLike", {x, like}); }
// The sum over axes, which stay with length 1.
inline Expr sumKept(const Expr& x, const Dims& axes) {
  return apply("sum", {x}, {{"axes", axes}, {"keepDims", true}});
}
// Sums a gradient over the axes along which like was broadcast; nothing to do where the shapes are surely the
// same.
Expr sumTo(const Expr& gradient, const Expr& like);

// What an op is given that reads a shape alone; graph: a value of the graph that it is for.
Expr shapedAs(const TensorType& type, const Expr& graph);

// A gradient context in these words.
class Rule {
 public:
  explicit Rule(const GradientContext& context) : attrs(context.attrs), context_(context) {}
  Expr x(size_t i = 0) const { return {context_.graph, context_.inputs[i]}; }
  Expr y(size_t i = 0) const { return {context_.graph, context_.outputs[i]}; }
  Expr dy(size_t i = 0) const { return {context_.graph, context_.gradients[i]}; }
  size_t inputs() const { return context_.inputs.size(); }

  const Attrs& attrs;

 private:
  const GradientContext& context_;
};

// A plain composition of an op's outputs from its inputs.
using Composition = std::function<Exprs(const Exprs& inputs, const Attrs& attrs)>;
// The gradients of the inputs by way of the composition: what a derivative takes that no kernel is for.
std::vector<Value> composedGradient(const GradientContext& context, const Composition& composition);

// A gradient rule from a function that gives the gradients of the first inputs; the others get none.
template <class Body>
Gradient rule(Body body) {
  return [body = std::move(body)](const GradientContext& context) {
    std::vector<Value> values(context.inputs.size(), kNone);
    const Exprs gradients = body(Rule(context));
    for (size_t i = 0; i < gradients.size(); ++i) values[i] = gradients[i].value();
    return values;
  };
}

// A lowering from a function that gives the result, given the operands and the result's type.
template <class Body>
Lower lowering(Body body) {
  return [body = std::move(body)](const LowerContext& context) {
    Exprs inputs;
    for (Value input : context.inputs) inputs.emplace_back(context.graph, input);
    return std::vector<Value>{body(inputs, context.output, context.attrs).value()};
  };
}

}  // namespace nodegrad
