import { type OptionNames, expected, finite } from '../base/checks.js';
import { EngineError, nearest } from '../base/errors.js';
import { factoryName } from '../base/names.js';
import type { Loss } from '../losses/loss.js';
import { type LossLike, lossOf } from '../losses/registry.js';
import type { Metric } from '../metrics/metric.js';
import { type MetricLike, metricOf } from '../metrics/registry.js';
import { maskedWeights, sampleMeans, sameRank, size } from '../losses/align.js';
import * as ops from '../ops/index.js';
import type { Sym } from '../core/sym.js';

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
  readonly metrics: readonly Metric[];
  readonly weightedMetrics: readonly Metric[];
}

/** A number that is averaged over an epoch: the sum over a batch, and how much it weighs. */
export interface Tracked {
  readonly name: string;
  readonly sum: Sym;
  readonly weight: Sym;
}

/** The losses and metrics of a model's outputs, as they were given to `compile`. */
export class Objective {
  readonly #parts: readonly Part[];

  /** @throws EngineError `ARGUMENT` for unknown names of losses, metrics or outputs, or lists of another length. */
  constructor(
    readonly outputNames: readonly string[],
    options: ObjectiveOptions,
  ) {
    const losses = perOutput('loss', options.loss, outputNames, isLoss);
    const weights = perOutput<number>('lossWeights', options.lossWeights, outputNames, isNumber);
    const metrics = metricsPerOutput('metrics', options.metrics, outputNames);
    const weightedMetrics = metricsPerOutput('weightedMetrics', options.weightedMetrics, outputNames);
    this.#parts = outputNames.map((output, i) => {
      const loss = losses[i];
      return {
        output,
        loss: loss == null ? undefined : lossOf(loss),
        weight: finite('compile', 'lossWeights', weights[i] ?? 1),
        metrics: metrics[i].map(metricOf),
        weightedMetrics: weightedMetrics[i].map(metricOf),
      };
    });
  }

  /** Whether an output has a loss, in order. */
  get hasLoss(): readonly boolean[] {
    return this.#parts.map((part) => part.loss !== undefined);
  }

  /** Whether more of a number in the logs is better (`up`) or less; undefined where its metric does not tell. */
  directionOf(key: string): Metric['direction'] {
    if (typeof key !== 'string') throw expected('directionOf', 'a key of the logs', key);
    const kind = key.replace(/^val_/, '');
    for (const { output, metrics, weightedMetrics } of this.#parts) {
      if (kind === 'loss' || kind === `${output}_loss`) return 'down';
      for (const { name, direction } of [...metrics, ...weightedMetrics]) {
        const keys = [name, `weighted_${name}`].flatMap((one) => [one, `${output}_${one}`]);
        // The second of a name has _1 after it.
        if (keys.some((one) => kind === one || kind.replace(/_\d+$/, '') === one)) return direction;
      }
    }
    return undefined;
  }

  /**
   * The loss of a batch, and all numbers to be averaged over an epoch.
   *
   * @param sampleWeights For each output the weights of samples [n], or of their values [n, ...], or undefined.
   * @param added What layers add to the loss, float32 [].
   */
  measure(
    targets: readonly Sym[],
    outputs: readonly Sym[],
    sampleWeights: readonly (Sym | undefined)[],
    added: readonly Sym[],
  ): { loss: Sym; tracked: Tracked[] } {
    const several = this.#parts.length > 1;
    const taken = new Set(['loss']);
    if (several) for (const { output, loss } of this.#parts) if (loss) taken.add(`${output}_loss`);
    const named = (output: string, name: string, weighted = false) => {
      const key = (kind: string) => (several ? `${output}_${kind}` : kind);
      return free(key(weighted && taken.has(key(name)) ? `weighted_${name}` : name), taken);
    };
    const losses: Tracked[] = [];
    const tracked: Tracked[] = [];
    let total: Sym | undefined;
    let samples: Sym | undefined;
    this.#parts.forEach(({ output, loss, weight, metrics, weightedMetrics }, i) => {
      const predicted = outputs[i];
      const target = sameRank(targets[i], predicted);
      const { mask } = predicted;
      if (loss) {
        const weights = maskedWeights(mask, sampleWeights[i], true);
        const each = sampleMeans(factoryName(loss.className), loss.call(target, predicted), weights);
        const count = size(each);
        samples ??= count;
        const sum = ops.sum(each);
        const share = ops.divide(sum, count);
        const weighted = weight === 1 ? share : ops.multiply(share, weight);
        total = total ? ops.add(total, weighted) : weighted;
        if (several) losses.push({ name: `${output}_loss`, sum, weight: count });
      }
      const track = (metric: Metric, name: string, weights: Sym | undefined) => {
        const values = sampleMeans(metric.name, metric.call(target, predicted), weights);
        const weight = weights ? ops.sum(sampleMeans(metric.name, weights)) : size(values);
        tracked.push({ name, sum: ops.sum(values), weight });
      };
      for (const metric of metrics) track(metric, named(output, metric.name), maskedWeights(mask, undefined));
      for (const metric of weightedMetrics)
        track(metric, named(output, metric.name, true), maskedWeights(mask, sampleWeights[i]));
    });
    if (!total || !samples)
      throw new EngineError('STATE', '[compile] expected a loss for at least one output');
    total = added.reduce((sum, more) => ops.add(sum, more), total);
    return {
      loss: total,
      tracked: [{ name: 'loss', sum: ops.multiply(total, samples), weight: samples }, ...losses, ...tracked],
    };
  }
}

/** A key that is not taken yet, with `_1`, `_2`, … where need be; it is taken from now on. */
function free(name: string, taken: Set<string>): string {
  let key = name;
  for (let count = 1; taken.has(key); count++) key = `${name}_${count}`;
  taken.add(key);
  return key;
}

const isLoss = (value: unknown): boolean =>
  typeof value === 'string' || typeof value === 'function' || isCallable(value);
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
      throw new EngineError(
        'ARGUMENT',
        `[compile] expected one ${what} for each of ${outputs.length} outputs, received ${given.length}`,
      );
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
  throw new EngineError(
    'ARGUMENT',
    `[compile] expected names of outputs (${outputs.join(', ')}) in ${what}, received '${unknown}'` +
      (near === undefined ? '' : `; did you mean '${near}'?`),
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
    throw new EngineError(
      'ARGUMENT',
      `[compile] expected ${what} for each of ${outputs.length} outputs, received ${given.length} lists`,
    );
  }
  return Array.from(given, list); // the holes of a list, too
}
