import { type OptionNames, checkEach, expected, knownOptions, mismatch } from '../base/checks.js';
import { itemAt, listOf, oneOrAll, sizeOf } from '../base/list.js';
import { writeWhole } from '../base/wholeFile.js';
import type { Sym } from '../core/sym.js';
import { Tensor } from '../core/tensor.js';
import { Trace } from '../core/trace.js';
import { Variable } from '../core/variable.js';
import type { Shape } from '../engine/engine.js';
import type { KerasTensor } from '../core/kerasTensor.js';
import type { Model } from '../models/model.js';
import type { OutputStructure } from '../models/structure.js';
import { type OnnxCodec, onnxCodec } from './codec.js';
import { OnnxFile, type Stored, type Value, infoOf } from './export/graph.js';
import { OPS } from './export/ops.js';
import { Scope, readersOf } from './export/scope.js';
import { alive, everyNode, renamed, transposed, transposedAtOnce } from './export/tidy.js';
import type { ModelProto, NodeProto, TensorProto, ValueInfoProto } from './messages.js';
import { tensorProto } from './tensors.js';

/** What `exportOnnx` takes. */
export interface ExportOnnxOptions {
  /** The version of ONNX's set of ops, from 13 to 27. Default 18. */
  opset?: number;
  /** The names of the inputs in the file. Default: those of the model's inputs. */
  inputNames?: readonly string[];
  /** The names of the outputs in the file. Default: those of the model's outputs. */
  outputNames?: readonly string[];
  /**
   * The shapes of the inputs with the batch first, where some sizes shall be fixed; null is one that may be any. Default: those of the
   * model's inputs, with a batch of any size.
   */
  inputShapes?: readonly (readonly (number | null)[])[];
}

export const exportNames = {
  opset: 'optional',
  inputNames: 'optional',
  outputNames: 'optional',
  inputShapes: 'optional',
} satisfies OptionNames<ExportOnnxOptions>;

const WHO = 'exportOnnx';
const OLDEST = 13;
const NEWEST = 27;
/** The version of the format for versions of the set of ops, as the onnx project publishes them together. */
const FORMATS: readonly (readonly [opset: number, version: number])[] = [
  [25, 13],
  [24, 12],
  [23, 11],
  [21, 10],
  [19, 9],
  [15, 8],
  [OLDEST, 7],
];
/** A message of protocol buffers has 2 GiB at most; nodes and names need some of them. */
const MOST_BYTES = 2 ** 31 - 2 ** 24;
const BYTES = { float32: 4, int32: 4, int64: 8, uint8: 1, bool: 1 } as const;
const TYPES = { float32: 'FLOAT', int32: 'INT32', int64: 'INT64', uint8: 'UINT8', bool: 'BOOL' } as const;

/** A model whose inputs and outputs are known. */
type Exported = Model<OutputStructure>;

/**
 * Writes what a model predicts as a network in an ONNX file, for onnxruntime and other programs; `importOnnx` reads it, to train it, too.
 * It needs the package protobufjs. https://onnx.ai, https://keras.io/api/models/model_saving_apis/export/
 *
 * Weights keep their names, numbers are float32 (also of a model that computes in bfloat16) and int32. The file is written in one step, as
 * `model.save` does it.
 *
 * @param model A model that knows its inputs.
 * @param path Where to, with the ending `.onnx`.
 * @param options See {@link ExportOnnxOptions}.
 * @throws EngineError `ARGUMENT` for a layer whose ops ONNX does not have, which it names; `STATE` for a model that does not know its inputs,
 *   and where protobufjs is not installed; `IO` where the file cannot be written, or would have more than 2 GiB.
 * @example await exportOnnx(model, `${folder}/model.onnx`, { opset: 20 });
 */
