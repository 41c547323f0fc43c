import { answersOf } from '../losses/align.js';
import type { Sym } from '../core/sym.js';
import { BinaryAccuracy } from './binaryAccuracy.js';
import { CategoricalAccuracy } from './categoricalAccuracy.js';
import { Metric, type MetricOptions } from './metric.js';
import { SparseCategoricalAccuracy } from './sparseCategoricalAccuracy.js';

/** What the name `'accuracy'` stands for: the share of right answers in the form that the shapes call for. */
export class ShapedAccuracy extends Metric {
  /** Other names for it. */
  static readonly aliases = ['accuracy', 'acc'] as const;
  override readonly className = 'ShapedAccuracy';
  override readonly direction = 'up';

  constructor(options: MetricOptions = {}) {
    super(options, 'accuracy');
  }

  override call(yTrue: Sym, yPred: Sym): Sym {
    const { name } = this;
    const answers = answersOf(yTrue, yPred);
    if (answers === 'binary') return new BinaryAccuracy({ name }).call(yTrue, yPred);
    if (answers === 'sparse') return new SparseCategoricalAccuracy({ name }).call(yTrue, yPred);
    return new CategoricalAccuracy({ name }).call(yTrue, yPred);
  }
}
