// Calls of layers as Keras writes them in a model's JSON: which of their arguments are inputs, and which are options of the layer here.
import { expected } from '../base/checks.js';
import { kerasOption, ownOption } from '../base/kerasNames.js';
import { firstOf } from '../base/list.js';
import type { ObjectConfig } from '../base/registry.js';
import { type Fields, isKerasConfig, without } from './kerasTypes.js';

/** An output of a call: which layer or op, which of its calls, which of its outputs. */
export type Reference = readonly [layer: string, call: number, output: number];

/** The arguments of a call. */
export interface Node {
  readonly args: readonly unknown[];
  readonly kwargs: Fields;
  /** That the call said itself that it does not train. Among the arguments Keras 3 writes that as the layer's default, too, and goes by its model. */
  readonly training?: false;
}

/** Layers whose further inputs are the states to begin with. */
const WITH_STATES = /^(LSTM|GRU|SimpleRNN|RNN|ConvLSTM[123]D|Bidirectional)$/;

/** Cells, whose further inputs are the states before the step. */
const CELL = /^(LSTM|GRU|SimpleRNN)Cell$/;

/** What the calls of attention layers take, in Keras's order: inputs in a list, or one by one. */
const IN_LIST = ['inputs', 'mask', 'training', 'return_attention_scores', 'use_causal_mask'];
const ONE_BY_ONE =
  'query value key query_mask value_mask key_mask attention_mask return_attention_scores training use_causal_mask'.split(
    ' ',
  );
const PARAMETERS: Readonly<Record<string, readonly string[]>> = {
  AdditiveAttention: IN_LIST,
  Attention: IN_LIST,
  GroupQueryAttention: ONE_BY_ONE,
  MultiHeadAttention: ONE_BY_ONE,
  ReversibleEmbedding: ['inputs', 'reverse'],
};

/** What calls say about themselves, here too. */
const isContext = (className: string, key: string): boolean =>
  key === 'training' || (key === 'reverse' && className === 'ReversibleEmbedding');

/** Options of attention layers that Keras's calls take. */
const OF_CALL = ['returnAttentionScores', 'useCausalMask'];

/** Whether an option of a class here is an argument of the call in Keras. */
export const isOfCall = (className: string, option: string): boolean =>
  Object.hasOwn(PARAMETERS, className) && OF_CALL.includes(option);

/** Layers that take masks of a sequence's inputs in a list, or one for each of these arguments; others take one, of the first input. */
const MASKS_IN_LIST = /^(Additive)?Attention$/;
const OF_EACH = ['query_mask', 'value_mask', 'key_mask'];

/** Layers of Keras whose calls take a mask; those in a model that a call applies take one, too. */
const TAKES_MASK =
  /^(LSTM|GRU|SimpleRNN|RNN|ConvLSTM[123]D|Bidirectional|TimeDistributed|GlobalAveragePooling1D|BatchNormalization|Softmax|Lambda|(Additive)?Attention|Functional|Sequential|Model|MultiHeadAttention|GroupQueryAttention)$/;

/** What a layer's call says where it says nothing that could be lost. */
const isUnset = (value: unknown): boolean => value === null || value === undefined || value === false;

/** The inputs of a layer's call, all outputs of layers in its arguments, in order; the layer's options among the arguments, and what the call says about itself. */
export function callFromKeras(name: string, className: string, { args, kwargs, training }: Node) {
  const parameters = PARAMETERS[className] ?? [];
  const given: Record<string, unknown> = {
    ...Object.fromEntries(args.map((arg, i) => [parameters[i] ?? `argument ${i}`, arg])),
    ...kwargs,
  };
  const takesMask = parameters === ONE_BY_ONE;
  // The mask is the fourth input here, and one of keys needs them; Keras takes the value for a key that is not given.
  const needsKey = ['attention_mask', 'key_mask'].some((mask) => !isUnset(given[mask]));
  if (takesMask && needsKey && isUnset(given['key'])) given['key'] = given['value'];
  const inputs: Reference[] = [];
  const masks: [input: number, mask: unknown][] = [];
  const options: Record<string, unknown> = {};
  const visit = (value: unknown, what: string): void => {
    if (Array.isArray(value)) for (const item of value) visit(item, what);
    else if (isKerasConfig(value) && value.class_name === '__keras_tensor__')
      inputs.push(value.config['keras_history'] as Reference);
    else if (!isUnset(value))
      throw expected(
        'fromConfig',
        `outputs of layers alone in the call of ${name}`,
        `${what}: ${String(value)}`,
      );
  };
  const inOrder = Object.entries(given).sort(([a], [b]) => parameters.indexOf(a) - parameters.indexOf(b));
  const context: Record<string, unknown> = {};
  for (const [key, value] of inOrder) {
    const isDefault = key === 'training' && value === false && training !== false;
    if (isContext(className, key) && typeof value === 'boolean' && !isDefault) context[key] = value;
    else if (isUnset(value)) continue;
    else if (parameters.includes(key) && OF_CALL.includes(ownOption(key))) {
      options[ownOption(key)] = value;
    } else if (key === 'mask') masks.push(...(Array.isArray(value) ? value : [value]).entries());
    else if (takesMask && OF_EACH.includes(key)) masks.push([OF_EACH.indexOf(key), value]);
    else visit(value, key);
  }
  if (masks.length > 0) {
    const indexes = inputs.map((): number | null => null);
    for (const [input, mask] of masks) {
      if (input >= indexes.length) throw expected('fromConfig', `a mask for each input of ${name}`, mask);
      if (isUnset(mask)) continue;
      indexes[input] = inputs.length;
      visit(mask, 'mask');
    }
    context['mask'] = indexes;
  }
  return { inputs, options, ...(Object.keys(context).length > 0 && { context }) };
}

