import { type NoOptions, knownOptionsOf } from '../base/checks.js';
import * as ops from '../ops/index.js';
import type { Sym } from '../core/sym.js';
import { align, lastMean } from './align.js';
import { Loss } from './loss.js';

/** The loss that {@link meanSquaredError} makes. */
export class MeanSquaredError extends Loss {
  readonly className = 'meanSquaredError';

  constructor(options: NoOptions = {}) {
    super();
    knownOptionsOf(new.target, options);
  }

  call(yTrue: Sym, yPred: Sym): Sym {
    const { className } = this;
    return lastMean(ops.square(ops.subtract(yPred, align(className, yTrue, yPred))));
  }
}
