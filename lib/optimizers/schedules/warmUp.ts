import { type OptionNames, atLeastZero, expected, knownOptionsOf, positive } from '../../base/checks.js';
import { objectConfig } from '../../base/registry.js';
import type { Sym } from '../../core/sym.js';
import * as ops from '../../ops/index.js';
import { LearningRateSchedule, type ScheduleOptions } from './learningRateSchedule.js';

/** What {@link warmUp} takes. */
export interface WarmUpOptions extends ScheduleOptions {
  /** The learning rate after the warm-up: a number of 0 or more, or a schedule, whose first step comes after it. */
  learningRate: number | LearningRateSchedule;
  /** Over how many steps the learning rate rises, above 0. */
  warmupSteps: number;
  /** The learning rate of the first step, 0 or more. Default 0. */
  initialLearningRate?: number;
}

/** The schedule that {@link warmUp} makes. */
export class WarmUp extends LearningRateSchedule implements WarmUpOptions {
  static override readonly optionNames = {
    name: 'string',
    learningRate: 'required',
    warmupSteps: 'required',
    initialLearningRate: 'optional',
  } satisfies OptionNames<WarmUpOptions>;
  readonly className = 'WarmUp';
  readonly learningRate: number | LearningRateSchedule;
  readonly warmupSteps: number;
  readonly initialLearningRate: number;

  constructor(options: WarmUpOptions) {
    const who = knownOptionsOf(new.target, options);
    super(options);
    const { learningRate, warmupSteps, initialLearningRate = 0 } = options;
    if (typeof learningRate !== 'number' && !(learningRate instanceof LearningRateSchedule))
      throw expected(who, 'a number or a schedule as learningRate', learningRate);
    this.learningRate =
      typeof learningRate === 'number' ? atLeastZero(who, 'learningRate', learningRate) : learningRate;
    this.warmupSteps = positive(who, 'warmupSteps', warmupSteps);
    this.initialLearningRate = atLeastZero(who, 'initialLearningRate', initialLearningRate);
  }

  call(step: Sym): Sym {
    const { initialLearningRate: first, warmupSteps } = this;
    const target = this.#after(step.trace.constant(0));
    const risen = ops.multiply(ops.divide(step, warmupSteps), ops.subtract(target, first));
    const later = this.#after(ops.subtract(step, warmupSteps));
    return ops.where(ops.less(step, warmupSteps), ops.add(first, risen), later);
  }

  override getConfig() {
    const { learningRate, warmupSteps, initialLearningRate } = this;
    const rate = typeof learningRate === 'number' ? learningRate : objectConfig(learningRate);
    return { ...super.getConfig(), learningRate: rate, warmupSteps, initialLearningRate };
  }

  /** The learning rate so many steps after the warm-up. */
  #after(step: Sym): Sym {
    const { learningRate } = this;
    return typeof learningRate === 'number' ? step.trace.constant(learningRate) : learningRate.call(step);
  }
}

/**
 * A straight rise of the learning rate before it stays or follows another schedule (Goyal et al., 2017). In Keras only `cosineDecay` has
 * one (`warmupSteps`); PyTorch writes it as `LinearLR` followed by another schedule in `SequentialLR`.
 *
 * @throws EngineError `ARGUMENT` for an option that is unknown, missing or out of its range.
 * @example
 *     const { warmUp, polynomialDecay } = optimizers.schedules;
 *     const decay = polynomialDecay({ initialLearningRate: 0.1, decaySteps: 10000 });
 *     const learningRate = warmUp({ learningRate: decay, warmupSteps: 500 });
 *     model.compile({ optimizer: optimizers.adam({ learningRate }), loss: 'mse' });
 */
export const warmUp = (options: WarmUpOptions) => new WarmUp(options);
