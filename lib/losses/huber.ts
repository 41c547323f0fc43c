import { type OptionNames, positive } from '../base/checks.js';
import { factoryName } from '../base/names.js';
import * as ops from '../ops/index.js';
import type { Sym } from '../core/sym.js';
import { align, lastMean } from './align.js';
import { Loss, type LossOptions, lossNames } from './loss.js';

/** What `losses.huber` takes. */
export interface HuberOptions extends LossOptions {
  /** Up to which error the loss is quadratic, above 0. Default 1. */
  delta?: number;
}

/** The loss that {@link huber} makes. */
export class Huber extends Loss {
  static override readonly optionNames: object = {
    ...lossNames,
    delta: 'optional',
  } satisfies OptionNames<HuberOptions>;
  readonly className = 'Huber';

  /** Up to which error the loss is quadratic, above 0. */
  readonly delta: number;

  constructor(options: HuberOptions = {}) {
    super(options);
    const who = factoryName(new.target.name);
    this.delta = positive(who, 'delta', options.delta ?? 1);
  }

  call(yTrue: Sym, yPred: Sym): Sym {
    const target = align(factoryName(this.className), yTrue, yPred);
    const { delta } = this;
    const error = ops.subtract(yPred, target);
    const size = ops.abs(error);
    const linear = ops.subtract(ops.multiply(size, delta), (delta * delta) / 2);
    return lastMean(ops.where(ops.lessEqual(size, delta), ops.multiply(ops.square(error), 0.5), linear));
  }

  override getConfig() {
    return { ...super.getConfig(), delta: this.delta };
  }
}

/**
 * The mean over the last axis of e² / 2 for errors e up to delta, and of delta · |e| − delta² / 2 for larger ones (Huber 1964).
 * https://keras.io/api/losses/regression_losses/#huber-class
 *
 * Targets have the shape of the predictions, [n, ...], of which an axis of size 1 at the end may be missing; any dtype.
 *
 * @throws EngineError `SHAPE`, from the first step, for targets of another shape.
 * @example model.compile({ optimizer: 'adam', loss: losses.huber({ delta: 0.5 }) }); // or loss: 'huber'
 */
export const huber = (options?: HuberOptions) => new Huber(options);
