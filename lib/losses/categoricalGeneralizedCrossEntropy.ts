import { type OptionNames, expected, fraction } from '../base/checks.js';
import { lastOf } from '../base/list.js';
import { factoryName } from '../base/names.js';
import * as ops from '../ops/index.js';
import type { Sym } from '../core/sym.js';
import { classNumbers } from './align.js';
import { Loss, type LossOptions, lossNames } from './loss.js';

/** What `losses.categoricalGeneralizedCrossEntropy` takes. */
export interface CategoricalGeneralizedCrossEntropyOptions extends LossOptions {
  /** Between 0, near which it is the cross-entropy, and 1, near which it is the mean absolute error. Default 0.5. */
  q?: number;
}

/** The loss that {@link categoricalGeneralizedCrossEntropy} makes. */
export class CategoricalGeneralizedCrossEntropy extends Loss {
  static override readonly optionNames: object = {
    ...lossNames,
    q: 'optional',
  } satisfies OptionNames<CategoricalGeneralizedCrossEntropyOptions>;
  readonly className = 'CategoricalGeneralizedCrossEntropy';

  /** Between 0, near which it is the cross-entropy, and 1, near which it is the mean absolute error. */
  readonly q: number;

  constructor(options: CategoricalGeneralizedCrossEntropyOptions = {}) {
    super(options);
    const who = factoryName(new.target.name);
    this.q = fraction(who, 'q', options.q ?? 0.5);
    if (this.q === 0 || this.q === 1) throw expected(who, 'q between 0 and 1', this.q);
  }

  call(yTrue: Sym, yPred: Sym): Sym {
    const labels = classNumbers(factoryName(this.className), yTrue, yPred);
    const right = ops.oneHot(labels, { depth: lastOf(yPred.shape) });
    const p = ops.sum(ops.multiply(yPred, right), { axis: -1 });
    return ops.divide(ops.subtract(1, ops.power(p, this.q)), this.q);
  }

  override getConfig() {
    return { ...super.getConfig(), q: this.q };
  }
}

/**
 * (1 − p^q) / q of the probability p of the right class: a cross-entropy that wrong labels harm less (Zhang and Sabuncu 2018).
 * https://keras.io/api/losses/probabilistic_losses/#categoricalgeneralizedcrossentropy-class
 *
 * Predictions are probabilities [n, ..., classes]; targets class numbers [n, ...] or [n, ..., 1].
 *
 * @throws EngineError `ARGUMENT` for another q; `SHAPE`, from the first step, for targets of another shape.
 * @example model.compile({ optimizer: 'adam', loss: losses.categoricalGeneralizedCrossEntropy({ q: 0.7 }) });
 */
export const categoricalGeneralizedCrossEntropy = (options?: CategoricalGeneralizedCrossEntropyOptions) =>
  new CategoricalGeneralizedCrossEntropy(options);
