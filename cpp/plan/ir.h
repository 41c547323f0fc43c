#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "backend.h"
#include "graph/graph.h"

namespace nodegrad::plan {

enum class Origin { Computed, Feed, Parameter };

struct IrValue {
  TensorType type;  // static
  Origin origin = Origin::Computed;
  int index = -1;    // of the feed or parameter, or of the producing node
  int output = 0;    // of the producing node
  LayoutPtr layout;  // set by the layout pass
};

struct IrNode {
  std::string op;
  std::vector<int> inputs, outputs;
  Attrs attrs;
  std::shared_ptr<const ElementwiseProgram> program;
  // Whether its results change only where parameters do that the computation itself leaves alone
  // (markSteady).
  bool steady = false;
  double rank = 0;  // the place in the traced order, which the schedule keeps where nothing speaks against it
};

struct IrUpdate {
  int parameter;
  int value;
};

// The nodes of an Ir, which alone changes them: it keeps count of who reads what.
class IrNodes {
 public:
  const IrNode& operator[](size_t index) const { return list_[index]; }
  const IrNode& back() const { return list_.back(); }
  size_t size() const { return list_.size(); }
  bool empty() const { return list_.empty(); }
  auto begin() const { return list_.begin(); }
  auto end() const { return list_.end(); }

 private:
  friend struct Ir;
  std::vector<IrNode> list_;
};

// The computation for one set of concrete shapes, rewritten by the passes. Nodes lie in an order in which
// they can run.
struct Ir {
  std::vector<IrValue> values;
  IrNodes nodes;
  std::vector<int> feeds;            // value of each feed; -1 where nothing uses it
  std::vector<int> parameters;       // value of each parameter
  std::vector<StoragePtr> storages;  // of each parameter
  std::vector<int> fetches;
  std::vector<IrUpdate> updates;
  DType compute = DType::F32;  // BF16: activations may become bfloat16 (choosePrecision)
  Habits habits;               // of the backend (runPasses)

  int addValue(const TensorType& type, Origin origin = Origin::Computed, int index = -1);
  // Appends a node with new outputs of the given types; returns its index.
  int addNode(const std::string& op, std::vector<int> inputs, const std::vector<TensorType>& outputs,
              Attrs attrs, double rank);
  const TensorType& type(int value) const { return values[static_cast<size_t>(value)].type; }
  // Replaces a node; its outputs become outputs of this one.
  void put(int index, IrNode node);
  void setInputs(int index, std::vector<int> inputs);
  void setInput(int index, size_t input, int value);
  void addInput(int index, int value);
  // The node reads nothing any more.
  void detach(int index) { setInputs(index, {}); }
  // A further output of a node; returns its value.
  int addOutput(int index, const TensorType& type);
  void setAttr(int index, const std::string& name, Attr value) {
    at(index).attrs.set(name, std::move(value));
  }
  void setRank(int index, double rank) { at(index).rank = rank; }
  void setSteady(int index, bool steady) { at(index).steady = steady; }
  // Takes all nodes out, for a pass that puts them back one by one by append.
  std::vector<IrNode> takeNodes();
  void append(IrNode node);

  // The node that computes a value, or null.
  const IrNode* producer(int value) const;
  // The nodes that read a value, in their order (a node that reads it twice stands twice).
  const std::vector<int>& readers(int value) const { return readers_[static_cast<size_t>(value)]; }
  // How often a value is read, fetched or written to a parameter. Fetches and updates that a pass changes by
  // itself count after the next sweepAndSort.
  int uses(int value) const;
  // Whether a value is fetched or written to a parameter.
  bool isKept(int value) const { return kept_[static_cast<size_t>(value)] != 0; }
  // The only node that reads a value which is neither fetched nor written to a parameter, or -1.
  int soleReader(int value) const;
  // The number that a constant is filled with; nothing for any other value.
  std::optional<double> constantOf(int value) const;
  // The vector [channels] that a value repeats along its channels, or -1.
  int channelVector(int value, int64_t channels, size_t channelFromEnd) const;
  // Every use of one value becomes a use of another.
  void replaceUses(int from, int to);
  // Drops nodes whose results nobody uses, and orders the others so that each comes after what it reads, by
  // rank. before: further pairs (first, then) of node indices.
  void sweepAndSort(const std::vector<std::pair<int, int>>& before = {});
  // Whether only parameters that the computation leaves alone decide a value (markSteady).
  bool isSteady(int value) const;
  // What the backend is told of a node.
  KernelSpec spec(const IrNode& node) const;

