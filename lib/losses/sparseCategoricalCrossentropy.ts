import { type OptionNames, axisNumber, expected } from '../base/checks.js';
import { factoryName } from '../base/names.js';
import * as ops from '../ops/index.js';
import type { Sym } from '../core/sym.js';
import { checkSymbolic, classNumbers } from './align.js';
import type { FromLogits } from './smoothedCrossentropy.js';
import { Loss, lossNames } from './loss.js';
import { softmaxLogits, toLast } from '../ops/probabilities.js';

/** What `losses.sparseCategoricalCrossentropy` takes. */
export interface SparseCategoricalCrossentropyOptions extends FromLogits {
  /** The class number that is left out: its loss is 0 and the mean is over the others. null: none. Default null. */
  ignoreClass?: number | null;
}

/** The loss that {@link sparseCategoricalCrossentropy} makes. */
export class SparseCategoricalCrossentropy extends Loss implements SparseCategoricalCrossentropyOptions {
  static override readonly optionNames: object = {
    ...lossNames,
    fromLogits: 'boolean',
    ignoreClass: 'optional',
    axis: 'optional',
  } satisfies OptionNames<SparseCategoricalCrossentropyOptions>;
  readonly className = 'SparseCategoricalCrossentropy';
  readonly fromLogits: boolean;
  readonly ignoreClass: number | null;
  readonly axis: number;

  constructor(options: SparseCategoricalCrossentropyOptions = {}) {
    super(options);
    const who = factoryName(new.target.name);
    const { ignoreClass = null } = options;
    if (ignoreClass !== null && !Number.isSafeInteger(ignoreClass))
      throw expected(who, 'an integer or null for ignoreClass', ignoreClass);
    this.fromLogits = options.fromLogits ?? false;
    this.ignoreClass = ignoreClass;
    this.axis = axisNumber(who, options.axis ?? -1);
  }

  call(yTrue: Sym, yPred: Sym): Sym {
    const { axis, ignoreClass } = this;
    const who = factoryName(this.className);
    checkSymbolic(who, yTrue, yPred);
    const logits = softmaxLogits(yPred, this.fromLogits, axis);
    const given = yTrue.rank === yPred.rank ? toLast(yTrue, axis) : yTrue;
    const labels = classNumbers(who, given, logits);
    if (ignoreClass === null) return ops.sparseCategoricalCrossentropy(labels, logits, { fromLogits: true });
    const counts = ops.notEqual(ops.cast(labels, 'int32'), ignoreClass);
    // Of what is left out neither the class number, which may be out of range, nor the output is looked at.
    const kept = ops.where(ops.expandDims(counts, -1), logits, 0);
    const values = ops.sparseCategoricalCrossentropy(ops.where(counts, labels, 0), kept, {
      fromLogits: true,
    });
    const losses = ops.where(counts, values, 0);
    losses.mask = counts;
    return losses;
  }

  override getConfig() {
    return {
      ...super.getConfig(),
      fromLogits: this.fromLogits,
      ignoreClass: this.ignoreClass,
      axis: this.axis,
    };
  }
}

/**
 * The cross-entropy of class numbers with the probabilities p along an axis: −log(p[class]).
 * https://keras.io/api/losses/probabilistic_losses/#sparsecategoricalcrossentropy-class
 *
 * Predictions are [n, ..., classes]; targets [n, ...] or [n, ..., 1], whole numbers from 0 in any dtype. The output of a `softmax` is
 * computed from its logits, which loses no digits; other probabilities are cut to [1e-7, 1 − 1e-7]. For one-hot targets take
 * `categoricalCrossentropy`.
 *
 * @throws EngineError `SHAPE`, from the first step, for targets of another shape; `ARGUMENT`, from a step, for a class number out of
 *   range.
 * @example model.compile({ optimizer: 'adam', loss: losses.sparseCategoricalCrossentropy({ fromLogits: true }) });
 */
export const sparseCategoricalCrossentropy = (options?: SparseCategoricalCrossentropyOptions) =>
  new SparseCategoricalCrossentropy(options);
