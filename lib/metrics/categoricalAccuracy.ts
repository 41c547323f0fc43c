import { knownOptionsOf } from '../base/checks.js';
import { align } from '../losses/align.js';
import * as ops from '../ops/index.js';
import type { Sym } from '../core/sym.js';
import { Metric, type MetricOptions } from './metric.js';

/** The metric that {@link categoricalAccuracy} makes. */
export class CategoricalAccuracy extends Metric {
  readonly name: string;

  constructor(options: MetricOptions = {}) {
    super();
    knownOptionsOf(new.target, options);
    this.name = options.name ?? 'categoricalAccuracy';
  }

  call(yTrue: Sym, yPred: Sym): Sym {
    const wanted = ops.argmax(align(this.name, yTrue, yPred), { axis: -1 });
    return ops.equal(ops.argmax(yPred, { axis: -1 }), wanted);
  }
}
