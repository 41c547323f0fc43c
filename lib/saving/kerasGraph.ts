// A model of connected layers as Keras writes it: each layer with its calls, which name the calls that give their inputs.
import { expected, isPlainObject } from '../base/checks.js';
import { firstOf, itemAt } from '../base/list.js';
import type { ObjectConfig } from '../base/registry.js';
import {
  type Node,
  type Reference,
  callFromKeras,
  callToKeras,
  optionsToCall,
  withOptionsOfCalls,
} from './kerasCalls.js';
import { graphFromKeras2 } from './keras2.js';
import { indexFromKeras, indexToKeras } from './kerasIndex.js';
import { isKerasOp, opFromKeras, opToKeras } from './kerasOps.js';
import { type KerasLayer, withoutOwnMasks } from './kerasMasks.js';
import { type Fields, type KerasConfig, isKerasConfig, without } from './kerasTypes.js';

interface Call {
  readonly layer: string;
  readonly inputs: readonly Reference[];
  readonly outputs?: readonly { readonly dtype: string; readonly shape: readonly number[] }[];
  /** How it is called, where the call says so itself. */
  readonly options?: Fields;
}
type OpConfig = ObjectConfig & { readonly op: string; readonly config: { readonly name: string } };

/** The configuration of a model here, of one of Keras. */
export function graphFromKeras(
  written: Fields,
  layerFromKeras: (layer: KerasConfig) => ObjectConfig,
): Record<string, unknown> {
  const {
    layers: given,
    input_layers: inputLayers,
    output_layers: outputLayers,
    ...rest
  } = without(graphFromKeras2(written), 'dtype');
  const layers: (ObjectConfig | OpConfig)[] = [];
  const open: Call[][] = [];
  const nested = new Set<string>();
  const ends = leavesOf(outputLayers);
  const items = withoutOwnMasks(
    given as readonly KerasLayer[],
    ends.map(([layer]) => layer),
  );
  for (const item of items) {
    const { name, class_name: className, inbound_nodes: nodes } = item;
    if (isKerasOp(item.module)) {
      const steps = opsOf(name, className, item.config, firstOf(nodes));
      layers.push(...steps.map(({ config: op }) => op));
      open.push(...steps.map(({ inputs }, i) => [{ layer: itemAt(steps, i).config.config.name, inputs }]));
      continue;
    }
    if ('input_layers' in item.config) nested.add(name);
    const calls = nodes.map((node) => callFromKeras(name, className, node));
    const options = calls.map((call) => call.options);
    layers.push(withOptionsOfCalls(name, layerFromKeras(item), options));
    open.push(
      calls.map(({ inputs, context }) => ({ layer: name, inputs, ...(context && { options: context }) })),
    );
  }
  const leaves = ends.map(([layer, call, output]) => {
    // In Keras the first call of such a model is the one that made it.
    return [layer, nested.has(layer) ? call - 1 : call, output];
  });
  return {
    ...rest,
    layers,
    calls: inOrder(open),
    // Keras takes the inputs of a record in the order of their names.
    inputs: leavesOf(isPlainObject(inputLayers) ? sorted(inputLayers) : inputLayers),
    outputs: leaves,
    ...(isPlainObject(outputLayers) && { outputNames: Object.keys(outputLayers) }),
  };
}

const sorted = (record: Fields): unknown[] =>
  Object.keys(record)
    .sort()
    .map((name) => record[name]);

const isReference = (value: unknown): value is Reference =>
  Array.isArray(value) && value.length === 3 && typeof value[0] === 'string';

/** The references in a structure of lists and records. */
function leavesOf(structure: unknown): Reference[] {
  if (isReference(structure)) return [structure];
  const items: unknown = isPlainObject(structure) ? Object.values(structure) : structure;
  if (!Array.isArray(items))
    throw expected('fromConfig', 'inputs and outputs as [layer, call, output]', structure);
  return items.flatMap(leavesOf);
}

/** The calls, each after those that it needs: Keras has them layer by layer. */
function inOrder(open: readonly Call[][]): Call[] {
  const made = new Map<string, number>();
  const calls: Call[] = [];
  const left = open.map((list) => [...list]).filter((list) => list.length > 0);
  const heads = new Set(left.map((list) => firstOf(list).layer));
  // What is never called is an input.
  const isMade = ([layer, call]: Reference) => !heads.has(layer) || call < (made.get(layer) ?? 0);
  for (let before = -1; calls.length !== before;) {
    before = calls.length;
    for (const list of left)
      for (let call = list[0]; call?.inputs.every(isMade); call = list[0]) {
        list.shift();
        made.set(call.layer, (made.get(call.layer) ?? 0) + 1);
        calls.push(call);
      }
  }
  const stuck = left.find((list) => list.length > 0);
  if (stuck)
    throw expected(
      'fromConfig',
      'calls of layers that lead to each other without a circle',
      firstOf(stuck).layer,
    );
  return calls;
}