 private:
  IrNode& at(int index) { return nodes.list_[static_cast<size_t>(index)]; }
  // Adds a node to the readers of its inputs, and takes it out again.
  void link(int index);
  void unlink(int index);
  void countUses();

  std::vector<std::vector<int>> readers_;  // of each value
  std::vector<int> kept_;                  // how often each value is fetched or written to a parameter
  std::vector<bool> updated_;              // whether the computation changes each parameter
};

// The passes, in the order in which they run.
// Concrete shapes for every node that the fetches and updates need; ops that only look at a shape become
// constants of it.
Ir specialize(const Graph& graph, const std::vector<Value>& feeds, const std::vector<TensorType>& feedTypes,
              const std::vector<Value>& fetches, const std::vector<std::pair<StoragePtr, Value>>& updates);
// Drops no-ops, folds constants, merges equal nodes, and moves a ReLU's mask behind the max-pooling that
// follows it.
void simplify(Ir& ir);
// Zeros around an image become pads of the convolutions and poolings that read it, what is cut off a gradient
// pads of those that make it. Tells whether there were any.
bool foldPads(Ir& ir);
// Batch normalization: its statistics and what it does with them as nodes of their own, the latter with what
// surrounds it.
void fuseNorm(Ir& ir, const Backend& backend);
// A scale of each channel behind a convolution, as batch normalization is outside of training, becomes part
// of its weights, and what is added its bias.
void foldScale(Ir& ir);
// Convolutions and dense layers with their bias, activation and bias gradient.
void fuseCompute(Ir& ir, const Backend& backend);
// What lies around a convolution into it, where the backend has a kernel for that: the sum with a residual,
// max-pooling, the mask of a ReLU's gradient, concatenation, and the statistics of a batch normalization.
void fuseConvolutions(Ir& ir, const Backend& backend);
// The update of a weight of which rows were gathered takes their gradients as they are: no table of
// gradients.
void fuseUpdates(Ir& ir, const Backend& backend);
// Element-wise neighbours of one shape into chains.
void fuseElementwise(Ir& ir);
// Last outputs of a node that nobody reads, as those for a gradient outside of training, where the backend
// has a kernel that does not make them.
void dropOutputs(Ir& ir, const Backend& backend);
// bfloat16 for the activations that kernels want in it, and what leads from one to the other; conversions
// where a kernel takes only the other one. Weights, their gradients, losses and what is fetched stay float32.
void choosePrecision(Ir& ir, Backend& backend);
// Memory layouts, with reorders where two meet.
void chooseLayouts(Ir& ir, Backend& backend);
// Updates of small weights into one node for each rule. In come weight, gradient and slots of each, then the
// scalars; out go weight and slots of each.
void joinUpdates(Ir& ir);
// Marks what need not be computed in every step, constants among it.
void markSteady(Ir& ir);
// The order of execution: updates as soon as the last reader of the old numbers is done.
void schedule(Ir& ir);

// Told of each pass that has run.
using PassObserver = std::function<void(const Ir& ir, const char* pass)>;
// All passes. fuse: with those that make one node of several. compute: F32, or BF16 for activations in
// bfloat16. In debug builds each result is verified.
void runPasses(Ir& ir, Backend& backend, bool fuse, DType compute, const PassObserver& ran = nullptr);

// Fails with INTERNAL, naming the pass, where a node is not one that cpp/spec or the ops know, with the types
// that they give, or where it reads what comes after it.
void verify(const Ir& ir, const char* pass);

// Where a value's numbers are when the plan runs.
enum class Place { Arena, Feed, Parameter, Fetch, Steady };

struct Slot {
  Place place = Place::Arena;
  int index = -1;     // of the feed, parameter, fetch or steady value
  size_t offset = 0;  // in the arena
};

struct MemoryMap {
  std::vector<Slot> slots;      // of each value
  std::vector<size_t> scratch;  // arena offset of each node's scratch memory
  std::vector<bool> skipped;    // nodes without work in a step: steady ones, and aliases of their input
  std::vector<std::pair<int, int>> copies;  // (value, parameter) to copy when the step is done
  size_t arenaBytes = 0;
};

// Assigns memory by lifetime. scratchBytes: what each node's kernel wants.
MemoryMap assignMemory(const Ir& ir, const Backend& backend, const std::vector<size_t>& scratchBytes);

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
std::vector<int> memoryReaders(const Ir& ir, int value);

}  // namespace nodegrad::plan
