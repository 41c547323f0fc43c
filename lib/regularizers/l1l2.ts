import { type OptionNames, atLeastZero, knownOptionsOf } from '../base/checks.js';
import * as ops from '../ops/index.js';
import type { Sym } from '../core/sym.js';
import { Regularizer } from './regularizer.js';

/** What `regularizers.l1l2` takes. */
export interface L1L2Options {
  /** The factor of sum(|x|), 0 or more. Default 0. */
  l1?: number;
  /** The factor of sum(x²), 0 or more. Default 0. */
  l2?: number;
}

/** A penalty on absolute values and squares: made by `regularizers.l1l2`, which says more. */
export class L1L2 extends Regularizer {
  static override readonly optionNames: object = {
    l1: 'optional',
    l2: 'optional',
  } satisfies OptionNames<L1L2Options>;
  readonly className: string = 'L1L2';
  /** The factor of sum(|x|). */
  readonly l1: number;
  /** The factor of sum(x²). */
  readonly l2: number;

  constructor(options: L1L2Options = {}) {
    const who = knownOptionsOf(new.target, options);
    super();
    this.l1 = atLeastZero(who, 'l1', options.l1 ?? 0);
    this.l2 = atLeastZero(who, 'l2', options.l2 ?? 0);
  }

  call(x: Sym): Sym {
    const absolute = () => ops.multiply(ops.sum(ops.abs(x)), this.l1);
    const squared = () => ops.multiply(ops.sum(ops.square(x)), this.l2);
    if (this.l1 === 0) return squared();
    return this.l2 === 0 ? absolute() : ops.add(absolute(), squared());
  }

  override getConfig(): Record<string, unknown> {
    return { l1: this.l1, l2: this.l2 };
  }
}

/**
 * Adds l1 · sum(|x|) + l2 · sum(x²) to the loss. https://keras.io/api/layers/regularizers/#l1l2-class
 *
 * @throws EngineError `ARGUMENT` for a factor below 0.
 * @example layers.dense({ units: 10, kernelRegularizer: regularizers.l1l2({ l1: 1e-5, l2: 1e-4 }) });
 */
export const l1l2 = (options?: L1L2Options) => new L1L2(options);
