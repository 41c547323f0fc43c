import { integers } from '../base/checks.js';
import { factoryName } from '../base/names.js';
import type { Sym } from '../core/sym.js';
import * as ops from '../ops/index.js';
import { align } from './align.js';
import { Loss, type LossOptions } from './loss.js';
import { EPSILON } from '../ops/probabilities.js';

/** What losses of overlaps take; also as `DiceOptions`. */
export interface OverlapLossOptions extends LossOptions {
  /** The axes that are summed over; null: all, the batch too. Default null. */
  axis?: number | readonly number[] | null;
}

/** One less the overlap of targets and predictions, a share of their sums over axes. */
export abstract class OverlapLoss extends Loss {
  /** The axes that are summed over; null: all, the batch too. */
  readonly axis: number | readonly number[] | null;

  constructor(options: OverlapLossOptions = {}) {
    super(options);
    const { axis = null } = options;
    if (axis !== null) integers(factoryName(new.target.name), 'axis', axis);
    this.axis = axis;
  }

  override get isOfBatch(): boolean {
    return this.axis === null;
  }

  call(yTrue: Sym, yPred: Sym): Sym {
    const target = align(factoryName(this.className), yTrue, yPred);
    const sum = (x: Sym) => ops.sum(x, this.axis === null ? {} : { axis: this.axis });
    const { common, whole } = this.overlap(target, yPred, sum);
    return ops.subtract(1, ops.divide(common, ops.add(whole, EPSILON)));
  }

  override getConfig() {
    return { ...super.getConfig(), axis: this.axis };
  }

  /** The two numbers whose quotient is the overlap. */
  protected abstract overlap(target: Sym, yPred: Sym, sum: (x: Sym) => Sym): { common: Sym; whole: Sym };
}
