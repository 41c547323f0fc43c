import { type OptionNames, knownOptionsOf } from '../base/checks.js';
import * as ops from '../ops/index.js';
import type { Sym } from '../core/sym.js';

/**
 * What a weight is made to obey right after each of the optimizer's updates. A subclass writes `call` with the ops.
 * https://keras.io/api/layers/constraints/
 *
 * @example
 *     class AtMostOne extends constraints.Constraint {
 *       readonly className = 'AtMostOne';
 *       call(weight: Sym) {
 *         return ops.minimum(weight, 1);
 *       }
 *     }
 *     layers.dense({ units: 2, kernelConstraint: new AtMostOne() });
 */
export abstract class Constraint {
  /** The names of the options that the class takes, each `required`, `optional` or `boolean`: others are errors. */
  static readonly optionNames: object = {};
  /** The name in configurations: that of the class. */
  abstract readonly className: string;

  /** The weight as it may be: float32 of the given weight's shape. */
  abstract call(weight: Sym): Sym;

  /** The arguments that make an equal constraint. */
  getConfig(): Record<string, unknown> {
    return {};
  }
}

/** What the constraints of norms take. */
export interface NormOptions {
  /** The axes over which a norm is taken. Default 0: of a dense kernel, the weights of one unit. */
  axis?: number | readonly number[];
}

/** The names of those options. @internal */
export const normNames = { axis: 'optional' } satisfies OptionNames<NormOptions>;

/** A constraint of the Euclidean norms along axes. */
export abstract class NormConstraint extends Constraint {
  static override readonly optionNames: object = normNames;
  /** The axes over which a norm is taken. */
  readonly axis: number | readonly number[];

  constructor(options: NormOptions) {
    super();
    knownOptionsOf(new.target, options);
    this.axis = options.axis ?? 0;
  }

  /** The norms that are wanted in place of these. */
  protected abstract wanted(norms: Sym): Sym | number;

  call(weight: Sym): Sym {
    const norms = ops.sqrt(ops.sum(ops.square(weight), { axis: this.axis, keepDims: true }));
    // Keras's epsilon: a weight of zeros stays.
    return ops.multiply(weight, ops.divide(this.wanted(norms), ops.add(norms, 1e-7)));
  }

  override getConfig(): Record<string, unknown> {
    return { axis: this.axis };
  }
}
