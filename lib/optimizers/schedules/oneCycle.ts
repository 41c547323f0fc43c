import { type OptionNames, fraction, integer, knownOptionsOf, oneOf, positive } from '../../base/checks.js';
import { atLeast } from '../../base/list.js';
import type { Sym } from '../../core/sym.js';
import * as ops from '../../ops/index.js';
import { cosineFall } from './cosineFall.js';
import { LearningRateSchedule, type ScheduleOptions } from './learningRateSchedule.js';

/** What {@link oneCycle} takes. */
export interface OneCycleOptions extends ScheduleOptions {
  /** The highest learning rate, above 0. */
  maxLearningRate: number;
  /** The number of steps of the whole cycle, 1 or more; afterwards the last learning rate stays. */
  totalSteps: number;
  /** The share of the steps in which the learning rate rises, from 0 to 1. Default 0.3. */
  pctStart?: number;
  /** Along half a wave of the cosine or along straight lines. Default `cos`. */
  annealStrategy?: 'cos' | 'linear';
  /** The learning rate begins with maxLearningRate / divFactor; above 0. Default 25. */
  divFactor?: number;
  /** It ends with the first learning rate / finalDivFactor; above 0. Default 1e4. */
  finalDivFactor?: number;
  /** Whether it falls to the first learning rate as long as it rose, and then to the last one. Default false: at once to the last. */
  threePhase?: boolean;
}

/** The way from one learning rate to another. */
interface Phase {
  readonly begin: number;
  readonly end: number;
  readonly from: number;
  readonly to: number;
}

/** The schedule that {@link oneCycle} makes. */
export class OneCycle extends LearningRateSchedule implements OneCycleOptions {
  static override readonly optionNames = {
    name: 'string',
    maxLearningRate: 'required',
    totalSteps: 'required',
    pctStart: 'optional',
    annealStrategy: 'optional',
    divFactor: 'optional',
    finalDivFactor: 'optional',
    threePhase: 'boolean',
  } satisfies OptionNames<OneCycleOptions>;
  readonly className = 'OneCycle';
  readonly maxLearningRate: number;
  readonly totalSteps: number;
  readonly pctStart: number;
  readonly annealStrategy: 'cos' | 'linear';
  readonly divFactor: number;
  readonly finalDivFactor: number;
  readonly threePhase: boolean;

  constructor(options: OneCycleOptions) {
    const who = knownOptionsOf(new.target, options);
    super(options);
    const { annealStrategy = 'cos', divFactor = 25, finalDivFactor = 1e4 } = options;
    this.maxLearningRate = positive(who, 'maxLearningRate', options.maxLearningRate);
    this.totalSteps = integer(who, 'totalSteps', options.totalSteps);
    this.pctStart = fraction(who, 'pctStart', options.pctStart ?? 0.3);
    this.annealStrategy = oneOf(who, 'annealStrategy', annealStrategy, ['cos', 'linear']);
    this.divFactor = positive(who, 'divFactor', divFactor);
    this.finalDivFactor = positive(who, 'finalDivFactor', finalDivFactor);
    this.threePhase = options.threePhase ?? false;
  }

  call(step: Sym): Sym {
    const [last, ...before] = atLeast(this.#phases.reverse(), 1);
    return before.reduce(
      (later, phase) => ops.where(ops.lessEqual(step, phase.end), this.#within(phase, step), later),
      this.#within(last, step),
    );
  }

  override getConfig() {
    const { maxLearningRate, totalSteps, pctStart, annealStrategy } = this;
    const { divFactor, finalDivFactor, threePhase } = this;
    return {
      ...super.getConfig(),
      maxLearningRate,
      totalSteps,
      pctStart,
      annealStrategy,
      divFactor,
      finalDivFactor,
      threePhase,
    };
  }

  /** From the last step of one phase to that of the next. */
  get #phases(): Phase[] {
    const { maxLearningRate: top, totalSteps, pctStart } = this;
    const first = top / this.divFactor;
    const final = first / this.finalDivFactor;
    const risen = pctStart * totalSteps - 1;
    const fallen = 2 * pctStart * totalSteps - 2;
    const up = { begin: 0, end: risen, from: first, to: top };
    if (!this.threePhase) return [up, { begin: risen, end: totalSteps - 1, from: top, to: final }];
    const down = { begin: risen, end: fallen, from: top, to: first };
    return [up, down, { begin: fallen, end: totalSteps - 1, from: first, to: final }];
  }

  #within({ begin, end, from, to }: Phase, step: Sym): Sym {
    if (end <= begin) return step.trace.constant(to);
    const done = ops.maximum(ops.minimum(ops.divide(ops.subtract(step, begin), end - begin), 1), 0);
    const left = this.annealStrategy === 'cos' ? cosineFall(done) : ops.subtract(1, done);
    return ops.add(ops.multiply(left, from - to), to);
  }
}

/**
 * Up to a high learning rate and down to a tiny one, once in the whole training (Smith and Topin, 2019). Keras has no such schedule: it is
 * PyTorch's `OneCycleLR` with its arguments and defaults, without the cycle of the momentum.
 * https://pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.OneCycleLR.html
 *
 * @throws EngineError `ARGUMENT` for an option that is unknown, missing or out of its range.
 * @example
 *     const learningRate = optimizers.schedules.oneCycle({ maxLearningRate: 0.1, totalSteps: 10 * 469 });
 *     model.compile({ optimizer: optimizers.sgd({ learningRate, momentum: 0.9 }), loss: 'mse' });
 */
export const oneCycle = (options: OneCycleOptions) => new OneCycle(options);