/** A layer with the options that its calls in Keras say. */
export function withOptionsOfCalls(
  name: string,
  layer: ObjectConfig,
  calls: readonly Fields[],
): ObjectConfig {
  for (const option of OF_CALL)
    if (calls.some((call) => call[option] !== firstOf(calls)[option]))
      throw expected(
        'fromConfig',
        `one ${kerasOption(option)} in all calls of ${name}, as it is an option of the layer here; use a layer for each`,
        calls.map((call) => call[option] ?? false),
      );
  return { ...layer, config: { ...layer.config, ...calls[0] } };
}

/** A layer without the options that are arguments of the call in Keras, and these arguments. */
export function optionsToCall(layer: ObjectConfig): { layer: ObjectConfig; kwargs: Fields } {
  const said = OF_CALL.filter((option) => isOfCall(layer.className, option) && layer.config[option] === true);
  return {
    layer: { ...layer, config: without(layer.config, ...said) },
    kwargs: Object.fromEntries(said.map((option) => [kerasOption(option), true])),
  };
}

/** The states of cells, each cell's together, as Keras nests them: those of one with several in a list. Takes them from the list. */
const nestedStates = (cells: readonly ObjectConfig[], states: unknown[]): unknown[] =>
  cells.map(({ className, config }) => {
    if (className === 'StackedRNNCells') return nestedStates(config['cells'] as ObjectConfig[], states);
    return className === 'LSTMCell' ? states.splice(0, 2) : states.shift();
  });

/** What a call here gives, as Keras's layers of a class take it: their inputs, masks and the rest. */
export function callToKeras(
  layer: ObjectConfig,
  all: readonly unknown[],
  { mask, ...options }: Fields,
  isOfKeras: boolean,
): Node {
  const said = options['training'] === false && ({ training: false } as const);
  if (!Array.isArray(mask)) {
    const { args, kwargs } = inputsToKeras(layer, all);
    return { args, kwargs: { ...kwargs, ...options }, ...said };
  }
  const { args, kwargs } = inputsToKeras(layer, all.slice(0, mask.length));
  if (isOfKeras && !TAKES_MASK.test(layer.className)) {
    const what = `no mask in the call of ${String(layer.config['name'])}: Keras's ${layer.className} takes none`;
    throw expected('toJSON', what, 'one');
  }
  const masks = (mask as readonly (number | null)[]).map((i) => (i === null ? null : all[i]));
  return { args, kwargs: { ...kwargs, ...options, ...masksToKeras(layer.className, masks) }, ...said };
}

function masksToKeras(className: string, masks: readonly unknown[]): Fields {
  if (PARAMETERS[className] === ONE_BY_ONE)
    return Object.fromEntries(
      OF_EACH.map((name, i) => [name, masks[i]]).filter(([, mask]) => mask != null),
    ) as Fields;
  if (MASKS_IN_LIST.test(className)) return { mask: masks };
  return { mask: masks[0] };
}

/** How Keras's layers of a class take their inputs. */
function inputsToKeras({ className, config }: ObjectConfig, inputs: readonly unknown[]): Node {
  if (PARAMETERS[className] === ONE_BY_ONE) {
    const [mask] = inputs.slice(3);
    return { args: inputs.slice(0, 3), kwargs: mask === undefined ? {} : { attention_mask: mask } };
  }
  if (inputs.length === 1) return { args: inputs, kwargs: {} };
  if (WITH_STATES.test(className))
    return { args: inputs.slice(0, 1), kwargs: { initial_state: inputs.slice(1) } };
  if (CELL.test(className)) return { args: [inputs[0], inputs.slice(1)], kwargs: {} };
  if (className === 'StackedRNNCells') {
    const left = inputs.slice(1);
    const nested = nestedStates(config['cells'] as ObjectConfig[], left);
    if (left.length === 0 && !nested.includes(undefined)) return { args: [inputs[0], nested], kwargs: {} };
    throw expected(
      'toJSON',
      "cells with as many states as Keras's have, in a stack that is called alone",
      config,
    );
  }
  return { args: [inputs], kwargs: {} };
}
