import { type OptionNames, integers } from '../base/checks.js';
import { factoryName } from '../base/names.js';
import type { Sym } from '../core/sym.js';
import * as ops from '../ops/index.js';
import { align } from './align.js';
import { Loss, type LossOptions, lossNames } from './loss.js';
import { EPSILON } from './probabilities.js';

/** What `losses.dice` takes. */
export interface DiceOptions extends LossOptions {
  /** The axes that are summed over; null: all, the batch too. Default null. */
  axis?: number | readonly number[] | null;
}

/** The loss that {@link dice} makes. */
export class Dice extends Loss {
  static override readonly optionNames: object = {
    ...lossNames,
    axis: 'optional',
  } satisfies OptionNames<DiceOptions>;
  readonly className = 'Dice';
  /** The axes that are summed over; null: all, the batch too. */
  readonly axis: number | readonly number[] | null;

  constructor(options: DiceOptions = {}) {
    super(options);
    const who = factoryName(new.target.name);
    const { axis = null } = options;
    if (axis !== null) integers(who, 'axis', axis);
    this.axis = axis;
  }

  override get isOfBatch(): boolean {
    return this.axis === null;
  }

  call(yTrue: Sym, yPred: Sym): Sym {
    const target = align(factoryName(this.className), yTrue, yPred);
    const sum = (x: Sym) => ops.sum(x, this.axis === null ? {} : { axis: this.axis });
    const common = ops.multiply(sum(ops.multiply(target, yPred)), 2);
    return ops.subtract(1, ops.divide(common, ops.add(ops.add(sum(target), sum(yPred)), EPSILON)));
  }

  override getConfig() {
    return { ...super.getConfig(), axis: this.axis };
  }
}

/**
 * 1 − 2 · Σ(yTrue · yPred) / (Σ yTrue + Σ yPred): for parts of an image that are small in it (Milletari et al. 2016).
 * https://keras.io/api/losses/segmentation_losses/#dice-class
 *
 * Targets have the shape of the predictions, [n, ...], of which an axis of size 1 at the end may be missing; any dtype. With an axis of
 * null all samples of a batch have one loss together.
 *
 * @throws EngineError `SHAPE`, from the first step, for targets of another shape.
 * @example model.compile({ optimizer: 'adam', loss: losses.dice({ axis: [1, 2, 3] }) });
 */
export const dice = (options?: DiceOptions) => new Dice(options);
