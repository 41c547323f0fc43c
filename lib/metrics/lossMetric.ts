import { expected } from '../checks.js';
import { Loss } from '../losses/loss.js';
import type { Sym } from '../sym.js';
import { Metric } from './metric.js';

/** A loss that is watched and not followed. */
export class LossMetric extends Metric {
  readonly name: string;
  readonly loss: Loss;

  constructor(loss: Loss, name?: string) {
    super();
    if (!(loss instanceof Loss)) throw expected('lossMetric', 'a loss', loss);
    this.name = name ?? loss.className;
    this.loss = loss;
  }

  call(yTrue: Sym, yPred: Sym): Sym {
    return this.loss.call(yTrue, yPred);
  }
}
