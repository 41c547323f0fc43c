import { type OptionNames, atLeastZero, knownOptionsOf, positive } from '../../base/checks.js';
import type { Sym } from '../../core/sym.js';
import * as ops from '../../ops/index.js';
import { LearningRateSchedule, type ScheduleOptions } from './learningRateSchedule.js';

/** What {@link polynomialDecay} takes. */
export interface PolynomialDecayOptions extends ScheduleOptions {
  /** The learning rate of the first step, 0 or more. */
  initialLearningRate: number;
  /** After how many steps the end is reached, above 0. */
  decaySteps: number;
  /** The learning rate at the end, 0 or more. Default 0.0001. */
  endLearningRate?: number;
  /** The power of the polynomial, 0 or more: 1 is a straight line. Default 1. */
  power?: number;
  /** Whether the way is prolonged to the next multiple of decaySteps where its end is reached, as in Keras. Default false. */
  cycle?: boolean;
}

/** The schedule that {@link polynomialDecay} makes. */
export class PolynomialDecay extends LearningRateSchedule implements PolynomialDecayOptions {
  static override readonly optionNames = {
    name: 'string',
    initialLearningRate: 'required',
    decaySteps: 'required',
    endLearningRate: 'optional',
    power: 'optional',
    cycle: 'boolean',
  } satisfies OptionNames<PolynomialDecayOptions>;
  readonly className = 'PolynomialDecay';
  readonly initialLearningRate: number;
  readonly decaySteps: number;
  readonly endLearningRate: number;
  readonly power: number;
  readonly cycle: boolean;

  constructor(options: PolynomialDecayOptions) {
    const who = knownOptionsOf(new.target, options);
    super(options);
    this.initialLearningRate = atLeastZero(who, 'initialLearningRate', options.initialLearningRate);
    this.decaySteps = positive(who, 'decaySteps', options.decaySteps);
    this.endLearningRate = atLeastZero(who, 'endLearningRate', options.endLearningRate ?? 0.0001);
    this.power = atLeastZero(who, 'power', options.power ?? 1);
    this.cycle = options.cycle ?? false;
  }

  call(step: Sym): Sym {
    const { initialLearningRate: first, decaySteps, endLearningRate: last, power, cycle } = this;
    const ways = ops.divide(step, decaySteps);
    // The whole ways that reach the step, at least one.
    const whole = cycle ? ops.maximum(ops.negative(ops.floor(ops.negative(ways))), 1) : undefined;
    const done = whole ? ops.divide(ways, whole) : ops.minimum(ways, 1);
    return ops.add(ops.multiply(first - last, ops.power(ops.subtract(1, done), power)), last);
  }

  override getConfig() {
    const { initialLearningRate, decaySteps, endLearningRate, power, cycle } = this;
    return { ...super.getConfig(), initialLearningRate, decaySteps, endLearningRate, power, cycle };
  }
}

/**
 * From initialLearningRate to endLearningRate along (1 − step / decaySteps)^power.
 * https://keras.io/api/optimizers/learning_rate_schedules/polynomial_decay/
 *
 * @throws EngineError `ARGUMENT` for an option that is unknown, missing or out of its range.
 * @example optimizers.schedules.polynomialDecay({ initialLearningRate: 0.1, decaySteps: 10000, power: 0.5 })
 */
export const polynomialDecay = (options: PolynomialDecayOptions) => new PolynomialDecay(options);