export async function exportOnnx(
  model: Model<OutputStructure>,
  path: string,
  options: ExportOnnxOptions = {},
): Promise<void> {
  if (typeof path !== 'string' || !path.endsWith('.onnx'))
    throw expected(WHO, 'a path that ends with .onnx', path);
  knownOptions(WHO, options, exportNames);
  checkModel(model);
  const codec = await onnxCodec(WHO);
  await writeWhole(WHO, path, [await onnxBytes(codec, model, options)]);
}

function checkModel(model: unknown): asserts model is Exported {
  const given = model as Partial<Exported> | null;
  if (typeof given !== 'object' || typeof given?.predictStep !== 'function')
    throw expected(WHO, 'a model', model);
}

/** The bytes of the file. */
async function onnxBytes(codec: OnnxCodec, model: Exported, options: ExportOnnxOptions): Promise<Uint8Array> {
  const { opset = 18 } = options;
  if (!Number.isInteger(opset) || opset < OLDEST || opset > NEWEST)
    throw expected(WHO, `an opset from ${OLDEST} to ${NEWEST}`, opset);
  const { inputs, outputs } = traced(model, options);
  const file = new OnnxFile(opset);
  const list = (what: string, given: readonly string[] | undefined, own: readonly string[]) =>
    names(what, given, own).map((name) => file.name(name));
  const inputNames = list('inputNames', options.inputNames, model.inputNames);
  const outputNames = list('outputNames', options.outputNames, ownNames(model, outputs.length));
  const scope = new Scope(file, OPS, readersOf(outputs));
  inputs.forEach(({ dtype, rank }, i) => {
    scope.give(itemAt(inputs, i), { name: itemAt(inputNames, i), dtype, rank });
  });
  const nodes = named(
    scope,
    outputs.map((value) => scope.valueOf(value)),
    outputNames,
  );
  const { tensors, constants, left } = await storedTensors(nodes, file.stored);
  const message: ModelProto = {
    irVersion: FORMATS.find(([from]) => opset >= from)?.[1] ?? 7,
    producerName: 'nodegrad',
    opsetImport: [{ domain: '', version: opset }],
    graph: {
      name: model.name,
      node: [...constants, ...left],
      initializer: tensors,
      input: inputs.map((value, i) => placed(value, itemAt(inputNames, i))),
      output: outputs.map((value, i) => placed(value, itemAt(outputNames, i))),
    },
  };
  return codec.encode(message);
}

/** An input or output with what is known of its sizes. */
const placed = ({ dtype, shape }: Sym, name: string): ValueInfoProto =>
  infoOf(
    name,
    dtype,
    shape.map((n, i) => (n < 0 && i === 0 ? 'batch' : n)),
  );

function names(
  what: string,
  given: readonly string[] | undefined,
  own: readonly string[],
): readonly string[] {
  if (given === undefined) return own;
  checkEach(WHO, `a list of names as ${what}`, given, (one) => typeof one === 'string' && one !== '');
  if (given.length !== own.length || new Set(given).size !== given.length)
    throw expected(WHO, `${own.length} different names as ${what}`, given);
  return given;
}

/** Of a model with its own `predictStep` that gives another number of outputs than it has: `output_0`, … */
const ownNames = ({ outputNames }: Exported, count: number): readonly string[] =>
  outputNames.length === count ? outputNames : Array.from({ length: count }, (_, i) => `output_${i}`);

/** The shape of an input in the file. */
function shapeOf(tensor: KerasTensor, given: readonly (number | null)[] | undefined): Shape {
  if (given === undefined) return tensor.shape;
  const fits =
    Array.isArray(given) &&
    given.length === tensor.shape.length &&
    given.every(
      (n, i) => n === null || (Number.isSafeInteger(n) && n > 0 && [-1, n].includes(itemAt(tensor.shape, i))),
    );
  if (!fits) throw expected(WHO, `a shape that fits [${tensor.shape.join(', ')}] in inputShapes`, given);
  return (given as readonly (number | null)[]).map((n, i) => n ?? itemAt(tensor.shape, i));
}

