import { type OptionNames, atLeastZero, knownOptionsOf, positive } from '../../base/checks.js';
import type { Sym } from '../../core/sym.js';
import * as ops from '../../ops/index.js';
import { cosineFall } from './cosineFall.js';
import { LearningRateSchedule, type ScheduleOptions } from './learningRateSchedule.js';

/** What {@link cosineDecay} takes. */
export interface CosineDecayOptions extends ScheduleOptions {
  /** The learning rate of the first step, 0 or more. */
  initialLearningRate: number;
  /** How many steps the decay takes, after the warm-up; above 0. */
  decaySteps: number;
  /** The share of the learning rate that is left at the end, 0 or more. Default 0. */
  alpha?: number;
  /** The learning rate at the end of the warm-up, from which the decay begins, 0 or more. Default: no warm-up. */
  warmupTarget?: number | null | undefined;
  /** How many steps the learning rate rises before the decay, 0 or more. Default 0. */
  warmupSteps?: number;
}

/** The schedule that {@link cosineDecay} makes. */
export class CosineDecay extends LearningRateSchedule implements CosineDecayOptions {
  static override readonly optionNames = {
    name: 'string',
    initialLearningRate: 'required',
    decaySteps: 'required',
    alpha: 'optional',
    warmupTarget: 'optional',
    warmupSteps: 'optional',
  } satisfies OptionNames<CosineDecayOptions>;
  readonly className = 'CosineDecay';
  readonly initialLearningRate: number;
  readonly decaySteps: number;
  readonly alpha: number;
  readonly warmupTarget: number | null;
  readonly warmupSteps: number;

  constructor(options: CosineDecayOptions) {
    const who = knownOptionsOf(new.target, options);
    super(options);
    const { warmupTarget = null } = options;
    this.initialLearningRate = atLeastZero(who, 'initialLearningRate', options.initialLearningRate);
    this.decaySteps = positive(who, 'decaySteps', options.decaySteps);
    this.alpha = atLeastZero(who, 'alpha', options.alpha ?? 0);
    this.warmupTarget = warmupTarget === null ? null : atLeastZero(who, 'warmupTarget', warmupTarget);
    this.warmupSteps = atLeastZero(who, 'warmupSteps', options.warmupSteps ?? 0);
  }

  call(step: Sym): Sym {
    const { initialLearningRate: first, warmupTarget: target } = this;
    if (target === null) return this.#decayed(first, step);
    const decayed = this.#decayed(target, ops.subtract(step, this.warmupSteps));
    if (this.warmupSteps === 0) return decayed;
    const warming = ops.add(ops.multiply(ops.divide(step, this.warmupSteps), target - first), first);
    return ops.where(ops.less(step, this.warmupSteps), warming, decayed);
  }

  override getConfig() {
    const { initialLearningRate, decaySteps, alpha, warmupTarget, warmupSteps } = this;
    return { ...super.getConfig(), initialLearningRate, decaySteps, alpha, warmupTarget, warmupSteps };
  }

  #decayed(from: number, step: Sym): Sym {
    const done = ops.minimum(ops.divide(step, this.decaySteps), 1);
    return ops.multiply(from, ops.add(ops.multiply(1 - this.alpha, cosineFall(done)), this.alpha));
  }
}

/**
 * Along half a wave of the cosine from the learning rate to its share alpha (Loshchilov and Hutter, 2017), after a straight rise where
 * `warmupTarget` is given. https://keras.io/api/optimizers/learning_rate_schedules/cosine_decay/
 *
 * @throws EngineError `ARGUMENT` for an option that is unknown, missing or out of its range.
 * @example
 *     optimizers.schedules.cosineDecay({
 *       initialLearningRate: 0,
 *       decaySteps: 9000,
 *       warmupTarget: 0.1,
 *       warmupSteps: 1000,
 *     })
 */
export const cosineDecay = (options: CosineDecayOptions) => new CosineDecay(options);
