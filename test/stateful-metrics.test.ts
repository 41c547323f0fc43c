/** Metrics that remember more than a mean: their state in steps, runs within runs, and outside of models. */
import { firstOf, itemAt } from '../lib/base/list.js';
import { describe, expect, it } from 'vitest';
import {
  Model,
  Sequential,
  type Sym,
  callbacks,
  layers,
  losses,
  metrics,
  ops,
  optimizers,
  tensor,
} from '../lib/index.js';
import { errorOf, rejectionOf } from './support/run.js';

/** The largest |yPred − yTrue|, and how many were seen. */
class Largest extends metrics.Metric {
  readonly #largest = this.addVariable({ name: 'largest' });
  readonly #count = this.addVariable({ name: 'count' });
  override updateState(yTrue: metrics.MetricValues, yPred: metrics.MetricValues) {
    const errors = ops.abs(ops.subtract(yPred, yTrue));
    this.#largest.assign(ops.maximum(this.#largest, ops.max(errors)));
    this.#count.assign(ops.add(this.#count, ops.sum(ops.cast(ops.greaterEqual(errors, 0), 'float32'))));
  }
  override result() {
    return ops.add(ops.multiply(this.#largest, 1000), this.#count);
  }
}

/** A model that gives what it takes. */
function identity(compiled: object, ...more: layers.Layer[]) {
  const model = new Sequential([
    layers.input({ shape: [1] }),
    ...more,
    layers.dense({ units: 1, useBias: false, kernelInitializer: 'ones' }),
  ]);
  model.compile({ loss: 'mse', optimizer: optimizers.sgd({ learningRate: 0 }), ...compiled });
  return model;
}

const x = [[1], [2], [3], [4]];
const zeros = [[0], [0], [0], [0]];
const quiet = { verbose: 0, shuffle: false } as const;
const largestOf = (count: number, largest: number) => 1000 * largest + count;

describe('a metric with variables of its own', () => {
  it('adds up within an epoch, and begins anew with the next and with evaluate', async () => {
    const largest = new Largest();
    const model = identity({ metrics: [largest, 'mae'] });
    const validationData = [
      [[9], [8]],
      [[0], [0]],
    ] as [number[][], number[][]];
    const { history } = await model.fit(x, zeros, { ...quiet, epochs: 2, batchSize: 1, validationData });
    expect(history['largest']).toEqual([largestOf(4, 4), largestOf(4, 4)]);
    expect(history['val_largest']).toEqual([largestOf(2, 9), largestOf(2, 9)]);
    expect(history['mae']).toEqual([2.5, 2.5]);
    expect((await model.evaluate(x, zeros, { verbose: 0 }))['largest']).toBe(largestOf(4, 4));
    expect((await model.trainOnBatch([[5]], [[0]]))['largest']).toBe(largestOf(1, 5));
    expect(Array.from(await largest.result().data())).toEqual([largestOf(1, 5)]);
  });

  it('keeps its numbers while a callback evaluates, also another model with the same metric', async () => {
    const largest = new Largest();
    const model = identity({ metrics: [largest] });
    const other = identity({ metrics: [largest] });
    const seen: (number | undefined)[] = [];
    const onTrainBatchEnd = async () => {
      for (const one of [model, other])
        seen.push((await one.evaluate([[9]], [[0]], { verbose: 0 }))['largest']);
    };
    const { history } = await model.fit(x, zeros, {
      ...quiet,
      batchSize: 2,
      callbacks: callbacks.lambdaCallback({ onTrainBatchEnd }),
    });
    expect(history['largest']).toEqual([largestOf(4, 4)]);
    expect(seen).toEqual(Array(4).fill(largestOf(1, 9)));
  });

  it('begins anew after an aborted run', async () => {
    const model = identity({ metrics: [new Largest()] });
    const abort = new AbortController();
    const onTrainBatchEnd = () => {
      abort.abort();
    };
    const run = model.fit(x, zeros, {
      ...quiet,
      batchSize: 1,
      signal: abort.signal,
      callbacks: callbacks.lambdaCallback({ onTrainBatchEnd }),
    });
    expect(await rejectionOf(run)).toMatchObject({ code: 'ABORTED' });
    const { history } = await model.fit([[3]], [[0]], quiet);
    expect(history['largest']).toEqual([largestOf(1, 3)]);
  });

  it('sees weights of samples and masks', async () => {
    class Weighed extends metrics.Metric {
      readonly #total = this.addVariable();
      override updateState(_yTrue: Sym, yPred: Sym, sampleWeight?: Sym) {
        if (sampleWeight) this.#total.assign(ops.add(this.#total, ops.sum(sampleWeight)));
        expect(yPred.rank).toBe(2);
      }
      override result() {
        return this.#total.value();
      }
    }
    const model = identity({ metrics: [new Weighed()], weightedMetrics: [new Weighed()] });
    const { history } = await model.fit(x, zeros, { ...quiet, sampleWeight: [1, 2, 3, 4] });
    expect(history).toMatchObject({ weighed: [0], weighted_weighed: [10] });
  });

  it('may not be given twice', () => {
    const largest = new Largest();
    const error = errorOf(() => identity({ metrics: [largest], weightedMetrics: [largest] }));
    expect(error).toMatchObject({ code: 'ARGUMENT' });
    expect(error.message).toMatch(/\[compile\] expected a metric to be given once, received largest/);
  });

  it('gives several numbers under their keys', async () => {
    class Both extends metrics.Metric<Record<'low' | 'high', ReturnType<typeof tensor>>> {
      readonly #range = this.addVariable({ shape: [2] });
      override updateState(_yTrue: Sym, yPred: Sym) {
        this.#range.assign(ops.stack([ops.min(yPred), ops.max(yPred)]));
      }
      override result() {
        return {
          low: ops.reshape(ops.slice(this.#range, 0, 1), []),
          high: ops.reshape(ops.slice(this.#range, 1, 1), []),
        };
      }
    }
    class Range extends metrics.Metric {
      override readonly direction = 'up';
      readonly #range = this.addVariable({ shape: [2] });
      override updateState(_yTrue: Sym, yPred: Sym) {
        this.#range.assign(ops.stack([ops.min(yPred), ops.max(yPred)]));
      }
      override result() {
        return this.#range.value();
      }
    }
    const model = identity({ metrics: [new Both(), new Range()] });
    const logs = await model.evaluate(x, zeros, { verbose: 0 });
    expect(logs).toEqual({ loss: 7.5, low: 1, high: 4, range_0: 1, range_1: 4 });
    expect(model.directionOf('val_range_1')).toBe('up');
    expect(await new Both().result().high.data()).toEqual(new Float32Array([0]));
  });

  it('may add variables when it sees the first batch, and has no result before', async () => {
    class PerColumn extends metrics.Metric {
      #sums: ReturnType<Largest['variables']['at']>;
      override updateState(_yTrue: Sym, yPred: Sym) {
        this.#sums ??= this.addVariable({ shape: [yPred.shape.at(-1)!] });
        this.#sums.assign(ops.add(this.#sums, ops.sum(yPred, { axis: 0 })));
      }
      override result() {
        return ops.sum(this.#sums!);
      }
    }
    const model = identity({ metrics: [new PerColumn()] });
    const { history } = await model.fit(x, zeros, { ...quiet, epochs: 3, batchSize: 1 });
    expect(history['perColumn']).toEqual([10, 10, 10]);
  });
});

describe('metrics in fields of layers and models', () => {
  class Watched extends layers.Layer {
    readonly className = 'Watched';
    readonly mean = metrics.mean({ name: 'watched' });
    call(inputs: Sym) {
      void this.mean.updateState(inputs);
      return inputs;
    }
  }

  it('are shown, and begin anew with each epoch', async () => {
    const watched = new Watched();
    const model = identity({}, watched);
    expect(model.metricsNames).toEqual(['loss', 'watched']);
    const { history } = await model.fit(x, zeros, { ...quiet, epochs: 2, batchSize: 1 });
    expect(history['watched']).toEqual([2.5, 2.5]);
    expect(await model.evaluate([[8]], [[0]], { verbose: 0 })).toEqual({ loss: 64, watched: 8 });
    expect(model.metrics[1]).toBe(watched.mean);
    model.resetMetrics();
    expect(Array.from(await watched.mean.result().data())).toEqual([0]);
  });

  it('of a subclass of Model count before compile', () => {
    class Own extends Model {
      readonly seen = metrics.sum({ name: 'seen' });
      override call(inputs: Sym) {
        return inputs;
      }
    }
    expect(new Own().metricsNames).toEqual(['seen']);
  });
});

describe('metrics of a model', () => {
  it('keep their numbers after a run, under the keys of the logs', async () => {
    const accuracy = metrics.binaryAccuracy({ threshold: 2.5 });
    const model = identity({ metrics: [accuracy], weightedMetrics: ['mae'] });
    await model.fit(x, [[0], [0], [0], [1]], quiet);
    expect(model.metricsNames).toEqual(['loss', 'binaryAccuracy', 'mae']);
    expect(model.metrics.map(({ name }) => name)).toEqual(model.metricsNames);
    expect(model.metrics[1]).toBe(accuracy);
    expect(Array.from(await accuracy.result().data())).toEqual([0.75]);
    expect(Array.from(await firstOf(model.metrics).result().data())).toEqual([5.75]);
    accuracy.resetState();
    expect(Array.from(await accuracy.result().data())).toEqual([0]);
    expect(Array.from(await itemAt(model.metrics, 2).result().data())).toEqual([2.25]);
    model.resetMetrics();
    expect(Array.from(await itemAt(model.metrics, 2).result().data())).toEqual([0]);
    // Compiled anew, the model has other metrics; this one keeps its mean itself.
    model.compile({ loss: 'mse' });
    await accuracy.updateState([[1]], [[3]]);
    expect(Array.from(await accuracy.result().data())).toEqual([1]);
  });

  it('are made once, however often their direction is asked for', () => {
    const model = identity({ metrics: [new Largest()] });
    const [, metric] = model.metrics;
    expect(model.directionOf('loss')).toBe('down');
    expect(model.directionOf('val_mae')).toBeUndefined();
    expect(model.metrics[1]).toBe(metric);
  });
});

describe('metrics outside of models', () => {
  const numbers = async (metric: metrics.Metric) => Array.from(await metric.result().data());

  it('take arrays and tensors, with weights and without', async () => {
    const mae = metrics.meanAbsoluteError();
    await mae.updateState([[1], [2]], [[2], [4]]);
    expect(await numbers(mae)).toEqual([1.5]);
    await mae.updateState(tensor([[0]]), tensor([[6]]), [3]);
    expect(await numbers(mae)).toEqual([Math.fround((1 + 2 + 18) / 5)]);
    mae.resetState();
    expect(await numbers(mae)).toEqual([0]);
    const largest: metrics.Metric = new Largest();
    await largest.updateState([1, 2], [4, 3]);
    expect(await numbers(largest)).toEqual([largestOf(2, 3)]);
  });

  it.each([
    ['mean', metrics.mean, [4], [2], [3]],
    ['sum', metrics.sum, [16], [20], [28]],
  ])('%s of values', async (_, make, all, weighed, after) => {
    const metric = make();
    await metric.updateState([1, 3, 5, 7]);
    expect(await numbers(metric)).toEqual(all);
    metric.resetState();
    await metric.updateState([1, 3, 5, 7], [1, 1, 0, 0]);
    await metric.updateState(
      [
        [4, 4],
        [4, 4],
      ],
      [1, 1],
    );
    expect(await numbers(metric)).toEqual(make === metrics.sum ? weighed : after);
    metric.resetState();
    await metric.updateState(12);
    expect(await numbers(metric)).toEqual([12]);
  });

  it('lose nothing to rounding over many updates', async () => {
    // In one float32, 2²⁴ + 1 + 1 + … stays 2²⁴.
    const sum = metrics.sum();
    await sum.updateState(2 ** 24);
    for (let i = 0; i < 64; i++) await sum.updateState(1);
    expect(await numbers(sum)).toEqual([2 ** 24 + 64]);
  });

  it('reject what does not fit, and keep what they had', async () => {
    const metric = metrics.categoricalAccuracy();
    await metric.updateState([[0, 1]], [[0.3, 0.7]]);
    await expect(metric.updateState([[0, 1]], [[1, 2, 3]])).rejects.toMatchObject({ code: 'SHAPE' });
    expect(await numbers(metric)).toEqual([1]);
    class Nothing extends metrics.Metric {}
    const error = await rejectionOf(new Nothing().updateState([1], [1]) as Promise<unknown>);
    expect(error.message).toMatch(/\[nothing\] expected a class with a method call/);
    expect(errorOf(() => new Largest({ dtype: 'float64' as never })).message).toMatch(/dtype/);
  });

  it('wrap functions', async () => {
    const metric = metrics.meanMetricWrapper({
      fn: (yTrue, yPred) => ops.subtract(yPred, yTrue),
      name: 'bias',
    });
    expect(metric.name).toBe('bias');
    await metric.updateState([1, 2], [2, 5]);
    expect(await numbers(metric)).toEqual([2]);
    expect(losses.meanSquaredError()).not.toBeInstanceOf(metrics.Metric);
  });
});
