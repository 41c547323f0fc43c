import { type OptionNames, atLeastZero, expected, finite, knownOptionsOf } from '../../base/checks.js';
import { itemAt } from '../../base/list.js';
import type { Sym } from '../../core/sym.js';
import * as ops from '../../ops/index.js';
import { LearningRateSchedule, type ScheduleOptions } from './learningRateSchedule.js';

/** What {@link piecewiseConstantDecay} takes. */
export interface PiecewiseConstantDecayOptions extends ScheduleOptions {
  /** The steps up to which, inclusive, the learning rates hold: growing numbers. */
  boundaries: readonly number[];
  /** The learning rates, 0 or more, one more than boundaries: the last holds after all of them. */
  values: readonly number[];
}

/** The schedule that {@link piecewiseConstantDecay} makes. */
export class PiecewiseConstantDecay extends LearningRateSchedule implements PiecewiseConstantDecayOptions {
  static override readonly optionNames = {
    name: 'string',
    boundaries: 'required',
    values: 'required',
  } satisfies OptionNames<PiecewiseConstantDecayOptions>;
  readonly className = 'PiecewiseConstantDecay';
  readonly boundaries: readonly number[];
  readonly values: readonly number[];

  constructor(options: PiecewiseConstantDecayOptions) {
    const who = knownOptionsOf(new.target, options);
    super(options);
    const { boundaries, values } = options;
    const isList = (list: unknown): boolean => Array.isArray(list);
    if (!isList(boundaries)) throw expected(who, 'a list of steps as boundaries', boundaries);
    if (!isList(values) || values.length !== boundaries.length + 1)
      throw expected(who, `a list of ${boundaries.length + 1} values, one more than boundaries`, values);
    this.boundaries = Array.from(boundaries, (step) => finite(who, 'each boundary', step));
    if (this.boundaries.some((step, i) => i > 0 && step <= itemAt(this.boundaries, i - 1)))
      throw expected(who, 'growing boundaries', boundaries.join(', '));
    this.values = Array.from(values, (rate) => atLeastZero(who, 'each value', rate));
  }

  call(step: Sym): Sym {
    const last = step.trace.constant(itemAt(this.values, this.boundaries.length));
    return this.boundaries.reduceRight(
      (later, boundary, i) => ops.where(ops.lessEqual(step, boundary), itemAt(this.values, i), later),
      last,
    );
  }

  override getConfig() {
    return { ...super.getConfig(), boundaries: this.boundaries, values: this.values };
  }
}

/**
 * A learning rate for each stretch of steps.
 * https://keras.io/api/optimizers/learning_rate_schedules/piecewise_constant_decay/
 *
 * @throws EngineError `ARGUMENT` for an option that is unknown, missing or out of its range.
 * @example optimizers.schedules.piecewiseConstantDecay({ boundaries: [1000, 2000], values: [0.1, 0.01, 0.001] })
 */
export const piecewiseConstantDecay = (options: PiecewiseConstantDecayOptions) =>
  new PiecewiseConstantDecay(options);
