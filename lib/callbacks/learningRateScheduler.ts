import { type OptionNames, expected, knownOptions } from '../base/checks.js';
import { Callback, type Logs } from './callback.js';

/** The learning rate of an epoch, from 0, given the one before. */
export type EpochSchedule = (epoch: number, learningRate: number) => number;

/** What {@link learningRateScheduler} takes besides the function. */
export interface LearningRateSchedulerOptions {
  /** 1 tells of each rate on the console. Default 0. */
  verbose?: 0 | 1;
}

const learningRateSchedulerNames = {
  verbose: 'optional',
} satisfies OptionNames<LearningRateSchedulerOptions>;

const WHO = 'learningRateScheduler';

/** Sets the learning rate before each epoch: see {@link learningRateScheduler}. */
export class LearningRateScheduler extends Callback {
  readonly #schedule: EpochSchedule;
  readonly #verbose: boolean;

  constructor(schedule: EpochSchedule, options: LearningRateSchedulerOptions = {}) {
    super();
    knownOptions(WHO, options, learningRateSchedulerNames);
    if (typeof schedule !== 'function')
      throw expected(WHO, 'a function of epoch and learning rate', schedule);
    this.#schedule = schedule;
    this.#verbose = Boolean(options.verbose);
  }

  override onEpochBegin(epoch: number): void {
    const { optimizer } = this.model;
    const rate: unknown = this.#schedule(epoch, optimizer.learningRate);
    if (typeof rate !== 'number') throw expected(WHO, 'a number from the schedule', rate);
    optimizer.learningRate = rate;
    if (this.#verbose) console.log(`Epoch ${epoch + 1}: setting the learning rate to ${rate}.`);
  }

  override onEpochEnd(_epoch: number, logs: Logs): void {
    logs['learningRate'] = this.model.optimizer.learningRate;
  }
}

/**
 * Sets the learning rate before each epoch. The rate goes into the logs as `learningRate`. Where it depends on the step alone, a schedule as
 * the optimizer's `learningRate` costs less. https://keras.io/api/callbacks/learning_rate_scheduler/
 *
 * @throws EngineError `ARGUMENT` for what is no function, and in the run for a rate that is no number of 0 or more.
 * @example callbacks.learningRateScheduler((epoch, rate) => (epoch < 10 ? rate : rate * Math.exp(-0.1)));
 */
export const learningRateScheduler = (schedule: EpochSchedule, options?: LearningRateSchedulerOptions) =>
  new LearningRateScheduler(schedule, options);
