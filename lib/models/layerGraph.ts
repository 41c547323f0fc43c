import { expected, mismatch } from '../base/checks.js';
import { EngineError } from '../base/errors.js';
import { itemAt } from '../base/list.js';
import { freeName } from '../base/names.js';
import { InputLayer } from '../layers/input.js';
import { KerasTensor, type OperationNode } from '../core/kerasTensor.js';
import { Layer } from '../layers/layer.js';
import type { CallContext, Operation } from '../core/operation.js';
import type { Sym } from '../core/sym.js';

/** The calls of layers and ops that lead from a model's inputs to its outputs, in an order in which they can run. */
export class LayerGraph {
  readonly inputs: readonly KerasTensor[];
  readonly outputs: readonly KerasTensor[];
  /** The names by which outputs are measured, and their targets given in a record. */
  readonly outputNames: readonly string[];
  readonly nodes: readonly OperationNode[];
  /** Each layer and each call of an op once, the farthest from the outputs first, as in Keras. */
  readonly operations: readonly Operation[];
  /** The layers among them. */
  readonly layers: readonly Layer[];

  /**
   * @param outputNames Those of a record of outputs; by default the names of the layers that make the outputs.
   * @throws EngineError `ARGUMENT` where an output depends on an input that is not listed, layers go in a circle, or two layers have one
   *   name.
   */
  constructor(
    inputs: readonly KerasTensor[],
    outputs: readonly KerasTensor[],
    outputNames?: readonly string[],
  ) {
    for (const tensor of [...inputs, ...outputs]) {
      if (!(tensor instanceof KerasTensor)) {
        throw expected('Model', 'what layers.input and apply return as inputs and outputs', tensor);
      }
    }
    if (inputs.length === 0 || outputs.length === 0) {
      throw mismatch('Model', 'at least one input and one output', 'none');
    }
    const sorted = sort(inputs, outputs);
    const graph = inputs.every(isInput) ? { inputs, outputs, nodes: sorted } : cut(inputs, outputs, sorted);
    this.inputs = graph.inputs;
    this.outputs = graph.outputs;
    this.nodes = graph.nodes;
    this.outputNames = distinct(outputNames ?? this.outputs.map((tensor) => tensor.node.operation.name));
    this.operations = byDepth(this.nodes, inKerasOrder(this.outputs, outputNames));
    this.layers = this.operations.filter((operation) => operation instanceof Layer);
    this.#checkNames();
  }

  /** Calls the layers and ops on symbolic values. */
  run(values: readonly Sym[], context: CallContext): readonly Sym[] {
    const known = new Map<KerasTensor, Sym>();
    this.inputs.forEach((tensor, i) => known.set(tensor, itemAt(values, i)));
    for (const node of this.nodes) {
      if (node.outputs.every((tensor) => known.has(tensor))) continue;
      const inputs = node.inputs.map((tensor) => known.get(tensor)!);
      node.operation
        .run(inputs, { ...context, ...node.options })
        .forEach((value, i) => known.set(itemAt(node.outputs, i), value));
    }
    return this.outputs.map((tensor) => known.get(tensor)!);
  }

  #checkNames(): void {
    const seen = new Set<string>();
    for (const { name } of this.operations) {
      if (seen.has(name)) throw nameTaken(name);
      seen.add(name);
    }
  }
}

/** The error where two layers of a model have one name. */
export const nameTaken = (name: string): EngineError =>
  mismatch('Model', 'another name for each layer', `'${name}' twice`);

const isInput = (tensor: KerasTensor): boolean => tensor.node.operation instanceof InputLayer;

/**
 * Walks from places back along the inputs of the calls that made them, depth first. `enter` is told of each place that is met, whether
 * to go on after it is what it returns; `leave` of each call that was gone through, after its inputs. No recursion: a model may be
 * deeper than JavaScript's stack.
 */
function walkBack(
  tensors: readonly KerasTensor[],
  enter: (tensor: KerasTensor) => boolean,
  leave: (node: OperationNode) => void = () => {},
): void {
  const open: { node?: OperationNode; left: KerasTensor[] }[] = [{ left: [...tensors].reverse() }];
  for (let last = open.at(-1); last; last = open.at(-1)) {
    const tensor = last.left.pop();
    if (!tensor) {
      if (last.node) leave(last.node);
      open.pop();
    } else if (enter(tensor)) {
      open.push({ node: tensor.node, left: [...tensor.node.inputs].reverse() });
    }
  }
}

