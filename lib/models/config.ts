import { expected, isPlainObject, mismatch } from '../base/checks.js';
import type { DType, Shape } from '../engine/engine.js';
import { itemAt } from '../base/list.js';
import type { ObjectConfig } from '../base/registry.js';
import type { DtypePolicy } from '../core/dtypePolicy.js';
import { InputLayer } from '../layers/input.js';
import type { KerasTensor } from '../core/kerasTensor.js';
import { Layer } from '../layers/layer.js';
import { layerConfig, layerFromConfig } from '../layers/registry.js';
import type { RegularizerLike } from '../regularizers/registry.js';
import { OpCall } from '../core/op.js';
import type { CallOptions, Operation } from '../core/operation.js';
import type { LayerGraph } from './layerGraph.js';
import { type OpConfig, isOpConfig, opConfig, opFromConfig } from './opConfig.js';

/** An output of a call: which layer or op, which of its calls, which of its outputs. */
type Reference = readonly [layer: string, call: number, output: number];

/** A call of a layer or op. */
interface CallConfig {
  readonly layer: string;
  readonly inputs: readonly Reference[];
  /** What comes out. */
  readonly outputs: readonly { readonly dtype: DType; readonly shape: Shape }[];
  /** How it is called, where the call says so itself. */
  readonly options?: CallOptions;
}

export interface GraphConfig {
  readonly name: string;
  readonly trainable?: boolean;
  readonly dtypePolicy?: DtypePolicy;
  readonly activityRegularizer?: RegularizerLike;
  /** The calls of ops, too. */
  readonly layers: readonly (ObjectConfig | OpConfig)[];
  readonly calls: readonly CallConfig[];
  readonly inputs: readonly Reference[];
  readonly outputs: readonly Reference[];
  /** The outputs' names where they were given in a record. */
  readonly outputNames?: readonly string[];
}

export function graphConfig(graph: LayerGraph): Pick<GraphConfig, 'layers' | 'calls' | 'inputs' | 'outputs'> {
  const calls = new Map<Operation, number>();
  const tensors = new Map<KerasTensor, Reference>();
  for (const { operation, outputs } of graph.nodes) {
    const call = calls.get(operation) ?? 0;
    calls.set(operation, call + 1);
    outputs.forEach((tensor, i) => tensors.set(tensor, [operation.name, call, i]));
  }
  const refer = (tensor: KerasTensor) => tensors.get(tensor)!;
  return {
    layers: graph.operations.flatMap(configOf),
    calls: graph.nodes
      .filter(({ operation }) => !(operation instanceof InputLayer))
      .map(({ operation, inputs, outputs, options }) => ({
        layer: operation.name,
        inputs: inputs.map(refer),
        outputs: outputs.map(({ dtype, shape }) => ({ dtype, shape })),
        ...(options && { options }),
      })),
    inputs: graph.inputs.map(refer),
    outputs: graph.outputs.map(refer),
  };
}

const configOf = (operation: Operation): (ObjectConfig | OpConfig)[] =>
  operation instanceof Layer
    ? [layerConfig(operation)]
    : operation instanceof OpCall
      ? [opConfig(operation)]
      : [];

/** Fails unless a configuration is an object with these lists. */
export function checkConfig(config: unknown, lists: readonly string[]): void {
  if (!isPlainObject(config)) throw expected('fromConfig', 'a configuration as getConfig gives it', config);
  for (const name of lists)
    if (!Array.isArray(config[name]))
      throw expected('fromConfig', `a list of ${name} in the configuration`, config[name]);
}

export function graphFromConfig(
  config: Pick<GraphConfig, 'layers' | 'calls' | 'inputs' | 'outputs' | 'outputNames'>,
): { inputs: KerasTensor[]; outputs: KerasTensor[] | Record<string, KerasTensor> } {
  const byName = new Map<string, Operation>();
  const tensors = new Map<string, readonly KerasTensor[]>();
  const calls = new Map<string, number>();
  for (const item of config.layers) {
    const made = isOpConfig(item) ? opFromConfig(item) : layerFromConfig(item);
    byName.set(made.name, made);
    if (made instanceof InputLayer) tensors.set(`${made.name}/0`, [made.output]);
  }
  const at = ([layer, call, output]: Reference): KerasTensor => {
    const tensor = tensors.get(`${layer}/${call}`)?.[output];
    if (!tensor) {
      throw mismatch('fromConfig', `a call of layer '${layer}' before its output is used`, 'none');
    }
    return tensor;
  };
  for (const { layer, inputs, options } of config.calls) {
    const call = calls.get(layer) ?? 0;
    calls.set(layer, call + 1);
    tensors.set(`${layer}/${call}`, byName.get(layer)!.follow(inputs.map(at), options));
  }
  const outputs = config.outputs.map(at);
  const named = config.outputNames?.map((name, i) => [name, itemAt(outputs, i)] as const);
  return { inputs: config.inputs.map(at), outputs: named ? Object.fromEntries(named) : outputs };
}
