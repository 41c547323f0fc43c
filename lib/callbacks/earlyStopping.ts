import { type OptionNames, finite, integer, knownOptions } from '../base/checks.js';
import type { NDArray } from '../core/ndarray.js';
import type { Logs } from './callback.js';
import { MonitorCallback, type MonitorOptions, monitorNames } from './monitorCallback.js';

/** What {@link earlyStopping} takes. */
export interface EarlyStoppingOptions extends MonitorOptions {
  /** How many epochs without a better number end training. Default 0: the first one. */
  patience?: number;
  /** 1 tells of the end on the console. Default 0. */
  verbose?: 0 | 1;
  /** A number that the watched one has to be better than, too, for training to go on. Default none. */
  baseline?: number | null;
  /** Whether the weights of the best epoch are put back at the end. Default false: those of the last epoch stay. */
  restoreBestWeights?: boolean;
  /** The first epoch, from 0, that counts. Default 0. */
  startFromEpoch?: number;
}

const earlyStoppingNames = {
  ...monitorNames,
  patience: 'optional',
  verbose: 'optional',
  baseline: 'optional',
  restoreBestWeights: 'boolean',
  startFromEpoch: 'optional',
} satisfies OptionNames<EarlyStoppingOptions>;

const WHO = 'earlyStopping';

/** What it goes on with in another process. */
interface EarlyStoppingState {
  readonly wait: number;
  readonly best?: number;
  readonly bestEpoch: number;
  readonly bestWeights?: readonly NDArray[];
}

/** Ends training when a number no longer gets better: see {@link earlyStopping}. */
export class EarlyStopping extends MonitorCallback {
  readonly #options: EarlyStoppingOptions;
  readonly #patience: number;
  #wait = 0;
  #best: number | undefined;
  #bestEpoch = 0;
  #bestWeights: readonly NDArray[] | undefined;
  #stoppedEpoch = 0;

  constructor(options: EarlyStoppingOptions = {}) {
    knownOptions(WHO, options, earlyStoppingNames);
    super(WHO, options);
    this.#patience = integer(WHO, 'patience', options.patience ?? 0, 0);
    integer(WHO, 'startFromEpoch', options.startFromEpoch ?? 0, 0);
    if (options.baseline != null) finite(WHO, 'baseline', options.baseline);
    this.#options = { ...options };
  }

  /** The epoch, from 0, after which it ended training; 0 where it did not. */
  get stoppedEpoch(): number {
    return this.#stoppedEpoch;
  }

  /** The epoch, from 0, of the best number so far. */
  get bestEpoch(): number {
    return this.#bestEpoch;
  }

  override onTrainBegin(): void {
    this.#wait = 0;
    this.#stoppedEpoch = 0;
    this.#best = undefined;
    this.#bestWeights = undefined;
    this.#bestEpoch = 0;
  }

  override getState(): unknown {
    return {
      wait: this.#wait,
      best: this.#best,
      bestEpoch: this.#bestEpoch,
      bestWeights: this.#bestWeights,
    };
  }

  override setState(state: unknown): void {
    const { wait, best, bestEpoch, bestWeights } = state as EarlyStoppingState;
    [this.#wait, this.#best, this.#bestEpoch, this.#bestWeights] = [wait, best, bestEpoch, bestWeights];
  }

  override async onEpochEnd(epoch: number, logs: Logs): Promise<void> {
    const value = this.monitored(logs);
    const { startFromEpoch = 0, baseline, restoreBestWeights = false } = this.#options;
    if (value === undefined || epoch < startFromEpoch) return;
    const better = this.improves(value, this.#best);
    if (restoreBestWeights && (better || this.#bestWeights === undefined)) {
      this.#bestWeights = await this.model.getWeights();
      this.#bestEpoch = epoch;
    }
    this.#wait++;
    if (better) {
      this.#best = value;
      this.#bestEpoch = epoch;
      if (baseline == null || this.improves(value, baseline)) this.#wait = 0;
    } else if (this.#wait >= this.#patience && epoch > 0) {
      this.#stoppedEpoch = epoch;
      this.model.stopTraining = true;
    }
  }

  override onTrainEnd(): void {
    const { verbose } = this.#options;
    if (verbose && this.#stoppedEpoch > 0) console.log(`Epoch ${this.#stoppedEpoch + 1}: early stopping`);
    if (this.#bestWeights === undefined) return;
    if (verbose)
      console.log(`Restoring model weights from the end of the best epoch: ${this.#bestEpoch + 1}.`);
    this.model.setWeights(this.#bestWeights);
    this.#bestWeights = undefined;
  }
}

/**
 * Ends training when a number no longer gets better. https://keras.io/api/callbacks/early_stopping/
 *
 * @throws EngineError `ARGUMENT`; in the run, where the mode is `auto` and the metric does not tell whether less is better.
 * @example
 *     const stop = callbacks.earlyStopping({ patience: 3, restoreBestWeights: true });
 *     await model.fit(x, y, { epochs: 100, validationSplit: 0.2, callbacks: [stop] });
 */
export const earlyStopping = (options?: EarlyStoppingOptions) => new EarlyStopping(options);
