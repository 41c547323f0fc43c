import { type OptionNames, atLeastZero, expected, integer, knownOptions } from '../base/checks.js';
import { withDefaults } from '../base/defaults.js';
import type { Logs } from './callback.js';
import { MonitorCallback, type MonitorOptions, monitorNames } from './monitorCallback.js';

/** What {@link reduceLROnPlateau} takes. */
export interface ReduceLROnPlateauOptions extends MonitorOptions {
  /** What the learning rate is multiplied by, below 1. Default 0.1. */
  factor?: number;
  /** How many epochs without a better number reduce it. Default 10. */
  patience?: number;
  /** 1 tells of each new rate on the console. Default 0. */
  verbose?: 0 | 1;
  /** How many epochs after a reduction do not count. Default 0. */
  cooldown?: number;
  /** The least learning rate. Default 0. */
  minLr?: number;
}

const reduceLROnPlateauNames = {
  ...monitorNames,
  factor: 'optional',
  patience: 'optional',
  verbose: 'optional',
  cooldown: 'optional',
  minLr: 'optional',
} satisfies OptionNames<ReduceLROnPlateauOptions>;

const WHO = 'reduceLROnPlateau';

/** Reduces the learning rate when a number no longer gets better: see {@link reduceLROnPlateau}. */
export class ReduceLROnPlateau extends MonitorCallback {
  readonly #factor: number;
  readonly #patience: number;
  readonly #cooldown: number;
  readonly #minLr: number;
  readonly #verbose: boolean;
  #best: number | undefined;
  #wait = 0;
  #cooling = 0;

  constructor(options: ReduceLROnPlateauOptions = {}) {
    knownOptions(WHO, options, reduceLROnPlateauNames);
    super(WHO, withDefaults(options, { minDelta: 1e-4 }));
    this.#factor = atLeastZero(WHO, 'factor', options.factor ?? 0.1);
    if (this.#factor >= 1) throw expected(WHO, 'a factor below 1', options.factor);
    this.#patience = integer(WHO, 'patience', options.patience ?? 10, 0);
    this.#cooldown = integer(WHO, 'cooldown', options.cooldown ?? 0, 0);
    this.#minLr = atLeastZero(WHO, 'minLr', options.minLr ?? 0);
    this.#verbose = Boolean(options.verbose);
  }

  override onTrainBegin(): void {
    this.#best = undefined;
    this.#wait = 0;
    this.#cooling = 0;
  }

  override getState(): unknown {
    return { best: this.#best, wait: this.#wait, cooling: this.#cooling };
  }

  override setState(state: unknown): void {
    const { best, wait, cooling } = state as { best?: number; wait: number; cooling: number };
    [this.#best, this.#wait, this.#cooling] = [best, wait, cooling];
  }

  override onEpochEnd(epoch: number, logs: Logs): void {
    logs['learningRate'] = this.model.optimizer.learningRate;
    const value = this.monitored(logs);
    if (value === undefined) return;
    if (this.#cooling > 0) {
      this.#cooling--;
      this.#wait = 0;
    }
    if (this.improves(value, this.#best)) {
      this.#best = value;
      this.#wait = 0;
    } else if (this.#cooling === 0 && ++this.#wait >= this.#patience) {
      this.#reduce(epoch);
    }
  }

  #reduce(epoch: number): void {
    const { optimizer } = this.model;
    if (optimizer.learningRate <= this.#minLr) return;
    optimizer.learningRate = Math.max(optimizer.learningRate * this.#factor, this.#minLr);
    this.#cooling = this.#cooldown;
    this.#wait = 0;
    if (this.#verbose)
      console.log(`Epoch ${epoch + 1}: reducing the learning rate to ${optimizer.learningRate}.`);
  }
}

/**
 * Reduces the learning rate when a number no longer gets better. The rate of each epoch goes into the logs as `learningRate`.
 * https://keras.io/api/callbacks/reduce_lr_on_plateau/
 *
 * @param options `minDelta` is 1e-4 by default.
 * @throws EngineError `ARGUMENT`; in the run, where the optimizer's rate is a schedule.
 * @example callbacks.reduceLROnPlateau({ monitor: 'val_loss', factor: 0.2, patience: 5, minLr: 0.001 });
 */
export const reduceLROnPlateau = (options?: ReduceLROnPlateauOptions) => new ReduceLROnPlateau(options);
