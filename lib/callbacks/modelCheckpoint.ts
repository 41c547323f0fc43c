import { type OptionNames, expected, finite, knownOptions } from '../base/checks.js';
import type { NDArray } from '../core/ndarray.js';
import type { Logs } from './callback.js';
import { fileName } from './fileName.js';
import { MonitorCallback, type MonitorOptions } from './monitorCallback.js';
import { type SaveFreq, SaveTimes, type SaveTimesState } from './saveFreq.js';

/** What {@link modelCheckpoint} takes. */
export interface ModelCheckpointOptions extends Omit<MonitorOptions, 'minDelta'> {
  /**
   * The file to write: with the ending `.keras` the whole model, with `saveWeightsOnly` and `.weights.h5` the weights. Numbers of the logs, `epoch`
   * (from 1) and `batch` (from 1) are put in as in Python: `{epoch:02d}-{val_loss:.2f}.keras`. Default: weights are kept in memory.
   */
  filepath?: string;
  /** 1 tells of each checkpoint on the console. Default 0. */
  verbose?: 0 | 1;
  /** Whether a checkpoint is kept only where the watched number is better than that of the last one. Default false. */
  saveBestOnly?: boolean;
  /** Whether the state of the optimizer is left out. Default false. */
  saveWeightsOnly?: boolean;
  /** `epoch`, or a number of batches, which makes each step a separate call. Default `epoch`. */
  saveFreq?: SaveFreq;
  /** With `saveBestOnly`: what the first number has to be better than. Default none. */
  initialValueThreshold?: number | null;
}

const WHO = 'modelCheckpoint';
const checkpointNames = {
  filepath: 'string',
  monitor: 'string',
  mode: 'optional',
  verbose: 'optional',
  saveBestOnly: 'boolean',
  saveWeightsOnly: 'boolean',
  saveFreq: 'optional',
  initialValueThreshold: 'optional',
} satisfies OptionNames<ModelCheckpointOptions>;

/** Keeps the weights of the last epoch, or of the best one, in memory: see {@link modelCheckpoint}. */
export class ModelCheckpoint extends MonitorCallback {
  readonly #options: ModelCheckpointOptions;
  readonly #times: SaveTimes;
  #best: number | undefined;
  #weights: readonly NDArray[] | undefined;
  #optimizerWeights: readonly NDArray[] | undefined;
  #epoch: number | undefined;
  #current = 0;
  #batch = 0;

  constructor(options: ModelCheckpointOptions = {}) {
    knownOptions(WHO, options, checkpointNames);
    super(WHO, options);
    const { filepath, saveWeightsOnly = false } = options;
    const ending = saveWeightsOnly ? '.weights.h5' : '.keras';
    if (filepath !== undefined && !filepath.endsWith(ending))
      throw expected(WHO, `a filepath that ends with ${ending}`, filepath);
    this.#options = { ...options };
    this.#times = new SaveTimes(WHO, options.saveFreq);
    const { initialValueThreshold: threshold } = options;
    this.#best = threshold == null ? undefined : finite(WHO, 'initialValueThreshold', threshold);
    // A hook on batches has its price: it is there only where it is needed.
    if (!this.#times.isByEpoch) this.onTrainBatchEnd = (batch, logs) => this.#count(batch, logs);
  }

  /** The model's weights of the checkpoint, for `model.setWeights`; undefined before the first one, and where a file has them. */
  get weights(): readonly NDArray[] | undefined {
    return this.#weights;
  }

  /** The optimizer's, for `model.optimizer.setWeights`; undefined before the first one, with `saveWeightsOnly` and a file. */
  get optimizerWeights(): readonly NDArray[] | undefined {
    return this.#optimizerWeights;
  }

  /** The epoch of the checkpoint, from 0; undefined before the first one. */
  get epoch(): number | undefined {
    return this.#epoch;
  }

  /** With `saveBestOnly` the best number so far; undefined before the first one. */
  get best(): number | undefined {
    return this.#best;
  }

  override onEpochBegin(epoch: number): void {
    this.#current = epoch;
  }

  override async onEpochEnd(_epoch: number, logs: Logs): Promise<void> {
    if (this.#times.isByEpoch) await this.#keep(logs);
  }

  async #count(batch: number, logs: Logs): Promise<void> {
    this.#batch = batch + 1;
    if (this.#times.countBatch(batch)) await this.#keep(logs);
  }

  async #keep(logs: Logs): Promise<void> {
    const { filepath, saveBestOnly = false, saveWeightsOnly = false } = this.#options;
    const value = saveBestOnly ? this.monitored(logs) : undefined;
    const before = this.#best;
    if (value !== undefined) {
      if (!this.improves(value, before)) {
        this.#tell(`${this.monitor} did not improve from ${shown(before)}`);
        return;
      }
      this.#best = value;
      this.#tell(`${this.monitor} improved from ${shown(before)} to ${shown(value)}, keeping the weights`);
    } else this.#tell('keeping the weights');
    const { model } = this;
    if (filepath !== undefined) {
      const path = fileName(WHO, filepath, { ...logs, epoch: this.#current + 1, batch: this.#batch });
      await (saveWeightsOnly ? model.saveWeights(path) : model.save(path));
      this.#epoch = this.#current;
      return;
    }
    const [weights, optimizerWeights] = await Promise.all([
      model.getWeights(),
      saveWeightsOnly ? undefined : model.optimizer.getWeights(),
    ]);
    this.#weights = weights;
    this.#optimizerWeights = optimizerWeights;
    this.#epoch = this.#current;
  }

  override getState(): unknown {
    return { best: this.#best, epoch: this.#epoch, times: this.#times.state };
  }

  override setState(state: unknown): void {
    const { best, epoch, times } = state as { best?: number; epoch?: number; times: SaveTimesState };
    [this.#best, this.#epoch, this.#times.state] = [best, epoch, times];
  }

  #tell(what: string): void {
    if (this.#options.verbose) console.log(`Epoch ${this.#current + 1}: ${what}`);
  }
}

const shown = (value: number | undefined) => (value === undefined ? 'none' : value.toFixed(5));

/**
 * Keeps the weights and the optimizer's state of the last epoch, with `saveBestOnly` those of the best one: in a file, which is written in
 * one step, or without `filepath` in memory. https://keras.io/api/callbacks/model_checkpoint/
 *
 * @throws EngineError `ARGUMENT` for an option that is unknown or out of its range; in the run, with `saveBestOnly`, where the mode is
 *   `auto` and the metric does not tell whether less is better, and for a number in `filepath` that the logs have not; `IO` where the file
 *   cannot be written.
 * @example
 *     const checkpoint = callbacks.modelCheckpoint({ monitor: 'val_loss', saveBestOnly: true });
 *     await model.fit(x, y, { epochs: 5, validationSplit: 0.5, callbacks: [checkpoint] });
 *     model.setWeights(checkpoint.weights!);
 *     console.log(checkpoint.epoch, checkpoint.best);
 * @example callbacks.modelCheckpoint({ filepath: '{epoch:02d}-{val_loss:.2f}.keras' });
 */
export const modelCheckpoint = (options?: ModelCheckpointOptions) => new ModelCheckpoint(options);