/** What the model predicts, as values of a trace. */
function traced(
  model: Exported,
  { inputShapes }: ExportOnnxOptions,
): { inputs: readonly Sym[]; outputs: readonly Sym[] } {
  const tensors = model.inputs;
  if (inputShapes !== undefined && inputShapes?.length !== tensors.length)
    throw expected(WHO, `a list of ${tensors.length} shapes as inputShapes`, inputShapes);
  const trace = new Trace();
  return trace.within(() => {
    const key = trace.input('int32', [2], 'key');
    const inputs = tensors.map((tensor, i) =>
      trace.input(tensor.dtype, shapeOf(tensor, inputShapes?.[i]), tensor.node.operation.name),
    );
    const outputs = model.within({ key }, () => model.predictStep([oneOrAll(inputs)]));
    return { inputs, outputs: listOf(outputs) };
  });
}

/** The nodes that the outputs need, which have their names. */
function named(scope: Scope, outputs: readonly Value[], outputNames: readonly string[]): NodeProto[] {
  const { nodes } = scope.graph;
  const made = new Set(nodes.flatMap(({ output }) => output));
  const to = new Map<string, string>();
  const copies: NodeProto[] = [];
  outputs.forEach(({ name }, i) => {
    const wanted = itemAt(outputNames, i);
    if (made.has(name) && !to.has(name)) to.set(name, wanted);
    else copies.push({ opType: 'Identity', input: [to.get(name) ?? name], output: [wanted] });
  });
  return alive([...renamed(nodes, to), ...copies], outputNames);
}

/** The tensors that nodes read: weights as such, other numbers as constants, so that training an imported file leaves them alone. */
async function storedTensors(nodes: readonly NodeProto[], stored: readonly Stored[]) {
  const read = new Set([...everyNode(nodes)].flatMap(({ input }) => input));
  const needed = stored.filter(({ name }) => read.has(name));
  const bytes = needed.reduce((sum, { dtype, shape }) => sum + BYTES[dtype] * sizeOf(shape), 0);
  if (bytes > MOST_BYTES) throw mismatch(WHO, 'weights of 2 GiB at most', `${bytes} bytes`, 'IO');
  const isHeld = (numbers: Stored['numbers']) => numbers instanceof Tensor || numbers instanceof Variable;
  // What is asked for in one go is of one moment.
  const held = await Promise.all(
    needed.map(async ({ numbers }) => (isHeld(numbers) ? await numbers.data() : numbers)),
  );
  const turned = transposedAtOnce(nodes, needed);
  const drop = new Map<string, string>();
  const tensors: TensorProto[] = [];
  const constants: NodeProto[] = [];
  for (const [i, { name, dtype, shape, numbers }] of needed.entries()) {
    const { perm, node } = turned.get(name) ?? {};
    const data = itemAt(held, i);
    const form = perm && node ? transposed(data, shape, perm) : { data, shape };
    if (node) drop.set(itemAt(node.output, 0), name);
    const tensor = tensorProto(name, TYPES[dtype], form.shape, form.data);
    if (dtype === 'float32' && shape.length > 0 && !(numbers instanceof Variable))
      constants.push({
        name,
        opType: 'Constant',
        input: [],
        output: [name],
        attribute: [{ name: 'value', type: 4, t: tensor }],
      });
    else tensors.push(tensor);
  }
  return { tensors, constants, left: renamed(without(nodes, drop), drop) };
}

/** Nodes without those that make some values. */
const without = (nodes: readonly NodeProto[], made: ReadonlyMap<string, string>): NodeProto[] =>
  nodes
    .filter(({ output }) => !made.has(itemAt(output, 0)))
    .map((node) => ({
      ...node,
      attribute: (node.attribute ?? []).map((one) =>
        one.g ? { ...one, g: { ...one.g, node: without(one.g.node, made) } } : one,
      ),
    }));
