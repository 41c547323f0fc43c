import { type OptionNames, integer, knownOptionsOf } from '../base/checks.js';
import {
  type Counts,
  ConfusionMetric,
  type ThresholdsOptions,
  thresholdsNames,
  thresholdsOf,
} from './confusionMetric.js';
import * as ops from '../ops/index.js';
import { LEAST } from './topK.js';

/** What {@link precision} and {@link recall} take. */
export interface PrecisionOptions extends ThresholdsOptions {
  /** Only the largest predictions of a row may mean yes, so many; then the threshold is by default lower than any. Default: all. */
  topK?: number | undefined;
  /** The only class that counts, of predictions [n, ..., classes]. Default: all. */
  classId?: number | undefined;
}

/** Of the answers that are yes the share of the right ones: as predicted, or of all. Subclasses say of which. */
export abstract class PrecisionOrRecall extends ConfusionMetric implements PrecisionOptions {
  static override readonly optionNames: object = {
    ...thresholdsNames,
    topK: 'optional',
    classId: 'optional',
  } satisfies OptionNames<PrecisionOptions>;
  override readonly direction = 'up';
  /** A prediction above it means yes: one or several. */
  readonly thresholds: number | readonly number[] | undefined;
  /** How many predictions of a row may mean yes. */
  readonly topK: number | undefined;
  /** The only class that counts. */
  readonly classId: number | undefined;
  readonly #others: keyof Counts;

  /** @param others What is wrong in the share. */
  constructor(options: PrecisionOptions, name: string, others: keyof Counts) {
    const who = knownOptionsOf(new.target, options);
    const topK = options.topK == null ? undefined : integer(who, 'topK', options.topK);
    const classId = options.classId == null ? undefined : integer(who, 'classId', options.classId, 0);
    const thresholds = thresholdsOf(who, options.thresholds, topK === undefined ? 0.5 : LEAST);
    super(options, name, { thresholds, topK, classId });
    this.thresholds = options.thresholds;
    this.topK = topK;
    this.classId = classId;
    this.#others = others;
  }

  override result() {
    const counts = this.counts();
    const { truePositives } = counts;
    const all = ops.add(truePositives, counts[this.#others]);
    return this.perThreshold(ops.divideNoNan(truePositives, all));
  }

  override getConfig() {
    const { thresholds, topK, classId } = this;
    return { ...super.getConfig(), thresholds, topK, classId };
  }
}