/** The ops of one node of Keras, with their inputs. */
function opsOf(name: string, className: string, config: Fields, { args, kwargs }: Node) {
  const inputs: Reference[] = [];
  const written = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(written);
    if (!isKerasConfig(value)) return value;
    const { class_name: kind, config: given } = value;
    if (kind === '__keras_tensor__') {
      const input = inputs.push(given['keras_history'] as Reference) - 1;
      return { className: 'KerasTensor', config: { input } };
    }
    if (kind === '__tensor__' || kind === '__numpy__') return tensorOf(given);
    throw expected('fromConfig', `numbers and outputs of layers as arguments of ${name}`, kind);
  };
  const opNamed = (own: string, op: string, given: readonly unknown[]): OpConfig => ({
    className: op.charAt(0).toUpperCase() + op.slice(1),
    op,
    config: { name: own, args: given },
  });
  if (className === 'GetItem') {
    const { begin, end, strides, squeezed, added } = indexFromKeras(name, args);
    const it = { className: 'KerasTensor', config: { input: 0 } };
    const calls: [op: string, args: unknown[]][] = [
      ['stridedSlice', [written(args[0]), begin, end, strides]],
      ...(squeezed.length > 0 ? [['squeeze', [it, squeezed]] as [string, unknown[]]] : []),
      ...added.map((axis): [string, unknown[]] => ['expandDims', [it, axis]]),
    ];
    // The last has the name by which others know the whole.
    const nameOf = (i: number) => (i === calls.length - 1 ? name : `${name}_part${i === 0 ? '' : `_${i}`}`);
    return calls.map(([op, given], i) => ({
      config: opNamed(nameOf(i), op, given),
      inputs: i === 0 ? inputs : [[nameOf(i - 1), 0, 0] as const],
    }));
  }
  const call = opFromKeras(
    className,
    config,
    written(args) as unknown[],
    Object.fromEntries(Object.entries(kwargs).map(([key, value]) => [key, written(value)])),
  );
  return [{ config: opNamed(name, call.op, call.args), inputs }];
}

function tensorOf({ value, dtype }: Fields) {
  const shape: number[] = [];
  for (let item = value; Array.isArray(item); item = item[0] as unknown) shape.push(item.length);
  const data = Array.isArray(value) ? (value as unknown[]).flat(Infinity) : [value];
  const own =
    dtype === 'bool' || dtype === 'uint8' ? dtype : String(dtype).includes('int') ? 'int32' : 'float32';
  return { className: 'Tensor', config: { dtype: own, shape, data: data.map(Number) } };
}

/** The other way round. */
export function graphToKeras(
  config: Fields,
  layerToKeras: (layer: ObjectConfig) => KerasConfig,
): Record<string, unknown> {
  const {
    layers: given,
    calls: allCalls,
    inputs,
    outputs,
    outputNames,
    ...rest
  } = without(config, 'dtypePolicy');
  const layers = given as readonly (ObjectConfig | OpConfig)[];
  const calls = allCalls as readonly Call[];
  const nested = new Set(layers.filter((one) => 'calls' in one.config).map((one) => one.config['name']));
  const callsOf = (layer: unknown) => calls.filter((call) => call.layer === layer);
  const typeOf = ([layer, call, output]: Reference) => {
    const made = callsOf(layer)[call]?.outputs?.[output];
    if (made) return made;
    const { shape, dtype } = layers.find((one) => one.config['name'] === layer)!.config as never;
    return { shape: [-1, ...(shape as number[])], dtype };
  };
  const tensorAt = (reference: Reference) => {
    const { shape, dtype } = typeOf(reference);
    const sizes = shape.map((n) => (n < 0 ? null : n));
    return { class_name: '__keras_tensor__', config: { shape: sizes, dtype, keras_history: reference } };
  };
  const referred = (list: readonly Reference[]) =>
    list.map(([layer, call, output]) => [layer, nested.has(layer) ? call + 1 : call, output]);
  const structured = (list: readonly unknown[], names?: readonly string[]) =>
    names ? Object.fromEntries(names.map((name, i) => [name, list[i]])) : list.length === 1 ? list[0] : list;
  return {
    ...rest,
    layers: layers.map((layer) => {
      const name = layer.config['name'] as string;
      const own = callsOf(name);
      if ('op' in layer) {
        const { inputs } = firstOf(own);
        return opNode(layer, inputs.map(tensorAt), typeOf(firstOf(inputs)).shape.length);
      }
      const { layer: alone, kwargs } = optionsToCall(layer);
      const written = layerToKeras(alone);
      const isOfKeras = written.module?.startsWith('keras') === true;
      const nodes = own.map((call) =>
        callToKeras(layer, call.inputs.map(tensorAt), { ...kwargs, ...call.options }, isOfKeras),
      );
      return { ...written, name, inbound_nodes: nodes };
    }),
    input_layers: structured(inputs as Reference[]),
    output_layers: structured(referred(outputs as Reference[]), outputNames as string[] | undefined),
  };
}

function opNode({ op, config }: OpConfig, inputs: readonly unknown[], rank: number) {
  const { name, args: given } = config as unknown as { name: string; args: readonly unknown[] };
  const written = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(written);
    if (!isPlainObject(value)) return value;
    const { className, config: own } = value as unknown as ObjectConfig;
    if (className === 'KerasTensor') return inputs[own['input'] as number];
    if (className === 'Number') return Number(own['value']);
    if (className === 'Tensor') return tensorToKeras(own);
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, written(item)]));
  };
  const index = indexToKeras(op, given, rank);
  const call = index ? { ...index, kwargs: {} } : opToKeras(op, given);
  return {
    module: call.module,
    class_name: call.name,
    config: { name, ...(written(call.config) as Fields) },
    registered_name: call.name,
    name,
    inbound_nodes: [
      {
        args: 'key' in call ? [written(given[0]), call.key] : written(call.args),
        kwargs: written(call.kwargs),
      },
    ],
  };
}

function tensorToKeras({ dtype, shape, data }: Fields) {
  let values = data as unknown[];
  for (const size of (shape as number[]).slice(1).reverse()) {
    const rows = values;
    values = Array.from({ length: rows.length / size }, (_, i) => rows.slice(i * size, (i + 1) * size));
  }
  const value = (shape as number[]).length === 0 ? values[0] : values;
  return { class_name: '__tensor__', config: { value, dtype } };
}
