import { join } from 'node:path';
import { type OptionNames, boolean, expected, integer, isPlainObject, knownOptions } from '../base/checks.js';
import { extentOf, itemAt } from '../base/list.js';
import { NDArray } from '../core/ndarray.js';
import type { Variable } from '../core/variable.js';
import { MultiOptimizer } from '../optimizers/multiOptimizer.js';
import { type SummaryWriter, createFileWriter } from '../summary/index.js';
import { Callback, type Logs } from './callback.js';

/** What {@link tensorBoard} takes. */
export interface TensorBoardOptions {
  /** The folder, which is made where it is missing: a folder below it for each run keeps runs apart. Default `logs`. */
  logDir?: string;
  /** Every how many epochs histograms of the weights are written; 0: never. Default 0. */
  histogramFreq?: number;
  /** Whether the layers of the model are written. Default true. */
  writeGraph?: boolean;
  /** Whether the weights are written as images, too, whenever histograms are; needs the package sharp. Default false. */
  writeImages?: boolean;
  /** Whether the number of steps a second is written. Default false. */
  writeStepsPerSecond?: boolean;
  /** When losses and metrics are written besides the ends of epochs: after each batch, or after each so many; `epoch`: never. Default `epoch`. */
  updateFreq?: 'epoch' | 'batch' | number;
  /** The run's hyperparameters: numbers, texts and booleans by name. Default none. */
  hparams?: Readonly<Record<string, number | string | boolean>>;
}

const tensorBoardNames = {
  logDir: 'string',
  histogramFreq: 'optional',
  writeGraph: 'boolean',
  writeImages: 'boolean',
  writeStepsPerSecond: 'boolean',
  updateFreq: 'optional',
  hparams: 'optional',
} satisfies OptionNames<TensorBoardOptions>;

const WHO = 'tensorBoard';
const VALIDATION = 'val_';

/** Writes what TensorBoard shows: see {@link tensorBoard}. */
export class TensorBoard extends Callback {
  readonly #logDir: string;
  readonly #histogramFreq: number;
  readonly #writeGraph: boolean;
  readonly #writeImages: boolean;
  readonly #writeStepsPerSecond: boolean;
  readonly #updateFreq: number | undefined;
  readonly #hparams: TensorBoardOptions['hparams'];
  readonly #writers = new Map<string, SummaryWriter>();
  #isFitting = false;
  /** The steps of training since it began. */
  #batches = 0;
  /** The last batch, from 0 in its epoch. */
  #batch = -1;
  #epochBegin = { time: 0, iterations: 0 };
  #batchTime = 0;

  constructor(options: TensorBoardOptions = {}) {
    super();
    knownOptions(WHO, options, tensorBoardNames);
    const { logDir = 'logs', updateFreq = 'epoch', hparams } = options;
    if (logDir === '') throw expected(WHO, 'the name of a folder as logDir', logDir);
    if (hparams !== undefined && !isPlainObject(hparams))
      throw expected(WHO, 'hyperparameters by name as hparams', hparams);
    this.#logDir = logDir;
    this.#histogramFreq = integer(WHO, 'histogramFreq', options.histogramFreq ?? 0, 0);
    this.#writeGraph = boolean(WHO, 'writeGraph', options.writeGraph ?? true);
    this.#writeImages = boolean(WHO, 'writeImages', options.writeImages ?? false);
    this.#writeStepsPerSecond = boolean(WHO, 'writeStepsPerSecond', options.writeStepsPerSecond ?? false);
    this.#hparams = hparams;
    if (updateFreq === 'epoch') return;
    this.#updateFreq = updateFreq === 'batch' ? 1 : integer(WHO, 'updateFreq', updateFreq);
    // Hooks on batches have their price: they are there only where they are needed.
    this.onTrainBatchEnd = (batch, logs) => this.#batchEnd(batch, logs);
  }

