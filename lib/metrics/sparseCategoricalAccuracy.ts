import { knownOptionsOf } from '../base/checks.js';
import { classNumbers } from '../losses/align.js';
import * as ops from '../ops/index.js';
import type { Sym } from '../core/sym.js';
import { Metric, type MetricOptions } from './metric.js';

/** The metric that {@link sparseCategoricalAccuracy} makes. */
export class SparseCategoricalAccuracy extends Metric {
  readonly name: string;

  constructor(options: MetricOptions = {}) {
    super();
    knownOptionsOf(new.target, options);
    this.name = options.name ?? 'sparseCategoricalAccuracy';
  }

  call(yTrue: Sym, yPred: Sym): Sym {
    const wanted = ops.cast(classNumbers(this.name, yTrue, yPred), 'int32');
    return ops.equal(ops.argmax(yPred, { axis: -1 }), wanted);
  }
}
