import { type OptionNames, knownOptionsOf } from '../checks.js';
import * as ops from '../ops/index.js';
import type { Sym } from '../sym.js';
import { classNumbers } from './align.js';
import type { CrossentropyOptions } from './binaryCrossentropy.js';
import { Loss } from './loss.js';
import { softmaxLogits } from './probabilities.js';

/**
 * The cross-entropy of class numbers with the probabilities along the last axis. Of a softmax's output it is computed from its
 * logits. A class number out of range fails the step.
 * https://keras.io/api/losses/probabilistic_losses/#sparsecategoricalcrossentropy-class
 */
export class SparseCategoricalCrossentropy extends Loss {
  static readonly optionNames: object = { fromLogits: 'boolean' } satisfies OptionNames<
    Pick<CrossentropyOptions, 'fromLogits'>
  >;
  readonly className = 'sparseCategoricalCrossentropy';
  readonly fromLogits: boolean;

  constructor(options: Pick<CrossentropyOptions, 'fromLogits'> = {}) {
    knownOptionsOf(new.target, options);
    super();
    this.fromLogits = options.fromLogits ?? false;
  }

  call(yTrue: Sym, yPred: Sym): Sym {
    const labels = classNumbers(this.className, yTrue, yPred);
    const logits = softmaxLogits(yPred, this.fromLogits);
    return ops.sparseSoftmaxCrossEntropy(logits, labels);
  }

  override getConfig() {
    return { fromLogits: this.fromLogits };
  }
}
