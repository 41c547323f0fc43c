import { type OptionNames, knownOptions } from '../base/checks.js';
import type { NDArray } from '../core/ndarray.js';
import { Callback } from './callback.js';
import { type SaveFreq, SaveTimes, refuseFiles } from './saveFreq.js';

/** What {@link backupAndRestore} takes. */
export interface BackupAndRestoreOptions {
  /** `epoch`, or a number of batches, which makes each step a separate call. Default `epoch`. */
  saveFreq?: SaveFreq;
  /** Whether the state is dropped at the end of training. Default true. */
  deleteCheckpoint?: boolean;
}

const WHO = 'backupAndRestore';
const backupNames = {
  saveFreq: 'optional',
  deleteCheckpoint: 'boolean',
} satisfies OptionNames<BackupAndRestoreOptions>;

/** What goes on after an interruption. */
interface State {
  readonly epoch: number;
  readonly weights: readonly NDArray[];
  readonly optimizerWeights: readonly NDArray[];
}

/** Makes a `fit` that was interrupted go on in the next one: see {@link backupAndRestore}. */
export class BackupAndRestore extends Callback {
  readonly #times: SaveTimes;
  readonly #deleteCheckpoint: boolean;
  #state: State | undefined;
  #epoch = 0;

  constructor(options: BackupAndRestoreOptions = {}) {
    super();
    refuseFiles(WHO, options, 'backupDir');
    knownOptions(WHO, options, backupNames);
    this.#times = new SaveTimes(WHO, options.saveFreq);
    this.#deleteCheckpoint = options.deleteCheckpoint ?? true;
    // A hook on batches has its price: it is there only where it is needed.
    if (!this.#times.isByEpoch) this.onTrainBatchEnd = () => this.#count();
  }

  /** The epoch, from 0, with which the next `fit` begins; undefined where nothing is kept. */
  get epoch(): number | undefined {
    return this.#state?.epoch;
  }

  /** @internal */
  override get firstEpoch(): number | undefined {
    return this.epoch;
  }

  override onTrainBegin(): void {
    if (!this.#state) return;
    const { model } = this;
    model.optimizer.build(model.trainableWeights);
    model.setWeights(this.#state.weights);
    model.optimizer.setWeights(this.#state.optimizerWeights);
  }

  override onEpochBegin(epoch: number): void {
    this.#epoch = epoch;
  }

  override async onEpochEnd(epoch: number): Promise<void> {
    this.#epoch = epoch + 1;
    if (this.#times.isByEpoch) await this.#save();
  }

  override onTrainEnd(): void {
    if (this.#deleteCheckpoint) this.#state = undefined;
  }

  async #count(): Promise<void> {
    if (this.#times.countBatch()) await this.#save();
  }

  async #save(): Promise<void> {
    const { model } = this;
    const epoch = this.#epoch;
    const [weights, optimizerWeights] = await Promise.all([model.getWeights(), model.optimizer.getWeights()]);
    this.#state = { epoch, weights, optimizerWeights };
  }
}

/**
 * Keeps the weights, the optimizer's state and the number of the epoch in memory, so that after an error or an abort the next `fit` with
 * the same callback goes on with the epoch that was interrupted. With `saveFreq` in batches this epoch begins anew with the weights of the
 * last of them, as in Keras, which keeps the state in a folder.
 * https://keras.io/api/callbacks/backup_and_restore/
 *
 * @throws EngineError `ARGUMENT` for an option that is unknown or out of its range, and for a `backupDir`.
 * @example
 *     const backup = callbacks.backupAndRestore();
 *     const options = { epochs: 10, callbacks: [backup], signal: AbortSignal.timeout(60_000) };
 *     await model.fit(x, y, options).catch(() => model.fit(x, y, { ...options, signal: undefined }));
 */
export const backupAndRestore = (options?: BackupAndRestoreOptions) => new BackupAndRestore(options);
