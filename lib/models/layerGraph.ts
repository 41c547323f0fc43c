import { EngineError } from '../errors.js';
import { InputLayer } from '../layers/input.js';
import { KerasTensor, type LayerNode } from '../layers/kerasTensor.js';
import type { CallContext, Layer } from '../layers/layer.js';
import type { Sym } from '../sym.js';

/** The layer calls that lead from a model's inputs to its outputs, in an order in which they can run. */
export class LayerGraph {
  readonly inputs: readonly KerasTensor[];
  readonly outputs: readonly KerasTensor[];
  /** The names by which outputs are measured, and their targets given in a record. */
  readonly outputNames: readonly string[];
  readonly nodes: readonly LayerNode[];
  /** Each layer once, in the order of its first call. */
  readonly layers: readonly Layer[];

  /**
   * @param outputNames By default those of the layers that make the outputs.
   * @throws EngineError `ARGUMENT` where an output depends on an input that is not listed, an input leads nowhere, layers
   *   go in a circle, or two layers have one name.
   */
  constructor(
    inputs: readonly KerasTensor[],
    outputs: readonly KerasTensor[],
    outputNames?: readonly string[],
  ) {
    for (const place of [...inputs, ...outputs]) {
      if (!(place instanceof KerasTensor)) {
        throw new EngineError(
          'ARGUMENT',
          `[Model] expected what layers.input and apply return as inputs and outputs, received ${String(place)}`,
        );
      }
    }
    if (inputs.length === 0 || outputs.length === 0) {
      throw new EngineError('ARGUMENT', '[Model] expected at least one input and one output, received none');
    }
    this.inputs = inputs;
    this.outputs = outputs;
    this.outputNames = outputNames ?? outputs.map((place) => place.node.layer.name);
    this.nodes = this.#sort();
    this.layers = [...new Set(this.nodes.map((node) => node.layer))];
    this.#checkNames();
  }

  /** Calls the layers on symbolic values. */
  run(values: readonly Sym[], context: CallContext): readonly Sym[] {
    const known = new Map<KerasTensor, Sym>();
    this.inputs.forEach((place, i) => known.set(place, values[i]));
    for (const node of this.nodes) {
      if (node.outputs.every((place) => known.has(place))) continue;
      const inputs = node.inputs.map((place) => known.get(place)!);
      node.layer.run(inputs, context).forEach((value, i) => known.set(node.outputs[i], value));
    }
    return this.outputs.map((place) => known.get(place)!);
  }

  #sort(): LayerNode[] {
    const sorted: LayerNode[] = [];
    const state = new Map<LayerNode, 'open' | 'done'>();
    const listed = new Set(this.inputs.map((place) => place.node));
    const visit = (node: LayerNode): void => {
      if (state.get(node) === 'done') return;
      if (state.get(node) === 'open') {
        throw new EngineError(
          'ARGUMENT',
          `[Model] expected layers without a circle: '${node.layer.name}' leads to itself`,
        );
      }
      state.set(node, 'open');
      if (!listed.has(node)) {
        if (node.layer instanceof InputLayer) {
          throw new EngineError(
            'ARGUMENT',
            `[Model] expected all inputs to be listed: an output depends on '${node.layer.name}', which is not`,
          );
        }
        for (const place of node.inputs) visit(place.node);
      }
      state.set(node, 'done');
      sorted.push(node);
    };
    for (const place of this.outputs) visit(place.node);
    for (const place of this.inputs) {
      if (!state.has(place.node)) {
        throw new EngineError(
          'ARGUMENT',
          `[Model] expected inputs that lead to an output: '${place.node.layer.name}' is connected to none`,
        );
      }
    }
    return sorted;
  }

  #checkNames(): void {
    const seen = new Set<string>();
    for (const { name } of this.layers) {
      if (seen.has(name))
        throw new EngineError(
          'ARGUMENT',
          `[Model] expected a name of its own for each layer, received '${name}' twice`,
        );
      seen.add(name);
    }
  }
}
