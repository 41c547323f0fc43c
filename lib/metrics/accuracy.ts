import type { Sym } from '../sym.js';
import { BinaryAccuracy } from './binaryAccuracy.js';
import { CategoricalAccuracy } from './categoricalAccuracy.js';
import { Metric, type MetricOptions } from './metric.js';
import { SparseCategoricalAccuracy } from './sparseCategoricalAccuracy.js';

/**
 * The share of right answers, in the form that the shapes call for, as Keras chooses it: binary where the output has one column,
 * sparse where the targets are class numbers, else categorical.
 */
export class Accuracy extends Metric {
  readonly name: string;

  constructor(options: MetricOptions = {}) {
    super();
    this.name = options.name ?? 'accuracy';
  }

  call(yTrue: Sym, yPred: Sym): Sym {
    const { name } = this;
    const columns = yPred.shape[yPred.rank - 1];
    const classNumbers = yTrue.rank < yPred.rank || (yTrue.shape[yTrue.rank - 1] === 1 && columns > 1);
    const form =
      columns === 1
        ? new BinaryAccuracy({ name })
        : classNumbers
          ? new SparseCategoricalAccuracy({ name })
          : new CategoricalAccuracy({ name });
    return form.call(yTrue, yPred);
  }
}
