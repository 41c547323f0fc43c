import { type OptionNames, expected, integer, isPlainObject, knownOptions } from '../base/checks.js';
import { pngOf } from '../base/picture.js';
import type { OperationNode } from '../core/kerasTensor.js';
import type { ArrayData } from '../data/batches.js';
import { histogram } from '../data/histogram.js';
import { type ValueRange, imageAt, pixelsOf, valueRangeOf } from '../data/pixels.js';
import { plainArray } from '../data/plainArrays.js';
import { EventFile, type Message } from './eventFile.js';

/** To which place of the axis a value belongs. */
export interface SummaryOptions {
  /** The step, a whole number. */
  step: number;
}

/** What `SummaryWriter.histogram` takes. */
export interface HistogramSummaryOptions extends SummaryOptions {
  /** How many bars it has. Default 30. */
  buckets?: number;
}

/** What `SummaryWriter.image` takes. */
export interface ImageSummaryOptions extends SummaryOptions {
  /** How many images are written at most. Default 3. */
  maxOutputs?: number;
  /** The smallest and the largest number of the images. Default [0, 1]. */
  valueRange?: ValueRange;
}

/** A model with a graph of layers. */
export interface LayeredModel {
  /** Its name. */
  readonly name: string;
  /** @internal */
  readonly graphNodes: readonly OperationNode[];
}

const stepNames = { step: 'required' } satisfies OptionNames<SummaryOptions>;
const histogramNames = { ...stepNames, buckets: 'optional' } satisfies OptionNames<HistogramSummaryOptions>;
const imageNames = {
  ...stepNames,
  maxOutputs: 'optional',
  valueRange: 'optional',
} satisfies OptionNames<ImageSummaryOptions>;

const WHO = 'SummaryWriter';
// What TensorFlow's messages call them.
const [FLOAT, DOUBLE, STRING] = [1, 2, 7];
const [SCALAR, TENSOR, BLOBS] = [1, 2, 3];
const SUCCESS = 1;

const utf8 = new TextEncoder();
const bytesOf = (numbers: Float64Array) => new Uint8Array(numbers.buffer);
const shapeOf = (sizes: readonly number[]) => ({ dim: sizes.map((size) => ({ size })) });
const texts = (strings: readonly (string | Uint8Array)[]): Message => ({
  dtype: STRING,
  tensorShape: shapeOf([strings.length]),
  stringVal: strings.map((one) => (typeof one === 'string' ? utf8.encode(one) : one)),
});

/** Writes files that TensorBoard shows: see {@link createFileWriter}. */
export class SummaryWriter {
  /** The folder of its files. */
  readonly logdir: string;
  readonly #file: EventFile;

  constructor(logdir: string) {
    if (typeof (logdir as unknown) !== 'string' || logdir === '')
      throw expected(WHO, 'the name of a folder', logdir);
    this.logdir = logdir;
    this.#file = new EventFile(WHO, logdir);
  }

  /**
   * A number of a curve.
   *
   * @param name Of the curve; names with the same begin before a `/` are shown together.
   * @throws EngineError `ARGUMENT`; `IO` where the file cannot be written; `STATE` where the package protobufjs is missing.
   */
  scalar(name: string, value: number, options: SummaryOptions): Promise<void> {
    const step = stepOf(options, stepNames);
    if (typeof (value as unknown) !== 'number') throw expected(WHO, 'a number', value);
    const tensor = {
      dtype: FLOAT,
      tensorShape: shapeOf([]),
      floatVal: [value],
    };
    return this.#append(name, step, 'scalars', SCALAR, tensor);
  }

  /**
   * How often numbers come.
   *
   * @param data An array of any shape. What is not finite is left out.
   * @throws EngineError as {@link scalar}.
   */
  async histogram(name: string, data: ArrayData, options: HistogramSummaryOptions): Promise<void> {
    const step = stepOf(options, histogramNames);
    const buckets = integer(WHO, 'buckets', options.buckets ?? 30);
    const { bars } = histogram((await plainArray(data)).data, buckets);
    const rows = Float64Array.from(bars.flatMap(({ low, high, count }) => [low, high, count]));
    const tensor = { dtype: DOUBLE, tensorShape: shapeOf([bars.length, 3]), tensorContent: bytesOf(rows) };
    await this.#append(name, step, 'histograms', TENSOR, tensor);
  }

  /**
   * Images, as PNG by the package sharp.
   *
   * @param data [images, height, width, channels] with 1, 3 or 4 channels.
   * @throws EngineError as {@link scalar}; `SHAPE` for what is no images.
   */
  async image(name: string, data: ArrayData, options: ImageSummaryOptions): Promise<void> {
    const step = stepOf(options, imageNames);
    const most = integer(WHO, 'maxOutputs', options.maxOutputs ?? 3);
    const pixels = await pixelsOf(WHO, data, valueRangeOf(WHO, options.valueRange ?? [0, 1]));
    const [height, width] = pixels.size;
    const files: Uint8Array[] = [];
    for (let n = 0; n < Math.min(pixels.count, most); n++)
      files.push(await pngOf(WHO, imageAt(pixels, n), pixels.size));
    await this.#append(name, step, 'images', BLOBS, texts([String(width), String(height), ...files]));
  }

