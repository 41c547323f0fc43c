// What Keras 2 wrote otherwise than Keras 3 does, in configurations: names of classes and options, calls of layers, activations.
import { expected, isPlainObject } from '../base/checks.js';
import { getRegisteredObject } from '../base/customObjects.js';
import { kerasFamily } from '../base/kerasNames.js';
import { firstOf } from '../base/list.js';
import { camelCase } from '../base/names.js';
import { functionFromKeras2, isFunction } from './keras2Ops.js';
import type { Node } from './kerasCalls.js';
import { type Fields, type KerasConfig, isKerasConfig, without } from './kerasTypes.js';

/** Classes that have other names now. */
const RENAMED: Readonly<Record<string, string>> = {
  BatchNormalizationV1: 'BatchNormalization',
  BatchNormalizationV2: 'BatchNormalization',
  Model: 'Functional',
};

/** Options that say nothing about what a layer computes, of all classes and of some. */
const DROPPED = ['batch_input_shape', 'input_dtype'];
const DROPPED_OF: Readonly<Record<string, readonly string[]>> = {
  BatchNormalization: ['adjustment', 'fused', 'renorm_clipping', 'virtual_batch_size'],
  Conv1DTranspose: ['groups'],
  Conv2DTranspose: ['groups'],
  Conv3DTranspose: ['groups'],
  ConvLSTM1D: ['groups'],
  ConvLSTM2D: ['groups'],
  ConvLSTM3D: ['groups'],
  DepthwiseConv1D: ['groups'],
  DepthwiseConv2D: ['groups'],
  Embedding: ['input_length'],
  GRU: ['implementation'],
  GRUCell: ['implementation'],
  LSTM: ['implementation'],
  LSTMCell: ['implementation'],
  MultiHeadAttention: ['key_shape', 'query_shape', 'softmax_robust_masking', 'value_shape'],
  SeparableConv1D: ['groups', 'kernel_constraint', 'kernel_initializer', 'kernel_regularizer'],
  SeparableConv2D: ['groups', 'kernel_constraint', 'kernel_initializer', 'kernel_regularizer'],
  SimpleRNN: ['implementation'],
  SimpleRNNCell: ['implementation'],
};

/** Options that have other names now. */
const OPTIONS_OF: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  LeakyReLU: { alpha: 'negative_slope' },
};

/** Whether a configuration of a model says that Keras 2 wrote it. */
export const isKeras2 = (version: unknown): boolean => typeof version === 'string' && /^2\./.test(version);

/** An object of Keras 2 in the form of Keras 3; one of Keras 3 as it is. Objects within it stay. */
export function fromKeras2(given: KerasConfig): KerasConfig {
  const name = RENAMED[given.class_name] ?? given.class_name;
  const config: unknown = name === 'Sequential' ? withInput(given.config) : given.config;
  const isOwn = getRegisteredObject(given.registered_name ?? name) !== undefined;
  if (!isPlainObject(config) || isOwn) return given;
  const renamed = OPTIONS_OF[name] ?? {};
  const dropped = [...DROPPED, ...(DROPPED_OF[name] ?? [])];
  const own = Object.entries(config)
    .filter(([key, value]) => !dropped.includes(key) || (key === 'groups' && value !== 1))
    .map(([key, value]): [string, unknown] => [renamed[key] ?? key, value]);
  const { batch_input_shape: shape } = config;
  if (name === 'InputLayer' && shape !== undefined) own.push(['batch_shape', shape]);
  // Of one axis Keras 2 wrote a list.
  const { axis } = config;
  if (name === 'BatchNormalization' && Array.isArray(axis)) own.push(['axis', (axis as unknown[])[0]]);
  return { ...given, class_name: name, config: Object.fromEntries(own) };
}

/** A chain of layers, which begins with its input: the first layer of Keras 2 may say it. Before version 2.2.3 a chain was a list. */
function withInput(given: unknown): unknown {
  const config: unknown = Array.isArray(given) ? { layers: given } : given;
  if (!isPlainObject(config) || !Array.isArray(config['layers'])) return config;
  const { build_input_shape: built, layers } = config;
  const [first] = layers as unknown[];
  if (!isKerasConfig(first) || first.class_name === 'InputLayer') return config;
  const shape = inputOf(first) ?? built;
  if (shape === undefined || shape === null || first.build_config) return config;
  const name = `${String(first.config['name'])}_input`;
  const input = { module: 'keras.layers', class_name: 'InputLayer', config: { batch_shape: shape, name } };
  return { ...config, layers: [input, ...(layers as unknown[])] };
}

/** The shape that the first layer of a chain says for its input. */
function inputOf(layer: unknown): unknown {
  if (!isKerasConfig(layer)) return undefined;
  const inner = Array.isArray(layer.config) ? (layer.config as unknown[]) : layer.config['layers'];
  return layer.config['batch_input_shape'] ?? (Array.isArray(inner) ? inputOf(inner[0]) : undefined);
}

/** Classes of losses and metrics that call a function. */
const OF_FUNCTIONS = ['LossFunctionWrapper', 'MeanMetricWrapper'];
const METRICS = (kerasFamily('metric')?.names ?? '').split(' ');

