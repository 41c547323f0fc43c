import type { OptionNames } from '../base/checks.js';
import { factoryName } from '../base/names.js';
import * as ops from '../ops/index.js';
import type { Sym } from '../core/sym.js';
import { classNumbers } from './align.js';
import type { FromLogits } from './binaryCrossentropy.js';
import { Loss, lossNames } from './loss.js';
import { softmaxLogits } from './probabilities.js';

/** The loss that {@link sparseCategoricalCrossentropy} makes. */
export class SparseCategoricalCrossentropy extends Loss implements FromLogits {
  static override readonly optionNames: object = {
    ...lossNames,
    fromLogits: 'boolean',
  } satisfies OptionNames<FromLogits>;
  readonly className = 'SparseCategoricalCrossentropy';
  readonly fromLogits: boolean;

  constructor(options: FromLogits = {}) {
    super(options);
    this.fromLogits = options.fromLogits ?? false;
  }

  call(yTrue: Sym, yPred: Sym): Sym {
    const labels = classNumbers(factoryName(this.className), yTrue, yPred);
    const logits = softmaxLogits(yPred, this.fromLogits);
    return ops.sparseSoftmaxCrossEntropy(logits, labels);
  }

  override getConfig() {
    return { ...super.getConfig(), fromLogits: this.fromLogits };
  }
}

/**
 * The cross-entropy of class numbers with the probabilities p along the last axis: −log(p[class]).
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
export const sparseCategoricalCrossentropy = (options?: FromLogits) =>
  new SparseCategoricalCrossentropy(options);
