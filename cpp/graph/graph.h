#pragma once
#include <string>
#include <unordered_map>
#include <vector>

#include "core/storage.h"
#include "graph/op.h"

namespace nodegrad {

// A tensor's place outside the graph (cpp/core/storage.h); the graph only keeps it alive and tells one from
// another.
class Storage;
using StoragePtr = std::shared_ptr<Storage>;

struct Node {
  const OpDef* op = nullptr;
  std::vector<Value> inputs;
  std::vector<Value> outputs;
  Attrs attrs;
  std::string label;             // the name of an input or a parameter
  StoragePtr storage = nullptr;  // of a parameter
};

// A static description of a computation: pure ops on values, in the order in which they were added.
class Graph {
 public:
  // A value that is fed at each run.
  Value input(TensorType type, const std::string& label = "");
  // A value that lives in a tensor; the same tensor gives the same value.
  Value parameter(const StoragePtr& storage, const TensorType& type, const std::string& label = "");
  // Checks attributes, infers types, and adds the node. Fails naming the op, what was expected and what came.
  std::vector<Value> op(const std::string& name, const std::vector<Value>& inputs, const Attrs& attrs = {});
  // An op with one output.
  Value one(const std::string& name, const std::vector<Value>& inputs, const Attrs& attrs = {});
  // A scalar (or filled) constant.
  Value constant(double value, const Dims& shape = {}, DType dtype = DType::F32);

  const TensorType& type(Value value) const;
  const Node& producer(Value value) const { return nodes_[producers_[check(value)]]; }
  int outputIndex(Value value) const { return outputIndex_[check(value)]; }
  int producerIndex(Value value) const { return producers_[check(value)]; }
  const std::vector<Node>& nodes() const { return nodes_; }
  size_t valueCount() const { return types_.size(); }

 private:
  size_t check(Value value) const;
  Value add(const OpDef& def, std::vector<Value> inputs, Attrs attrs, const std::vector<TensorType>& outputs);

  std::vector<Node> nodes_;
  std::vector<TensorType> types_;
  std::vector<int> producers_;
  std::vector<int> outputIndex_;
  std::unordered_map<const Storage*, Value> parameters_;
};

}  // namespace nodegrad
