import { type OptionNames, checkEach, expected, knownOptions, mismatch } from '../base/checks.js';
import { EngineError, shapeText } from '../base/errors.js';
import { firstOf } from '../base/list.js';
import { readWhole } from '../base/wholeFile.js';
import type { KerasTensor } from '../core/kerasTensor.js';
import { input } from '../layers/input.js';
import { FORMATS, isNumberType, typeOfCode } from './dtypes.js';
import { onnxCodec } from './codec.js';
import { externalData } from './externalData.js';
import { Network } from './import/network.js';
import { TensorValue } from './import/values.js';
import { isWeight } from './import/weights.js';
import type { ValueInfoProto } from './messages.js';
import { type Ends, OnnxModel } from './onnxModel.js';
import { OnnxNetwork, type OnnxPlace, type OnnxWeight } from './onnxNetwork.js';

/** What `importOnnx` takes. */
export interface ImportOnnxOptions {
  /** Whether training changes the weights, or a function that says so of each by its name in the file. Default true. */
  trainable?: boolean | ((name: string) => boolean);
  /** The names of values that the model shall put out, also such within the network. Default: the outputs of the file. */
  outputs?: readonly string[];
  /** Whether a first axis of fixed size is taken for a batch of any size, where all inputs have the same. Default false. */
  freeBatch?: boolean;
  /** The name of the model's layer. Default `onnx_network`. */
  name?: string;
}

const names = {
  trainable: 'optional',
  outputs: 'optional',
  freeBatch: 'boolean',
  name: 'string',
} satisfies OptionNames<ImportOnnxOptions>;

/**
 * Reads a network from an ONNX file (opset 13 to 27; most of 7 to 12) as a model that predicts and can be trained. It needs the package
 * protobufjs. https://onnx.ai
 *
 * Its float tensors become weights by their names in the file. Batch normalization uses the stored statistics and dropout does nothing, in
 * training too, unless the file says otherwise. Numbers are computed in float32 (floats of 16 and 64 bits) and int32 (whole numbers of 64).
 *
 * @param source The path of a file, or its bytes. Numbers in files next to it are read with a path alone.
 * @param options See {@link ImportOnnxOptions}.
 * @throws EngineError `IO` for a file that cannot be read or is broken; `ARGUMENT` for ops that are not known, all of which it lists;
 *   `DTYPE` for types that the engine does not have; `STATE` where protobufjs is not installed.
 * @example
 *     const net = await importOnnx(path, { trainable: (name) => name.startsWith('head') });
 *     const { y } = await net.predict(x);
 */
export async function importOnnx(
  source: string | Uint8Array,
  options: ImportOnnxOptions = {},
): Promise<OnnxModel> {
  knownOptions('importOnnx', options, names);
  const { trainable = true, outputs, freeBatch = false, name } = options;
  if (typeof trainable !== 'boolean' && typeof trainable !== 'function')
    throw expected('importOnnx', 'true, false or a function as trainable', trainable);
  if (outputs !== undefined)
    checkEach('importOnnx', 'a list of names as outputs', outputs, (one) => typeof one === 'string');
  const isPath = typeof source === 'string';
  if (!isPath && !(source instanceof Uint8Array))
    throw expected('importOnnx', 'the path of a file or its bytes', source);
  const codec = await onnxCodec('importOnnx');
  const bytes = isPath ? await readWhole('importOnnx', source) : source;
  const model = codec.decode(bytes, isPath ? source : 'bytes');
  const network = new Network(model, externalData('importOnnx', isPath ? source : undefined));
  const { graph } = network;
  const stored = new Set((graph.initializer ?? []).map((one) => one.name ?? ''));
  const places = graph.input.filter((one) => !stored.has(one.name)).map(placeOf);
  const wanted = outputs ?? graph.output.map((one) => one.name);
  if (wanted.length === 0) throw expected('importOnnx', 'at least one output', wanted);
  const layer = new OnnxNetwork(name, network, places, wanted, weightsOf(network, trainable));
  return new OnnxModel(layer, places, wanted, connected(layer, places, wanted, freeBatch));
}

function weightsOf(network: Network, trainable: boolean | ((name: string) => boolean)): OnnxWeight[] {
  const { graph } = network;
  return (graph.initializer ?? []).flatMap((one) => {
    const name = one.name ?? '';
    const kind = isWeight(graph, name);
    if (kind === undefined || one.dims.length === 0 || one.dims.includes(0)) return [];
    const value = network.constant(one);
    if (!(value instanceof TensorValue) || value.x.dtype !== 'float32') return [];
    const isTrained = typeof trainable === 'function' ? trainable(name) : trainable;
    return [{ name, value, trainable: kind === 'learned' && isTrained }];
  });
}

function placeOf({ name, type }: ValueInfoProto): OnnxPlace {
  const kind = typeOfCode(type?.tensorType?.elemType ?? 0);
  if (!isNumberType(kind))
    throw mismatch(
      'importOnnx',
      'inputs that are tensors of real numbers',
      `'${name}' of ${kind ?? 'another type'}`,
      'DTYPE',
    );
  const dims = type?.tensorType?.shape?.dim;
  const shape = dims?.map((dim) =>
    dim.value === 'dimValue' && (dim.dimValue ?? 0) > 0 ? (dim.dimValue ?? -1) : -1,
  );
  return { name, type: kind, shape };
}

/** The places of a model; or why it has none: inputs without a batch, or shapes that say too little to follow the network through. */
function connected(
  layer: OnnxNetwork,
  places: readonly OnnxPlace[],
  wanted: readonly string[],
  freeBatch: boolean,
): Ends | EngineError {
  const shapes = places.map(({ shape }) => shape);
  if (shapes.length === 0 || shapes.some((shape) => shape === undefined || shape.length === 0))
    return mismatch(
      'importOnnx',
      'inputs that have a batch as first axis, for a model',
      `${places.map(({ name, shape }) => `'${name}' ${shape ? shapeText(shape) : 'of any rank'}`).join(', ') || 'none'}: call infer`,
      'STATE',
    );
  const batches = new Set(shapes.map((shape) => firstOf(shape ?? [1])));
  const free = freeBatch && batches.size === 1;
  const inputs = places.map(({ name, type, shape = [] }) =>
    input({ batchShape: free ? [-1, ...shape.slice(1)] : shape, dtype: FORMATS[type].dtype, name }),
  );
  try {
    const outputs = layer.applyAll(inputs);
    return {
      inputs,
      outputs: Object.fromEntries(wanted.map((name, i) => [name, outputs[i] as KerasTensor])),
    };
  } catch (error) {
    // What depends on numbers that are fed can be run, but has no shapes before.
    if (error instanceof EngineError && error.code === 'STATE') return error;
    throw error;
  }
}
