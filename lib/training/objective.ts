import { type OptionNames, expected, finite, mismatch } from '../base/checks.js';
import { EngineError, nearest } from '../base/errors.js';
import { firstOf, itemAt } from '../base/list.js';
import { freeName } from '../base/names.js';
import { isConfig } from '../base/registry.js';
import type { Loss } from '../losses/loss.js';
import { type LossLike, lossOf } from '../losses/registry.js';
import { Mean } from '../metrics/mean.js';
import type { Metric, MetricResult } from '../metrics/metric.js';
import { type MetricLike, metricOf } from '../metrics/registry.js';
import { maskedWeights, sameRank } from '../losses/align.js';
import { reduced } from '../losses/reduced.js';
import * as ops from '../ops/index.js';
import type { Sym } from '../core/sym.js';
import type { Measure } from './measures.js';

/** One value for all outputs of a model, a list in their order, or a record by their names. */
export type PerOutput<T> = T | readonly (T | null | undefined)[] | Readonly<Record<string, T>>;

/** What a model is trained for and measured by. */
export interface ObjectiveOptions {
  /**
   * What training makes small: a loss, its name or a function; for several outputs one for all, a list or a record by their names,
   * where an output without a loss has null or no entry. Needed for training and evaluation, not for prediction.
   */
  loss?: PerOutput<LossLike>;
  /**
   * What is shown and not followed, as means over the samples whatever their weights: metrics, their names or functions, one or a
   * list; for several outputs a list of lists, or a record by their names. Default: none.
   */
  metrics?: PerOutput<MetricLike | readonly MetricLike[]>;
  /** As `metrics`, but means in which each sample counts with its weight. Default: none. */
  weightedMetrics?: PerOutput<MetricLike | readonly MetricLike[]>;
  /**
   * What the loss of each output is multiplied by, finite numbers: one for all, a list or a record by their names. Default 1. The
   * loss of the model is the sum.
   */
  lossWeights?: number | readonly number[] | Readonly<Record<string, number>>;
}

export const objectiveNames = {
  loss: 'optional',
  metrics: 'optional',
  weightedMetrics: 'optional',
  lossWeights: 'optional',
} satisfies OptionNames<ObjectiveOptions>;

/** What an output is measured by. */
interface Part {
  readonly output: string;
  readonly loss: Loss | undefined;
  readonly weight: number;
  readonly metrics: readonly AnyMetric[];
  readonly weightedMetrics: readonly AnyMetric[];
  /** The mean of its loss, where there are several outputs. */
  readonly tracker: Mean | undefined;
}

type AnyMetric = Metric<MetricResult>;

/** The losses and metrics of a model's outputs, as they were given to `compile`. */
export class Objective {
  /** What is shown, in the order of the logs. */
  readonly measures: readonly Measure[];
  readonly #parts: readonly Part[];
  readonly #tracker = new Mean({ name: 'loss' });
  /** How many samples the batch has of which the loss was computed last. */
  #samples: Sym | undefined;