/** An optimizer, loss or metric as `compile` of Keras 2 was given it, in the form of Keras 3. */
export function compiledFromKeras2(given: KerasConfig): unknown {
  const { config } = given;
  const className = given.class_name.replace(/^Custom>/, '');
  if (OF_FUNCTIONS.includes(className))
    return METRICS.includes(camelCase(String(config['name']))) ? config['name'] : config['fn'];
  const {
    lr,
    decay,
    learning_rate: rate = lr,
    reduction,
    ...others
  } = without(config, 'fn', 'is_legacy_optimizer');
  // What Nadam called decay was never used.
  const isDecaying = typeof decay === 'number' && decay > 0 && className !== 'Nadam';
  const decaying = {
    module: 'keras.optimizers.schedules',
    class_name: 'InverseTimeDecay',
    config: { initial_learning_rate: rate, decay_steps: 1, decay_rate: decay },
  };
  return {
    ...given,
    class_name: className,
    config: {
      ...others,
      ...(rate !== undefined && { learning_rate: isDecaying ? decaying : rate }),
      ...(reduction !== undefined && { reduction: reduction === 'auto' ? 'sum_over_batch_size' : reduction }),
    },
  };
}

/** A layer of a graph, with its calls. */
type GraphLayer = KerasConfig & { readonly inbound_nodes: readonly unknown[] };

/**
 * The layers and outputs of a graph in the form of Keras 3. Keras 2 wrote each call as a list of [layer, call, output, other arguments].
 */
export function graphFromKeras2(config: Fields): Fields {
  const layers = config['layers'] as readonly GraphLayer[];
  if (!layers.some(({ inbound_nodes: nodes }) => nodes.some(Array.isArray))) return config;
  const references: unknown[] = [];
  const outputs = config['output_layers'];
  collect([layers.map(({ inbound_nodes: nodes }) => nodes), outputs], references);
  // The first call of a model in the graph has the number 1 where it was made of layers first.
  const first = (name: string) =>
    Math.min(...references.filter(isReference).flatMap(([layer, call]) => (layer === name ? [call] : [])));
  const isModel = ({ config: own }: KerasConfig) => Array.isArray(own) || 'layers' in own;
  const shifts = new Map(layers.filter(isModel).map((layer) => [nameOf(layer), first(nameOf(layer))]));
  const shifted = ([layer, call, ...rest]: readonly unknown[]) => [
    layer,
    (call as number) - (shifts.get(layer as string) ?? 0),
    ...rest,
  ];
  const isGraph = new Set(layers.filter((one) => 'input_layers' in one.config).map(nameOf));
  return {
    ...config,
    layers: layers.map((layer) => {
      const nodes = layer.inbound_nodes.map((node) => nodeOf(nameOf(layer), node, shifted));
      if (isFunction(layer)) return functionFromKeras2(layer, firstOf(nodes));
      return { ...layer, name: nameOf(layer), inbound_nodes: nodes };
    }),
    // Outputs of graphs within are counted from 1 in Keras 3, too.
    output_layers: mapReferences(outputs, (place) => (isGraph.has(place[0]) ? place : shifted(place))),
  };
}

const nameOf = (layer: KerasConfig): string =>
  String((layer as { name?: unknown }).name ?? layer.config['name']);

/** Whether a value refers to an output of a layer. */
const isReference = (value: unknown): value is [string, number, ...unknown[]] =>
  Array.isArray(value) && value.length >= 3 && typeof value[0] === 'string' && Number.isInteger(value[1]);

/** All references in lists and records. */
function collect(value: unknown, found: unknown[]): void {
  if (isReference(value)) found.push(value);
  if (Array.isArray(value)) for (const item of value) collect(item, found);
  else if (isPlainObject(value)) collect(Object.values(value), found);
}

function mapReferences(value: unknown, by: (reference: [string, number, ...unknown[]]) => unknown): unknown {
  if (isReference(value)) return by(value);
  if (Array.isArray(value)) return value.map((item) => mapReferences(item, by));
  if (!isPlainObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, mapReferences(item, by)]));
}

function nodeOf(name: string, node: unknown, shifted: (reference: readonly unknown[]) => unknown[]): Node {
  const argument = (value: unknown): unknown =>
    mapReferences(value, (place) =>
      place[0] === '_CONSTANT_VALUE'
        ? place[2]
        : { class_name: '__keras_tensor__', config: { keras_history: shifted(place).slice(0, 3) } },
    );
  // Functions of TensorFlow on one value have no list around it.
  const calls: unknown = isReference(node) ? [node] : node;
  if (!Array.isArray(calls) || !calls.every(isReference))
    throw expected('fromConfig', `calls of ${name} as [layer, call, output, arguments]`, node);
  const inputs = calls.map(argument);
  const [first] = calls;
  const kwargs = Object.fromEntries(
    Object.entries(first?.[3] ?? {}).map(([key, value]) => [key, argument(value)]),
  );
  return {
    args: isReference(node) ? inputs : [inputs],
    kwargs,
    // Keras 2 writes it where the call said it, and follows it.
    ...(kwargs['training'] === false && { training: false }),
  };
}
