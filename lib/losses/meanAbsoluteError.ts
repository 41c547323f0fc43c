import { type NoOptions, knownOptionsOf } from '../base/checks.js';
import * as ops from '../ops/index.js';
import type { Sym } from '../core/sym.js';
import { align, lastMean } from './align.js';
import { Loss } from './loss.js';

/** The loss that {@link meanAbsoluteError} makes. */
export class MeanAbsoluteError extends Loss {
  readonly className = 'meanAbsoluteError';

  constructor(options: NoOptions = {}) {
    super();
    knownOptionsOf(new.target, options);
  }

  call(yTrue: Sym, yPred: Sym): Sym {
    const { className } = this;
    return lastMean(ops.abs(ops.subtract(yPred, align(className, yTrue, yPred))));
  }
}
