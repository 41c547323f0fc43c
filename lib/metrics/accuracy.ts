import { knownOptionsOf } from '../base/checks.js';
import { align, lastMean } from '../losses/align.js';
import * as ops from '../ops/index.js';
import type { Sym } from '../core/sym.js';
import { Metric, type MetricOptions } from './metric.js';

/** The metric that {@link accuracy} makes. */
export class Accuracy extends Metric {
  readonly name: string;

  constructor(options: MetricOptions = {}) {
    super();
    knownOptionsOf(new.target, options);
    this.name = options.name ?? 'accuracy';
  }

  call(yTrue: Sym, yPred: Sym): Sym {
    return lastMean(ops.equal(align(this.name, yTrue, yPred), yPred));
  }
}
