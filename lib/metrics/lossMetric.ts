import type { Loss } from '../losses/loss.js';
import type { Sym } from '../sym.js';
import { Metric } from './metric.js';

/** A loss that is watched and not followed. */
export class LossMetric extends Metric {
  readonly name: string;
  readonly loss: Loss;

  constructor(loss: Loss, name: string = loss.className) {
    super();
    this.name = name;
    this.loss = loss;
  }

  call(yTrue: Sym, yPred: Sym): Sym {
    return this.loss.call(yTrue, yPred);
  }
}