  override getState(): unknown {
    return { batches: this.#batches };
  }

  override setState(state: unknown): void {
    this.#batches = (state as { batches: number }).batches;
  }

  override async onTrainBegin(): Promise<void> {
    [this.#batches, this.#batch, this.#isFitting] = [0, -1, true];
    const writer = this.#writer('train');
    if (this.#hparams !== undefined) await writer.hparams(this.#hparams);
    if (this.#writeGraph) await writer.graph(this.model);
  }

  override async onEpochBegin(): Promise<void> {
    this.#batch = -1;
    if (!this.#writeStepsPerSecond) return;
    this.#epochBegin = { time: performance.now(), iterations: await this.#iterations() };
    this.#batchTime = this.#epochBegin.time;
  }

  override async onEpochEnd(epoch: number, logs: Logs): Promise<void> {
    const trained: Logs = { ...this.#learningRates() };
    if (this.#writeStepsPerSecond) {
      const seconds = (performance.now() - this.#epochBegin.time) / 1000;
      trained['steps_per_second'] = ((await this.#iterations()) - this.#epochBegin.iterations) / seconds;
    }
    for (const [name, value] of Object.entries({ ...logs, ...trained })) {
      const isOfValidation = name.startsWith(VALIDATION);
      const tag = `epoch_${isOfValidation ? name.slice(VALIDATION.length) : name}`;
      await this.#writer(isOfValidation ? 'validation' : 'train').scalar(tag, value, { step: epoch });
    }
    if (this.#histogramFreq > 0 && epoch % this.#histogramFreq === 0)
      for (const weight of this.model.weights) await this.#writeWeight(weight, epoch);
  }

  override async onTestEnd(logs: Logs): Promise<void> {
    const step = await this.#iterations();
    for (const [name, value] of Object.entries(logs))
      await this.#writer('validation').scalar(`evaluation_${name}_vs_iterations`, value, { step });
    if (!this.#isFitting) await this.#close();
  }

  override onTrainEnd(): Promise<void> {
    return this.interrupted();
  }

  /** @internal */
  override async interrupted(): Promise<void> {
    this.#isFitting = false;
    await this.#close();
  }

  async #batchEnd(batch: number, logs: Logs): Promise<void> {
    const steps = batch - this.#batch;
    this.#batch = batch;
    const before = this.#batches;
    this.#batches += steps;
    const every = this.#updateFreq!;
    if (Math.floor(this.#batches / every) === Math.floor(before / every)) return;
    const values = { ...logs };
    if (this.#writeStepsPerSecond) {
      const now = performance.now();
      values['steps_per_second'] = (1000 * steps) / (now - this.#batchTime);
    }
    for (const [name, value] of Object.entries(values))
      await this.#writer('train').scalar(`batch_${name}`, value, { step: this.#batches });
    this.#batchTime = performance.now();
  }

  /** @param name Of the folder, which TensorBoard shows as a run. */
  #writer(name: string): SummaryWriter {
    const writer = this.#writers.get(name) ?? createFileWriter(join(this.#logDir, name));
    this.#writers.set(name, writer);
    return writer;
  }

  async #close(): Promise<void> {
    for (const writer of this.#writers.values()) await writer.close();
    this.#writers.clear();
  }

  async #iterations(): Promise<number> {
    return itemAt(await this.model.optimizer.iterations.value().data(), 0);
  }

  #learningRates(): Logs {
    const { optimizer } = this.model;
    if (!(optimizer instanceof MultiOptimizer)) return { learning_rate: optimizer.learningRate };
    return Object.fromEntries(
      optimizer.optimizers.map((one, n) => [`learning_rate_${one.name}_${n}`, one.learningRate]),
    );
  }

  async #writeWeight(weight: Variable, step: number): Promise<void> {
    const value = weight.value();
    await this.#writer('train').histogram(`${weight.name}/histogram`, value, { step });
    const image = this.#writeImages ? imageOf(new NDArray(await value.data(), value.shape)) : undefined;
    if (image !== undefined)
      await this.#writer('train').image(`${weight.name}/image`, image.pixels, {
        step,
        valueRange: image.range,
      });
  }
}

/** A weight as images [images, height, width, channels], as Keras shows it; undefined where it has too many axes. */
function imageOf({ data, shape }: NDArray): { pixels: NDArray; range: [number, number] } | undefined {
  const sizes = shape.filter((n) => n !== 1);
  const [a = 1, b = 1, c = 1] = sizes;
  if (sizes.length > 4 || (sizes.length === 4 && ![3, 4].includes(itemAt(sizes, 3))) || data.length === 0)
    return undefined;
  const numbers = Float32Array.from(data);
  if (!numbers.every(Number.isFinite)) return undefined;
  const [low, high] = extentOf(numbers);
  const range: [number, number] = low < high ? [low, high] : [low - 1, low + 1];
  const at = (from: (i: number) => number) => Float32Array.from(numbers, (_, i) => itemAt(numbers, from(i)));
  if (sizes.length === 4) return { pixels: new NDArray(numbers, sizes), range };
  // Every kernel [height, width] of [height, width, kernels] is an image.
  if (sizes.length === 3)
    return {
      pixels: new NDArray(
        at((i) => (i % (a * b)) * c + Math.floor(i / (a * b))),
        [c, a, b, 1],
      ),
      range,
    };
  // Wide rather than high.
  if (sizes.length === 2 && a > b)
    return {
      pixels: new NDArray(
        at((i) => (i % a) * b + Math.floor(i / a)),
        [1, b, a, 1],
      ),
      range,
    };
  return { pixels: new NDArray(numbers, [1, a, b, 1]), range };
}

/**
 * Writes what TensorBoard shows: `tensorboard --logdir logs`. Curves of losses, metrics and learning rates over the epochs (over the
 * batches with `updateFreq`), histograms and images of the weights, the layers, hyperparameters; those of validation in the folder
 * `validation`, all others in `train`. The tags are Keras's. Needs the package protobufjs. https://keras.io/api/callbacks/tensorboard/
 *
 * @throws EngineError `ARGUMENT`. `fit` rejects with `IO` where a file cannot be written, and `STATE` where a package is missing.
 * @example const board = callbacks.tensorBoard({ logDir: 'logs/run-1', histogramFreq: 1 });
 */
export const tensorBoard = (options?: TensorBoardOptions) => new TensorBoard(options);
