import * as ops from '../ops/index.js';
import type { Sym } from '../sym.js';
import { align, lastMean } from './align.js';
import { Loss } from './loss.js';

/** The mean of (yTrue − yPred)². https://keras.io/api/losses/regression_losses/#meansquarederror-class */
export class MeanSquaredError extends Loss {
  readonly className = 'meanSquaredError';

  call(yTrue: Sym, yPred: Sym): Sym {
    const { className } = this;
    return lastMean(ops.square(ops.sub(yPred, align(className, yTrue, yPred))));
  }
}
