import { type OptionNames, expected } from '../base/checks.js';
import { type RegisteredName, getRegisteredObject } from '../base/customObjects.js';
import { type ObjectConfig, isConfig, nameOfFunction } from '../base/registry.js';
import type { Sym } from '../core/sym.js';
import { Loss } from '../losses/loss.js';
import { lossConfig, lossOf } from '../losses/registry.js';
import { Metric, type MetricOptions, metricNames } from './metric.js';

/**
 * A metric that is a function of symbolic values: yTrue of any dtype and yPred, float32, both with the batch first, to float32 values
 * with the batch first. Its mean over the samples is shown under the function's name.
 */
export type MetricFunction = (yTrue: Sym, yPred: Sym) => Sym;

/** What {@link meanMetricWrapper} takes. */
export interface MeanMetricWrapperOptions extends MetricOptions {
  /** The function, the name under which it is registered, or a loss, also as its configuration. */
  fn: MetricFunction | RegisteredName | Loss | ObjectConfig;
}

/** The metric that {@link meanMetricWrapper} makes. */
export class MeanMetricWrapper extends Metric {
  static override readonly optionNames: object = {
    ...metricNames,
    fn: 'required',
  } satisfies OptionNames<MeanMetricWrapperOptions>;
  override readonly className = 'MeanMetricWrapper';
  override readonly direction: 'up' | 'down' | undefined;
  /** The function, or the loss. */
  readonly fn: MetricFunction | Loss;

  constructor(options: MeanMetricWrapperOptions) {
    super(options, 'meanMetricWrapper');
    const { fn } = options;
    const given: unknown = typeof fn === 'string' ? getRegisteredObject(fn) : isConfig(fn) ? lossOf(fn) : fn;
    if (!(given instanceof Loss) && typeof given !== 'function')
      throw expected('meanMetricWrapper', 'a function or a loss as fn', fn);
    this.fn = given as MetricFunction | Loss;
    this.direction = given instanceof Loss ? 'down' : undefined;
  }

  override call(yTrue: Sym, yPred: Sym): Sym {
    return this.fn instanceof Loss ? this.fn.call(yTrue, yPred) : this.fn(yTrue, yPred);
  }

  override getConfig(): Record<string, unknown> {
    const fn = this.fn instanceof Loss ? lossConfig(this.fn) : nameOfFunction(this.fn);
    return { ...super.getConfig(), fn };
  }
}

/**
 * The mean over the samples of a function of targets and predictions. `compile` makes it of a function by itself.
 * https://keras.io/api/metrics/reduction_metrics/#meanmetricwrapper-class
 *
 * @example
 *     const bias = (yTrue: Sym, yPred: Sym) => ops.mean(ops.subtract(yPred, yTrue), { axis: -1 });
 *     const metric = metrics.meanMetricWrapper({ fn: bias, name: 'bias' });
 */
export const meanMetricWrapper = (options: MeanMetricWrapperOptions) => new MeanMetricWrapper(options);
