import { describe, expect, it } from 'vitest';
import * as losses from '../lib/losses/index.js';
import * as metrics from '../lib/metrics/index.js';
import { metricOf } from '../lib/metrics/registry.js';
import * as ops from '../lib/ops/index.js';
import { tensor } from '../lib/core/tensor.js';
import { errorOf, numbersOf, rejectionOf } from './support/run.js';

const rows = [
  [0.1, 0.7, 0.2],
  [0.6, 0.3, 0.1],
  [0.2, 0.3, 0.5],
];
const oneHot = [
  [0, 1, 0],
  [0, 1, 0],
  [0, 0, 1],
];
const hits = [1, 0, 1];

const call = (
  metric: metrics.Metric<metrics.MetricResult>,
  y: number[] | number[][],
  p: number[] | number[][],
) => numbersOf((yTrue, yPred) => metric.call(yTrue, yPred), y, p);

describe('accuracy', () => {
  it('of class numbers', async () => {
    expect(await call(metrics.sparseCategoricalAccuracy(), [1, 1, 2], rows)).toEqual(hits);
    expect(await call(metrics.sparseCategoricalAccuracy(), [[1], [1], [2]], rows)).toEqual(hits);
  });

  it('of one-hot rows', async () => {
    expect(await call(metrics.categoricalAccuracy(), oneHot, rows)).toEqual(hits);
  });

  it('of yes-or-no answers: above the threshold is a yes', async () => {
    expect(await call(metrics.binaryAccuracy(), [1, 0, 0], [[0.6], [0.5], [0.51]])).toEqual([1, 1, 0]);
    const strict = metrics.binaryAccuracy({ threshold: 0.9 });
    expect(await call(strict, [[1], [1]], [[0.6], [0.95]])).toEqual([0, 1]);
    expect(await call(metrics.binaryAccuracy(), [[1, 0]], [[0.6, 0.6]])).toEqual([0.5]);
  });

  it.each([
    ['sparse', [1, 1, 2], rows, hits],
    ['sparse with an axis of size 1', [[1], [1], [2]], rows, hits],
    ['categorical', oneHot, rows, hits],
    ['binary', [1, 0], [[0.7], [0.7]], [1, 0]],
  ])('chooses the %s form by the shapes', async (_, y, p, expected) => {
    expect(await call(metricOf('accuracy'), y, p)).toEqual(expected);
  });

  // As Keras's class Accuracy.
  it('as a class, compares the numbers themselves', async () => {
    expect(await call(metrics.accuracy(), [[1], [2], [3], [4]], [[0], [2], [3], [4]])).toEqual([0, 1, 1, 1]);
    expect(await call(metrics.accuracy(), [[1, 2, 3, 4]], [[0, 2, 3, 4]])).toEqual([0.75]);
    const error = await rejectionOf(call(metrics.accuracy(), [1, 1, 2], rows));
    expect(error.message).toMatch(/\[accuracy\] expected targets \[3, 3\].*received \[3\]/);
  });

  it('counts bytes as class numbers', async () => {
    const accuracy = metricOf('accuracy');
    const y = tensor(new Uint8Array([1, 1, 2]));
    expect(await numbersOf((a, b) => accuracy.call(a, b), y, rows)).toEqual(hits);
  });

  it('refuses targets that fit no form', async () => {
    const error = await rejectionOf(call(metricOf('accuracy'), [[0, 1]], [[0.2, 0.3, 0.5]]));
    expect(error).toMatchObject({ code: 'SHAPE' });
    expect(error.message).toMatch(/\[accuracy\].*\[1, 3\].*\[1, 2\]/);
  });
});

describe('metrics by name', () => {
  it.each<[metrics.MetricName, object]>([
    ['accuracy', metricOf('accuracy').constructor],
    ['acc', metricOf('accuracy').constructor],
    ['bce', metrics.LossMetric],
    ['MSE', metrics.LossMetric],
    ['binary_accuracy', metrics.BinaryAccuracy],
    ['CategoricalAccuracy', metrics.CategoricalAccuracy],
    ['mse', metrics.LossMetric],
    ['meanAbsoluteError', metrics.LossMetric],
    ['sparseCategoricalCrossentropy', metrics.LossMetric],
  ])('%s keeps the name that was given', (name, type) => {
    const metric = metricOf(name);
    expect(metric).toBeInstanceOf(type);
    expect(metric.name).toBe(name);
  });

  it('an unknown name tells the nearest', () => {
    expect(errorOf(() => metricOf('acuracy' as never)).message).toMatch(/did you mean 'accuracy'/);
    expect(errorOf(() => metricOf({} as never))).toMatchObject({ code: 'ARGUMENT' });
  });

  it('losses and functions are metrics too', async () => {
    const mse = metricOf(losses.meanSquaredError());
    expect(mse.name).toBe('meanSquaredError');
    expect(await call(mse, [[1, 3]], [[0, 0]])).toEqual([5]);
    const largest = metricOf(function largest(_yTrue, yPred) {
      return ops.max(yPred, { axis: -1 });
    });
    expect(largest.name).toBe('largest');
    const values = await call(
      largest,
      [0, 0],
      [
        [1, 5],
        [7, 2],
      ],
    );
    expect(values).toEqual([5, 7]);
  });

  it('the base class checks the name and the dtypes of a subclass', () => {
    class Own extends metrics.Metric {
      override updateState() {
        // Nothing is kept.
      }
      override result() {
        return ops.zeros([]);
      }
    }
    const made =
      (...rest: unknown[]) =>
      () =>
        Reflect.construct(Own, [{}, ...rest]) as Own;
    expect(made('own', ['float32', 'int32'])().name).toBe('own');
    expect(errorOf(made({}))).toMatchObject({
      code: 'ARGUMENT',
      message: expect.stringMatching(/a string as name/),
    });
    expect(errorOf(made('own', {}))).toMatchObject({
      code: 'ARGUMENT',
      message: expect.stringMatching(/list of dtypes/),
    });
    expect(errorOf(made('own', []))).toMatchObject({ code: 'ARGUMENT' });
  });
});
