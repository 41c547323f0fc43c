import { knownOptionsOf } from '../checks.js';
import { align, lastMean } from '../losses/align.js';
import * as ops from '../ops/index.js';
import type { Sym } from '../sym.js';
import { Metric, type MetricOptions, metricNames } from './metric.js';

/**
 * The share of predictions that equal their targets. For classes take the form that fits the output, such as
 * `categoricalAccuracy`, or the name `'accuracy'`, which chooses it. https://keras.io/api/metrics/accuracy_metrics/#accuracy-class
 */
export class Accuracy extends Metric {
  static readonly optionNames: object = metricNames;
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