  /**
   * @throws EngineError `ARGUMENT` for unknown names of losses, metrics or outputs, lists of another length, and a metric that is given
   *   twice.
   */
  constructor(
    readonly outputNames: readonly string[],
    options: ObjectiveOptions,
  ) {
    const losses = perOutput('loss', options.loss, outputNames, isLoss);
    const weights = perOutput<number>('lossWeights', options.lossWeights, outputNames, isNumber);
    const metrics = metricsPerOutput('metrics', options.metrics, outputNames);
    const weightedMetrics = metricsPerOutput('weightedMetrics', options.weightedMetrics, outputNames);
    const several = outputNames.length > 1;
    this.#parts = outputNames.map((output, i) => {
      const loss = losses[i];
      return {
        output,
        loss: loss == null ? undefined : checkReduction(lossOf(loss)),
        weight: finite('compile', 'lossWeights', weights[i] ?? 1),
        metrics: itemAt(metrics, i).map(metricOf),
        weightedMetrics: itemAt(weightedMetrics, i).map(metricOf),
        tracker: several && loss != null ? new Mean({ name: `${output}_loss` }) : undefined,
      };
    });
    this.measures = this.#named(several);
  }

  /** Whether an output has a loss. */
  get hasLoss(): boolean {
    return this.#parts.some(({ loss }) => loss !== undefined);
  }

  /** Whether an output has a metric. */
  get hasMetrics(): boolean {
    return this.#parts.some(({ metrics, weightedMetrics }) => metrics.length + weightedMetrics.length > 0);
  }

  /**
   * The loss of a batch, float32 [], of which the parts are added to what was measured; undefined without a loss.
   *
   * @param sampleWeights For each output the weights of samples [n], or of their values [n, ...], or undefined.
   * @throws EngineError `ARGUMENT` where there is a loss and no target.
   */
  loss(
    targets: readonly Sym[],
    outputs: readonly Sym[],
    sampleWeights: readonly (Sym | undefined)[],
  ): Sym | undefined {
    let total: Sym | undefined;
    this.#parts.forEach(({ output, loss, weight, tracker }, i) => {
      if (!loss) return;
      const { target, predicted } = compared(output, targets[i], outputs[i]);
      const { sum, share, count } = reduced(loss, loss.call(target, predicted), predicted, sampleWeights[i]);
      const weighted = weight === 1 ? share : ops.multiply(share, weight);
      if (!total) this.#samples = count;
      total = total ? ops.add(total, weighted) : weighted;
      tracker?.addShare({ sum, weight: count });
    });
    return total;
  }

  /**
   * Adds the metrics of a batch to what was measured.
   *
   * @throws EngineError `ARGUMENT` where there are metrics and no target.
   */
  updateMetrics(
    targets: readonly Sym[],
    outputs: readonly Sym[],
    sampleWeights: readonly (Sym | undefined)[],
  ): void {
    this.#parts.forEach(({ output, metrics, weightedMetrics }, i) => {
      if (metrics.length + weightedMetrics.length === 0) return;
      const { target, predicted } = compared(output, targets[i], outputs[i]);
      const { mask } = predicted;
      for (const metric of metrics) metric.updateState(target, predicted, maskedWeights(mask, undefined));
      for (const metric of weightedMetrics)
        metric.updateState(target, predicted, maskedWeights(mask, sampleWeights[i]));
    });
  }

  /** Adds the whole loss of a batch, float32 [], to its mean. `x`: an input, the batch first. */
  trackLoss(loss: Sym, x: Sym): void {
    const { trace } = loss;
    // The count that the loss was divided by is there already.
    const samples = this.#samples?.trace === trace ? this.#samples : samplesOf(x);
    this.#tracker.addShare({ sum: ops.multiply(loss, samples), weight: samples });
  }

  /** All that is measured under its key: the loss, those of the outputs, metrics. */
  #named(several: boolean): Measure[] {
    const parts = this.#parts;
    const trackers = [this.#tracker, ...parts.flatMap(({ tracker }) => tracker ?? [])];
    const losses = trackers.map((metric): Measure => ({ key: metric.name, metric, direction: 'down' }));
    const keys = new Set(losses.map(({ key }) => key));
    const owners = new Map<AnyMetric, string>();
    const metrics = parts.flatMap(({ output, metrics, weightedMetrics }) => {
      const key = (name: string) => (several ? `${output}_${name}` : name);
      const measure = (metric: AnyMetric, wanted: string): Measure => {
        const { direction } = metric;
        const owner = owners.get(metric);
        if (owner !== undefined) throw sharedMetric(metric, owner, output);
        owners.set(metric, output);
        const free = freeName(wanted, keys);
        keys.add(free);
        return { key: free, metric, direction };
      };
      return [
        ...metrics.map((metric) => measure(metric, key(metric.name))),
        ...weightedMetrics.map((metric) =>
          measure(metric, key(keys.has(key(metric.name)) ? `weighted_${metric.name}` : metric.name)),
        ),
      ];
    });
    return [...losses, ...metrics];
  }
}