/** The calls between inputs and outputs, each after those that it needs. */
function sort(inputs: readonly KerasTensor[], outputs: readonly KerasTensor[]): OperationNode[] {
  const sorted: OperationNode[] = [];
  const state = new Map<OperationNode, 'open' | 'done'>();
  const listed = new Set(inputs);
  const enter = (tensor: KerasTensor): boolean => {
    const { node } = tensor;
    if (state.get(node) === 'done' || (listed.has(tensor) && !isInput(tensor))) return false;
    if (state.get(node) === 'open') {
      throw mismatch('Model', 'layers without a circle', `'${node.operation.name}', which leads to itself`);
    }
    if (isInput(tensor) && !listed.has(tensor)) {
      throw mismatch(
        'Model',
        'all inputs on which outputs depend',
        `none of '${node.operation.name}': list it, too`,
      );
    }
    state.set(node, 'open');
    return true;
  };
  walkBack(outputs, enter, (node) => {
    state.set(node, 'done');
    sorted.push(node);
  });
  // Inputs that lead to no output are fed, too: own losses may use them.
  const unused = inputs.filter((tensor) => isInput(tensor) && !state.has(tensor.node));
  return [...new Set(unused.map(({ node }) => node)), ...sorted];
}

/** The same calls from inputs of their own in the places of what other layers put out, as Keras clones them. */
function cut(
  inputs: readonly KerasTensor[],
  outputs: readonly KerasTensor[],
  sorted: readonly OperationNode[],
) {
  const copies = new Map<KerasTensor, KerasTensor>();
  for (const tensor of inputs) {
    const { shape, dtype } = tensor;
    copies.set(tensor, isInput(tensor) ? tensor : new InputLayer({ shape: shape.slice(1), dtype }).output);
  }
  const copy = (tensor: KerasTensor) => copies.get(tensor)!;
  const heads = inputs.map((tensor) => copy(tensor).node);
  const nodes = sorted
    .filter(({ operation }) => !(operation instanceof InputLayer))
    .map((node) => {
      const made: KerasTensor[] = [];
      const clone: OperationNode = {
        operation: node.operation,
        inputs: node.inputs.map(copy),
        outputs: made,
        ...(node.options && { options: node.options }),
      };
      for (const tensor of node.outputs) {
        const twin = new KerasTensor(clone, tensor.shape, tensor.dtype);
        made.push(twin);
        if (!copies.has(tensor)) copies.set(tensor, twin);
      }
      return clone;
    });
  return { inputs: inputs.map(copy), outputs: outputs.map(copy), nodes: [...new Set(heads), ...nodes] };
}

/** Keras goes through a record in the order of its names. */
function inKerasOrder(outputs: readonly KerasTensor[], names?: readonly string[]): readonly KerasTensor[] {
  if (!names) return outputs;
  const byName = new Map(names.map((name, i) => [name, itemAt(outputs, i)]));
  return [...byName.keys()].sort().map((name) => byName.get(name)!);
}

/**
 * The operations by their depth, the number of calls on the longest way to an output; those of one depth in the order in which a walk
 * back from the outputs meets them, after inputs that it does not meet. Keras's order of operations, and so of weights.
 */
function byDepth(nodes: readonly OperationNode[], outputs: readonly KerasTensor[]): Operation[] {
  const met = new Set<OperationNode>();
  const order: Operation[] = [];
  const within = new Set(nodes);
  walkBack(outputs, ({ node }) => {
    if (met.has(node) || !within.has(node)) return false;
    met.add(node);
    order.push(node.operation);
    return true;
  });
  const ofNode = new Map<OperationNode, number>();
  const ofOperation = new Map<Operation, number>();
  for (const node of nodes.toReversed()) {
    // A shared layer counts as deep as its deepest call.
    const depth = Math.max(ofNode.get(node) ?? 0, ofOperation.get(node.operation) ?? 0);
    ofOperation.set(node.operation, depth);
    for (const { node: before } of node.inputs)
      ofNode.set(before, Math.max(ofNode.get(before) ?? 0, depth + 1));
  }
  const unmet = nodes.filter((node) => !met.has(node)).map(({ operation }) => operation);
  return [...new Set([...unmet, ...order])].sort((a, b) => ofOperation.get(b)! - ofOperation.get(a)!);
}

/** The names, with `_1`, `_2`, … after one that comes again. */
function distinct(names: readonly string[]): string[] {
  const taken = new Set(names);
  return names.map((name, i) => {
    const free = names.indexOf(name) === i ? name : freeName(name, taken);
    taken.add(free);
    return free;
  });
}
