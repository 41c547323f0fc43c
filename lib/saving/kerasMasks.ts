// Masks in a model's JSON: Keras writes those that travel with values as calls of ops, and gives them to the layers that read them.
import { isPlainObject } from '../base/checks.js';
import type { Node, Reference } from './kerasCalls.js';
import { isKerasOp } from './kerasOps.js';
import { type KerasConfig, isKerasConfig } from './kerasTypes.js';

/** A layer or an op of a model, with its calls. */
export type KerasLayer = KerasConfig & { readonly name: string; readonly inbound_nodes: readonly Node[] };

/** Ops by which Keras makes a layer's mask of those of its inputs, and what they read that is no mask. */
const JOINS = ['Any', 'Concatenate', 'ExpandDims', 'LogicalOr'];
const FILLS = ['OnesLike', 'ZerosLike'];

const isMask = (key: string): boolean => /^((query|value|key)_)?mask$/.test(key);

interface LayerOutput {
  readonly at: Reference;
  readonly rank: number;
}

/** All outputs of layers in an argument of a call. */
function outputsIn(value: unknown): LayerOutput[] {
  if (Array.isArray(value)) return value.flatMap(outputsIn);
  if (!isPlainObject(value)) return [];
  if (!isKerasConfig(value)) return Object.values(value).flatMap(outputsIn);
  if (value.class_name !== '__keras_tensor__') return [];
  const { keras_history: at, shape } = value.config as { keras_history: Reference; shape?: unknown[] };
  // Keras 2 says no shapes, and gives no masks.
  return [{ at, rank: shape?.length ?? Infinity }];
}

/** What a call takes that is no mask. */
const valuesOf = ({ args, kwargs }: Node): LayerOutput[] => [
  ...outputsIn(args),
  ...outputsIn(Object.entries(kwargs).flatMap(([key, value]) => (isMask(key) ? [] : [value]))),
];

/** The comparison that makes a mask, as a text: of which output with which number. */
const comparison = ({ at }: LayerOutput, value: unknown): string => JSON.stringify([...at, value]);

/**
 * The layers of a model, their calls without the masks that travel with values here, too, and without the ops that made these alone: a
 * mask stays where it is not the one that Embedding or Masking before the call makes.
 *
 * @param outputs The names of the layers that make the model's outputs.
 */
export function withoutOwnMasks(layers: readonly KerasLayer[], outputs: readonly string[]): KerasLayer[] {
  const byName = new Map(layers.map((layer) => [layer.name, layer]));
  const found = ({ at: [name, call] }: LayerOutput) => {
    const layer = byName.get(name);
    const node = layer?.inbound_nodes[call];
    return layer && node && { layer, node };
  };

  /** The comparisons that a mask is made of; none where it is made in another way. */
  const comparisonsOf = (mask: LayerOutput): string[] | undefined => {
    const { layer, node } = found(mask) ?? {};
    if (!layer || !node || !isKerasOp(layer.module)) return undefined;
    if (FILLS.includes(layer.class_name)) return [];
    const inputs = valuesOf(node);
    if (layer.class_name === 'NotEqual') return inputs.map((input) => comparison(input, node.args[1]));
    if (!JOINS.includes(layer.class_name)) return undefined;
    const parts = inputs.map(comparisonsOf);
    return parts.every((part) => part !== undefined) ? parts.flat() : undefined;
  };

  const known = new Map<Node, readonly string[]>();
  /** The comparisons that make the masks that come with a value. One of rank 2 has no steps. */
  const comparisonsAt = (value: LayerOutput): readonly string[] => {
    const { layer, node } = found(value) ?? {};
    if (!layer || !node || value.rank < 3 || isKerasOp(layer.module)) return [];
    const before = known.get(node);
    if (before) return before;
    // A mask that the call gives goes on instead of those of its inputs.
    const given = Object.entries(node.kwargs).flatMap(([key, mask]) => (isMask(key) ? outputsIn(mask) : []));
    const number = layer.class_name === 'Masking' ? layer.config['mask_value'] : 0;
    const isMaker = layer.class_name === 'Masking' || layer.config['mask_zero'] === true;
    const made =
      given.length > 0
        ? given.flatMap((mask) => comparisonsOf(mask) ?? [JSON.stringify(mask.at)])
        : valuesOf(node).flatMap((input) => (isMaker ? [comparison(input, number)] : comparisonsAt(input)));
    known.set(node, [...new Set(made)]);
    return made;
  };

  const isOwn = (mask: unknown, values: readonly LayerOutput[]): boolean => {
    const parts = outputsIn(mask).map(comparisonsOf);
    const given = new Set(parts.flat());
    const made = new Set(values.flatMap(comparisonsAt));
    return given.size > 0 && given.size === made.size && [...made].every((one) => given.has(one));
  };

  const withoutMasks = (node: Node): Node => {
    const kept = Object.entries(node.kwargs).filter(
      ([key, value]) => !isMask(key) || !isOwn(value, valuesOf(node)),
    );
    return { ...node, kwargs: Object.fromEntries(kept) };
  };

  const left = layers.map((layer) => ({ ...layer, inbound_nodes: layer.inbound_nodes.map(withoutMasks) }));
  const needed = new Set(outputs);
  for (const { name, module } of left) if (!isKerasOp(module)) needed.add(name);
  const nodes = new Map(left.map(({ name, inbound_nodes: list }) => [name, list]));
  for (const name of needed)
    for (const { at } of outputsIn((nodes.get(name) ?? []).map(({ args, kwargs }) => [args, kwargs])))
      needed.add(at[0]);
  return left.filter(({ name }) => needed.has(name));
}
