import { type OptionNames, knownOptionsOf } from '../base/checks.js';
import * as ops from '../ops/index.js';
import type { Sym } from '../core/sym.js';
import { classNumbers } from './align.js';
import type { FromLogits } from './binaryCrossentropy.js';
import { Loss } from './loss.js';
import { softmaxLogits } from './probabilities.js';

/** The loss that {@link sparseCategoricalCrossentropy} makes. */
export class SparseCategoricalCrossentropy extends Loss implements FromLogits {
  static override readonly optionNames: object = { fromLogits: 'boolean' } satisfies OptionNames<FromLogits>;
  readonly className = 'sparseCategoricalCrossentropy';
  readonly fromLogits: boolean;

  constructor(options: FromLogits = {}) {
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
