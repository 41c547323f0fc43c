#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "backend.h"
#include "graph/graph.h"
#include "plan/id.h"

namespace nodegrad::plan {

struct IrValue;
struct IrNode;
using ValueId = Id<IrValue>;
using NodeId = Id<IrNode>;
template <class T>
using PerValue = Table<IrValue, T>;
template <class T>
using PerNode = Table<IrNode, T>;

enum class Origin { Computed, Feed, Parameter };

struct IrValue {
  TensorType type;  // static
  Origin origin = Origin::Computed;
  NodeId node;       // that computes it
  size_t index = 0;  // of the feed or parameter, or among the outputs of the node
  LayoutPtr layout;  // set by the layout pass
};

struct IrNode {
  std::string op;
  std::vector<ValueId> inputs, outputs;
  Attrs attrs;
  std::shared_ptr<const ElementwiseProgram> program;
  // Whether its results change only where parameters do that the computation itself leaves alone
  // (markInvariant).
  bool invariant = false;
  double rank =
      0;  // the position in the traced order, which the schedule keeps where nothing speaks against it
};

struct IrUpdate {
  size_t parameter;
  ValueId value;
};

// The nodes of an Ir, which alone changes them: it keeps count of who reads what.
class IrNodes {
 public:
  const IrNode& operator[](NodeId id) const { return list_[id]; }
  const IrNode& back() const { return list_.back(); }
  size_t size() const { return list_.size(); }
  bool empty() const { return list_.empty(); }
  bool has(NodeId id) const { return list_.has(id); }
  Ids<IrNode> ids() const { return list_.ids(); }
  auto begin() const { return list_.begin(); }
  auto end() const { return list_.end(); }

 private:
  friend struct Ir;
  PerNode<IrNode> list_;
};

// The computation for one set of concrete shapes, rewritten by the passes. Nodes stand in an order in which
// they can run.
struct Ir {
  PerValue<IrValue> values;
  IrNodes nodes;
  std::vector<ValueId> feeds;  // value of each feed; none where nothing uses it
  bool feedsRows = false;      // whether the last feed, int32, names rows of the others, which are the step's
  std::vector<ValueId> parameters;   // value of each parameter
  std::vector<StoragePtr> storages;  // of each parameter
  std::vector<ValueId> fetches;
  std::vector<IrUpdate> updates;
  Compute compute = Compute::Float32;  // BFloat16: activations may become it (choosePrecision)
  Habits habits;                       // of the backend (runPasses)

  ValueId addValue(const TensorType& type, Origin origin = Origin::Computed, size_t index = 0);
  // Appends a node with new outputs of the given types.
  NodeId addNode(const std::string& op, std::vector<ValueId> inputs, const std::vector<TensorType>& outputs,
                 Attrs attrs, double rank);
  // The same for one output, which it returns.
  ValueId add(const std::string& op, std::vector<ValueId> inputs, const TensorType& output, Attrs attrs,
              double rank);
  const TensorType& type(ValueId value) const { return values[value].type; }
  // Replaces a node; its outputs become outputs of this one.
  void put(NodeId id, IrNode node);
  void setInputs(NodeId id, std::vector<ValueId> inputs);
  void setInput(NodeId id, size_t input, ValueId value);
  void addInput(NodeId id, ValueId value);
  // The node reads nothing any more.
  void detach(NodeId id) { setInputs(id, {}); }
  // A further output of a node; returns its value.
  ValueId addOutput(NodeId id, const TensorType& type);
  void setAttr(NodeId id, const std::string& name, Attr value) { at(id).attrs.set(name, std::move(value)); }
  void setRank(NodeId id, double rank) { at(id).rank = rank; }
  void setInvariant(NodeId id, bool invariant) { at(id).invariant = invariant; }
  // Takes all nodes out, for a pass that puts them back one by one by append.
  std::vector<IrNode> takeNodes();
  void append(IrNode node);

  // The node that computes a value; none for feeds and parameters.
  NodeId producerId(ValueId value) const {
    return values[value].origin == Origin::Computed ? values[value].node : NodeId();
  }
  // The same, or null.
  const IrNode* producer(ValueId value) const;
  // The nodes that read a value, in their order (a node that reads it twice stands twice).
  const std::vector<NodeId>& readers(ValueId value) const { return readers_[value]; }
  // How often a value is read, fetched or written to a parameter. Fetches and updates that a pass changes by
  // itself count after the next sweepAndSort.
  size_t uses(ValueId value) const { return readers_[value].size() + kept_[value]; }
  // Whether a value is fetched or written to a parameter.
  bool isKept(ValueId value) const { return kept_[value] != 0; }
  // The only node that reads a value which is neither fetched nor written to a parameter, or none.
  NodeId soleReader(ValueId value) const;
  // The number that a constant is filled with; nothing for any other value.
  std::optional<double> constantOf(ValueId value) const;
  // The vector [channels] that a value repeats along its channels, or none.
  ValueId channelVector(ValueId value, int64_t channels, size_t channelFromEnd) const;
  // Every use of one value becomes a use of another.
  void replaceUses(ValueId from, ValueId to);
  // Drops nodes whose results nothing uses, and orders the others so that each comes after what it reads, by
  // rank. before: further pairs (first, then).
  void sweepAndSort(const std::vector<std::pair<NodeId, NodeId>>& before = {});
  // Whether only parameters that the computation leaves alone decide a value (markInvariant).
  bool isInvariant(ValueId value) const;
  // What the backend is told of a node.
  KernelSpec spec(const IrNode& node) const;

