import { type OptionNames, knownOptionsOf } from '../checks.js';
import { EngineError, describe } from '../errors.js';
import * as ops from '../ops/index.js';
import type { Sym } from '../sym.js';
import { Regularizer } from './regularizer.js';

export interface L1L2Options {
  /** The factor of sum(|x|), 0 or more. Default 0. */
  l1?: number;
  /** The factor of sum(x²), 0 or more. Default 0. */
  l2?: number;
}

/** l1 · sum(|x|) + l2 · sum(x²). https://keras.io/api/layers/regularizers/#l1l2-class */
export class L1L2 extends Regularizer {
  static readonly optionNames: object = { l1: 'optional', l2: 'optional' } satisfies OptionNames<L1L2Options>;
  readonly className: string = 'l1l2';
  readonly l1: number;
  readonly l2: number;

  constructor(options: L1L2Options = {}) {
    knownOptionsOf(new.target, options);
    super();
    const { l1 = 0, l2 = 0 } = options;
    for (const [name, value] of Object.entries({ l1, l2 })) {
      if (!Number.isFinite(value) || value < 0) {
        throw new EngineError(
          'ARGUMENT',
          `[regularizer] expected ${name} of 0 or more, received ${describe(value)}`,
        );
      }
    }
    this.l1 = l1;
    this.l2 = l2;
  }

  call(x: Sym): Sym {
    const absolute = () => ops.mul(ops.sum(ops.abs(x)), this.l1);
    const squared = () => ops.mul(ops.sum(ops.square(x)), this.l2);
    if (this.l1 === 0) return squared();
    return this.l2 === 0 ? absolute() : ops.add(absolute(), squared());
  }

  override getConfig(): Record<string, unknown> {
    return { l1: this.l1, l2: this.l2 };
  }
}
