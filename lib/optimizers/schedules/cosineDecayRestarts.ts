import {
  type OptionNames,
  atLeastZero,
  expected,
  finite,
  knownOptionsOf,
  positive,
} from '../../base/checks.js';
import type { Sym } from '../../core/sym.js';
import * as ops from '../../ops/index.js';
import { cosineFall } from './cosineFall.js';
import { LearningRateSchedule, type ScheduleOptions } from './learningRateSchedule.js';

/** What {@link cosineDecayRestarts} takes. */
export interface CosineDecayRestartsOptions extends ScheduleOptions {
  /** The learning rate of the first step, 0 or more. */
  initialLearningRate: number;
  /** How many steps the first decay takes, above 0. */
  firstDecaySteps: number;
  /** How many times as long as the last one each decay is, 1 or more. Default 2. */
  tMul?: number;
  /** How many times as high as the last one each decay begins, 0 or more. Default 1. */
  mMul?: number;
  /** The share of the first learning rate that is left at the end of a decay, 0 or more. Default 0. */
  alpha?: number;
}

/** The schedule that {@link cosineDecayRestarts} makes. */
export class CosineDecayRestarts extends LearningRateSchedule implements CosineDecayRestartsOptions {
  static override readonly optionNames = {
    name: 'string',
    initialLearningRate: 'required',
    firstDecaySteps: 'required',
    tMul: 'optional',
    mMul: 'optional',
    alpha: 'optional',
  } satisfies OptionNames<CosineDecayRestartsOptions>;
  readonly className = 'CosineDecayRestarts';
  readonly initialLearningRate: number;
  readonly firstDecaySteps: number;
  readonly tMul: number;
  readonly mMul: number;
  readonly alpha: number;

  constructor(options: CosineDecayRestartsOptions) {
    const who = knownOptionsOf(new.target, options);
    super(options);
    this.initialLearningRate = atLeastZero(who, 'initialLearningRate', options.initialLearningRate);
    this.firstDecaySteps = positive(who, 'firstDecaySteps', options.firstDecaySteps);
    this.tMul = finite(who, 'tMul', options.tMul ?? 2);
    if (this.tMul < 1) throw expected(who, 'a tMul of 1 or more', this.tMul);
    this.mMul = atLeastZero(who, 'mMul', options.mMul ?? 1);
    this.alpha = atLeastZero(who, 'alpha', options.alpha ?? 0);
  }

  call(step: Sym): Sym {
    const { restarts, done } = this.#within(ops.divide(step, this.firstDecaySteps));
    const height = ops.multiply(ops.power(this.mMul, restarts), cosineFall(done));
    return ops.multiply(this.initialLearningRate, ops.add(ops.multiply(1 - this.alpha, height), this.alpha));
  }

  override getConfig() {
    const { initialLearningRate, firstDecaySteps, tMul, mMul, alpha } = this;
    return { ...super.getConfig(), initialLearningRate, firstDecaySteps, tMul, mMul, alpha };
  }

  /** How many decays have ended, and the share of the present one that is done, after so many times the first one's steps. */
  #within(firsts: Sym): { restarts: Sym; done: Sym } {
    const { tMul } = this;
    if (tMul === 1) {
      const restarts = ops.floor(firsts);
      return { restarts, done: ops.subtract(firsts, restarts) };
    }
    // The first n decays take (tMul^n − 1) / (tMul − 1) times the first. Rounding must not put off a restart by a step.
    const ended = ops.log(ops.add(1, ops.multiply(firsts, tMul - 1)));
    const restarts = ops.floor(ops.add(ops.divide(ended, Math.log(tMul)), 1e-5));
    const length = ops.power(tMul, restarts);
    const before = ops.divide(ops.subtract(length, 1), tMul - 1);
    const done = ops.divide(ops.subtract(firsts, before), length);
    return { restarts, done: ops.minimum(ops.maximum(done, 0), 1) };
  }
}

/**
 * Decays along half a wave of the cosine, one after another (Loshchilov and Hutter, 2017).
 * https://keras.io/api/optimizers/learning_rate_schedules/cosine_decay_restarts/
 *
 * @throws EngineError `ARGUMENT` for an option that is unknown, missing or out of its range.
 * @example optimizers.schedules.cosineDecayRestarts({ initialLearningRate: 0.1, firstDecaySteps: 1000, mMul: 0.8 })
 */
export const cosineDecayRestarts = (options: CosineDecayRestartsOptions) => new CosineDecayRestarts(options);