/** An output and its target, which it is compared with. */
function compared(output: string, target: Sym | undefined, predicted: Sym | undefined) {
  if (target && predicted) return { target: sameRank(target, predicted), predicted };
  throw mismatch(
    'compile',
    `${predicted ? 'targets y' : 'an output yPred'} for '${output}', which has a loss or metrics`,
    'none',
  );
}

/** How many samples a batch has, as a float32 scalar. */
const samplesOf = (x: Sym): Sym => firstOf(x.trace.op('sizeRatio', [x, ops.slice(x, 0, 1)]));

/** Fails for a loss that gives no single number. */
function checkReduction(loss: Loss): Loss {
  if (loss.reduction !== 'none') return loss;
  throw expected('compile', `a loss that gives one number, with a reduction of ${loss.name}`, loss.reduction);
}

/** The error of a metric that would add up the numbers of two outputs. */
const sharedMetric = (metric: AnyMetric, first: string, second: string): EngineError =>
  mismatch(
    'compile',
    'a metric to be given once',
    `${metric.name} for ${first} and again for ${second}: it would add up the numbers of both. Make one for each, or give its name`,
  );

const isLoss = (value: unknown): boolean =>
  typeof value === 'string' || typeof value === 'function' || isCallable(value) || isConfig(value);
const isNumber = (value: unknown): boolean => typeof value === 'number';
const isCallable = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && typeof (value as { call?: unknown }).call === 'function';

/** Spreads what was given for all outputs, by list or by name, over them. */
function perOutput<T>(
  what: string,
  given: PerOutput<T> | undefined,
  outputs: readonly string[],
  isOne: (value: unknown) => boolean,
): readonly (T | null | undefined)[] {
  if (given === undefined) return outputs.map(() => undefined);
  if (isOne(given)) return outputs.map(() => given as T);
  if (Array.isArray(given)) {
    if (given.length !== outputs.length) {
      throw expected('compile', `one ${what} for each of ${outputs.length} outputs`, given.length);
    }
    return given as (T | null | undefined)[];
  }
  checkRecord(what, given, outputs);
  return outputs.map((name) => (given as Record<string, T>)[name]);
}

function checkRecord(what: string, given: unknown, outputs: readonly string[]): void {
  if (typeof given !== 'object' || given === null) {
    throw expected('compile', `${what} for all outputs, a list or a record by their names`, given);
  }
  const unknown = Object.keys(given).find((name) => !outputs.includes(name));
  if (unknown === undefined) return;
  const near = nearest(unknown, outputs);
  throw mismatch(
    'compile',
    `names of outputs (${outputs.join(', ')}) in ${what}`,
    `'${unknown}'${near === undefined ? '' : `; did you mean '${near}'?`}`,
  );
}

/** Metrics: a flat list belongs to every output, a list of lists or a record to each its own. */
function metricsPerOutput(
  what: string,
  given: ObjectiveOptions['metrics'],
  outputs: readonly string[],
): readonly (readonly MetricLike[])[] {
  if (given === undefined) return outputs.map(() => []);
  const list = (value: unknown): readonly MetricLike[] =>
    value == null ? [] : Array.isArray(value) ? (value as MetricLike[]) : [value as MetricLike];
  const single = (value: unknown) => isLoss(value);
  if (single(given)) return outputs.map(() => list(given));
  if (!Array.isArray(given)) {
    checkRecord(what, given, outputs);
    return outputs.map((name) => list((given as Record<string, unknown>)[name]));
  }
  if (given.every(single) && (outputs.length === 1 || given.length !== outputs.length)) {
    return outputs.map(() => list(given));
  }
  if (given.length !== outputs.length) {
    throw mismatch('compile', `${what} for each of ${outputs.length} outputs`, `${given.length} lists`);
  }
  return Array.from(given, list); // the holes of a list, too
}
