import { type OptionNames } from '../base/checks.js';
import type { Sym } from '../core/sym.js';

/** What every metric takes. */
export interface MetricOptions {
  /** The key in logs and in the history. Default: the name of the function that makes the metric. */
  name?: string;
}

/** The names of those options. @internal */
export const metricNames = { name: 'string' } satisfies OptionNames<MetricOptions>;

/**
 * A number that tells how well a model does: the mean over all samples of what `call` gives for each. A subclass writes `call` with
 * the ops. https://keras.io/api/metrics/
 *
 * @example
 *     class Bias extends metrics.Metric {
 *       readonly name = 'bias';
 *       call(yTrue: Sym, yPred: Sym) {
 *         return ops.mean(ops.subtract(yPred, yTrue), { axis: -1 });
 *       }
 *     }
 */
export abstract class Metric {
  /** The names of the options that the class takes, each `required`, `optional`, `boolean` or `string`: others are errors. */
  static readonly optionNames: object = metricNames;
  /** The key in logs and in the history. */
  abstract readonly name: string;
  /** The name in configurations: that of the class. */
  readonly className: string;
  /** Whether more of it is better (`up`) or less (`down`), for callbacks that watch it. Default: not known. */
  readonly direction: 'up' | 'down' | undefined = undefined;

  constructor() {
    this.className = new.target.name;
  }

  /**
   * One value a sample, or one for each of its steps or places.
   *
   * @param yTrue What was given, of any dtype, the batch first.
   * @param yPred What the model put out, float32.
   * @returns float32, the batch first, without the last axis of yPred as in Keras; the mean is taken over further axes, after weights
   *   for these have been applied.
   */
  abstract call(yTrue: Sym, yPred: Sym): Sym;

  /** The arguments that make an equal metric. */
  getConfig(): Record<string, unknown> {
    return { name: this.name };
  }
}

/**
 * A metric that is a function of symbolic values: yTrue of any dtype and yPred, float32, both with the batch first, to float32 values
 * with the batch first. Its mean over the samples is shown under the function's name.
 */
export type MetricFunction = (yTrue: Sym, yPred: Sym) => Sym;

/** A metric that is a function alone. @internal */
export class FunctionMetric extends Metric {
  readonly name: string;
  readonly #function: MetricFunction;

  constructor(name: string, fn: MetricFunction) {
    super();
    this.name = name;
    this.#function = fn;
  }

  call(yTrue: Sym, yPred: Sym): Sym {
    return this.#function(yTrue, yPred);
  }
}