  /**
   * A text, shown as Markdown.
   *
   * @throws EngineError as {@link scalar}.
   */
  text(name: string, data: string, options: SummaryOptions): Promise<void> {
    const step = stepOf(options, stepNames);
    if (typeof (data as unknown) !== 'string') throw expected(WHO, 'a text', data);
    return this.#append(name, step, 'text', TENSOR, texts([data]));
  }

  /**
   * The layers of a model and what leads from one to another.
   *
   * @param model A model with a graph of layers; of one with its own `call` nothing is written.
   * @throws EngineError as {@link scalar}.
   */
  graph(model: LayeredModel): Promise<void> {
    const calls: unknown = (model as LayeredModel | undefined)?.graphNodes;
    if (!Array.isArray(calls)) throw expected(WHO, 'a model', model);
    if (calls.length === 0) return Promise.resolve();
    const node = graphOf(calls as OperationNode[]);
    return this.#file.append((encoded) => ({
      graphDef: encoded('GraphDef', { node, versions: { producer: 22 } }),
    }));
  }

  /**
   * The hyperparameters of a run, which TensorBoard shows next to its curves.
   *
   * @param values Numbers, texts and booleans by name.
   * @throws EngineError as {@link scalar}.
   */
  async hparams(values: Readonly<Record<string, number | string | boolean>>): Promise<void> {
    if (!isPlainObject(values)) throw expected(WHO, 'hyperparameters by name', values);
    const hparams = Object.fromEntries(
      Object.entries(values).map(([name, value]) => [name, hparamOf(name, value)]),
    );
    const now = Date.now() / 1000;
    const start = { sessionStartInfo: { hparams, startTimeSecs: now } };
    const end = { sessionEndInfo: { status: SUCCESS, endTimeSecs: now } };
    for (const [tag, data] of [
      ['_hparams_/session_start_info', start],
      ['_hparams_/session_end_info', end],
    ] as const)
      await this.#file.append((encoded) => ({
        summary: {
          value: [
            {
              tag,
              tensor: { dtype: FLOAT, tensorShape: shapeOf([1]), floatVal: [0] },
              metadata: {
                pluginData: { pluginName: 'hparams', content: encoded('HParamsPluginData', data) },
              },
            },
          ],
        },
      }));
  }

  /** Ends the file once all is written. What is written after that stands in another file. @throws EngineError `IO`. */
  close(): Promise<void> {
    return this.#file.close();
  }

  #append(tag: string, step: number, pluginName: string, dataClass: number, tensor: Message): Promise<void> {
    if (typeof (tag as unknown) !== 'string' || tag === '') throw expected(WHO, 'a name', tag);
    const metadata = { pluginData: { pluginName }, dataClass };
    return this.#file.append(() => ({ step, summary: { value: [{ tag, tensor, metadata }] } }));
  }
}

function stepOf(options: SummaryOptions, names: object): number {
  knownOptions(WHO, options, names);
  return integer(WHO, 'step', (options as SummaryOptions | undefined)?.step, 0);
}

function hparamOf(name: string, value: unknown): Message {
  if (typeof value === 'number') return { numberValue: value };
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'boolean') return { boolValue: value };
  throw expected(WHO, `a number, a text or a boolean as '${name}'`, value);
}

/** A node for each call; the second call of a layer has `_1` after its name. */
function graphOf(calls: readonly OperationNode[]): Message[] {
  const names = new Map<OperationNode, string>();
  const counts = new Map<string, number>();
  for (const call of calls) {
    const count = counts.get(call.operation.name) ?? 0;
    counts.set(call.operation.name, count + 1);
    names.set(call, count === 0 ? call.operation.name : `${call.operation.name}_${count}`);
  }
  return calls.map((call) => ({
    name: names.get(call),
    op: call.operation.className,
    input: call.inputs.map((input) => {
      const at = input.node.outputs.indexOf(input);
      const from = names.get(input.node) ?? input.node.operation.name;
      return at > 0 ? `${from}:${at}` : from;
    }),
    attr: {
      _output_shapes: { list: { shape: call.outputs.map(({ shape }) => shapeOf(shape)) } },
    },
  }));
}

/**
 * Writes files that TensorBoard shows: `tensorboard --logdir logs`. `callbacks.tensorBoard` has one; this is for your own training loops. Needs
 * the package `protobufjs`. https://www.tensorflow.org/api_docs/python/tf/summary
 *
 * @param logdir The folder, which is made where it is missing. TensorBoard takes each folder below the one that it is given as a run.
 * @returns What writes: each method resolves when its event is in the file.
 * @throws EngineError `ARGUMENT`.
 * @example
 *     const writer = summary.createFileWriter(`${folder}/run`);
 *     await writer.scalar('loss', 0.5, { step: 1 });
 *     await writer.close();
 */
export const createFileWriter = (logdir: string) => new SummaryWriter(logdir);
