import { type OptionNames, axisNumber, knownOptionsOf } from '../base/checks.js';
import { Metric, type MetricOptions, metricNames } from './metric.js';

/** What metrics take that compare vectors. */
export interface AxisMetricOptions extends MetricOptions {
  /** Along which axis the vectors are; negative ones count from the end. Default -1. */
  axis?: number;
}

/** A mean over vectors along an axis; more is better. */
export abstract class AxisMetric extends Metric implements AxisMetricOptions {
  static override readonly optionNames: object = {
    ...metricNames,
    axis: 'optional',
  } satisfies OptionNames<AxisMetricOptions>;
  override readonly direction = 'up';
  /** Along which axis the vectors are; negative ones count from the end. */
  readonly axis: number;

  constructor(options: AxisMetricOptions, name: string) {
    const who = knownOptionsOf(new.target, options);
    super(options, name);
    this.axis = axisNumber(who, options.axis ?? -1);
  }

  override getConfig() {
    return { ...super.getConfig(), axis: this.axis };
  }
}