 private:
  IrNode& at(NodeId id) { return nodes.list_[id]; }
  // Adds a node to the readers of its inputs, and takes it out again.
  void link(NodeId id);
  void unlink(NodeId id);
  void countUses();

  PerValue<std::vector<NodeId>> readers_;
  PerValue<size_t> kept_;      // how often each value is fetched or written to a parameter
  std::vector<bool> updated_;  // whether the computation changes each parameter
};

// The passes, in the order in which they run.
// Concrete shapes for every node that the fetches and updates need; ops that only look at a shape become
// constants of it. rows: how many rows of what is fed the graph's inputs are, and one more feed names them;
// none: the inputs are what is fed.
Ir specialize(const Graph& graph, const std::vector<Value>& feeds, const std::vector<TensorType>& feedTypes,
              const std::vector<Value>& fetches, const std::vector<std::pair<StoragePtr, Value>>& updates,
              std::optional<int64_t> rows = std::nullopt);
// Drops no-ops, folds constants, merges equal nodes, and moves a ReLU's mask after the max-pooling that
// follows it.
void simplify(Ir& ir);
// Zeros around an image become pads of the convolutions and poolings that read it, what is cut off a gradient
// pads of those that make it. Tells whether there were any.
bool foldPads(Ir& ir);
// Batch normalization: its statistics and what it does with them as nodes of their own, the latter with what
// surrounds it.
void fuseNorm(Ir& ir, const Backend& backend);
// A scale of each channel after a convolution, as batch normalization is outside of training, becomes part
// of its weights, and what is added its bias.
void foldScale(Ir& ir);
// Convolutions and matrix products of what is quantised, as products of bytes, where the backend has such
// (and fuse says so). What is left of fakeQuantize becomes plain ops.
void fuseQuantized(Ir& ir, const Backend& backend, bool fuse);
// Bytes between such products: the first one rounds what the next one reads, through maxima and reshapes.
void keepQuantized(Ir& ir, const Backend& backend);
// Convolutions and dense layers with their bias, activation and bias gradient.
void fuseCompute(Ir& ir, const Backend& backend);
// The neighbours of a convolution into it, where the backend has a kernel for that: the sum with a residual,
// max-pooling, the mask of a ReLU's gradient, concatenation, and the statistics of a batch normalization.
void fuseConvolutions(Ir& ir, const Backend& backend);
// The update of a weight of which rows were gathered takes their gradients as they are: no table of
// gradients.
void fuseUpdates(Ir& ir, const Backend& backend);
// Element-wise neighbours of one shape into chains.
void fuseElementwise(Ir& ir);
// Last outputs of a node that nothing reads, as those for a gradient outside of training, where the backend
// has a kernel that does not make them.
void dropOutputs(Ir& ir, const Backend& backend);
// Takes barriers out, after which nothing may make one node of equal ones.
void dropBarriers(Ir& ir);
// bfloat16 for the activations that kernels want in it, and what leads from one to the other; conversions
// where a kernel takes only the other one. Weights, their gradients, losses and what is fetched stay float32.
void choosePrecision(Ir& ir, Backend& backend);
// Memory layouts, with reorders where two meet.
void chooseLayouts(Ir& ir, Backend& backend);
// Updates of small weights into one node for each rule. In come weight, gradient and slots of each, then the
// scalars; out go weight and slots of each.
void joinUpdates(Ir& ir);
// Marks what need not be computed in every step, constants among it.
void markInvariant(Ir& ir);
// The order of execution: updates as soon as the last reader of the old numbers is done.
void schedule(Ir& ir);

// Told of each pass that has run.
using PassObserver = std::function<void(const Ir& ir, const char* pass)>;
// All passes. fuse: with those that make one node of several. compute: BFloat16 for activations in
// bfloat16. In debug builds each result is verified.
void runPasses(Ir& ir, Backend& backend, bool fuse, Compute compute, const PassObserver& ran = nullptr);

// Fails with INTERNAL, naming the pass, where a node is not one that cpp/spec or the ops know, with the types
// that they give, or where it reads what comes after it.
void verify(const Ir& ir, const char* pass);

// Where a value's numbers are when the plan runs.
enum class MemoryKind { Arena, Feed, Parameter, Fetch, Invariant };

struct Slot {
  MemoryKind kind = MemoryKind::Arena;
  size_t index = 0;   // of the feed, parameter, fetch or invariant value
  size_t offset = 0;  // in the arena
};

struct MemoryMap {
  PerValue<Slot> slots;
  PerNode<size_t> scratch;       // arena offset of each node's scratch memory
  PerNode<bool> skipped;         // nodes without work in a step: invariant ones, and aliases of their input
  std::vector<IrUpdate> copies;  // what to copy to a parameter when the step is done
  size_t arenaBytes = 0;
};

// Assigns memory by lifetime. scratchBytes: what each node's kernel wants.
MemoryMap assignMemory(const Ir& ir, const Backend& backend, const PerNode<size_t>& scratchBytes);

// The bytes of a value in its layout.
size_t bytesOf(const IrValue& value);

// Appends a step to an element-wise program; returns its register.
int addStep(ElementwiseProgram& program, const IrNode& node, const std::vector<int>& args, DType dtype);
// An op that may become a step of a chain.
bool isElementwise(const std::string& op);
// An optimizer's update: "sgdUpdate", "adamUpdate".
bool isUpdate(const std::string& op);
// A reshape of row-major memory is no work: its output is its input's memory.
bool isAlias(const Ir& ir, const IrNode& node);
// The nodes that read a value's memory, by itself or through aliases of it.
std::vector<NodeId> memoryReaders(const Ir& ir, ValueId value);

}  // namespace nodegrad::plan
