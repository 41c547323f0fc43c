import { itemAt } from '../lib/base/list.js';
import { describe, expect, it } from 'vitest';
import { compile } from '../lib/core/compile.js';
import * as losses from '../lib/losses/index.js';
import { lossOf } from '../lib/losses/registry.js';
import { Objective } from '../lib/training/objective.js';
import * as ops from '../lib/ops/index.js';
import type { Sym } from '../lib/core/sym.js';
import { type TensorData, tensor } from '../lib/core/tensor.js';
import { grad } from '../lib/core/grad.js';
import { errorOf, numbersOf, rejectionOf } from './support/run.js';

const truth = [
  [0, 1, 0],
  [1, 0, 0],
];
const predictions = [
  [0.2, 0.5, 0.4],
  [0.6, 0.3, 0.2],
];
const logits = [
  [1, 2, -1],
  [0.5, -0.3, 2],
];

/** What Keras 3.15 gives for the arrays above with `reduction=None`. */
const keras: [string, losses.Loss, unknown, number[][], number[]][] = [
  ['meanSquaredError', losses.meanSquaredError(), truth, predictions, [0.15, 0.09666666]],
  ['meanAbsoluteError', losses.meanAbsoluteError(), truth, predictions, [0.36666667, 0.3]],
  ['binaryCrossentropy', losses.binaryCrossentropy(), truth, predictions, [0.47570547, 0.36354804]],
  [
    'binaryCrossentropy, smoothed',
    losses.binaryCrossentropy({ labelSmoothing: 0.1 }),
    truth,
    predictions,
    [0.50556809, 0.40753233],
  ],
  [
    'binaryCrossentropy of logits',
    losses.binaryCrossentropy({ fromLogits: true }),
    truth,
    logits,
    [0.5844838, 1.05178678],
  ],
  ['categoricalCrossentropy', losses.categoricalCrossentropy(), truth, predictions, [0.78845739, 0.60613579]],
  [
    'categoricalCrossentropy, smoothed',
    losses.categoricalCrossentropy({ labelSmoothing: 0.1 }),
    truth,
    predictions,
    [0.82643849, 0.66586113],
  ],
  [
    'categoricalCrossentropy of logits',
    losses.categoricalCrossentropy({ fromLogits: true }),
    truth,
    logits,
    [0.34901217, 1.78019595],
  ],
  [
    'sparseCategoricalCrossentropy',
    losses.sparseCategoricalCrossentropy(),
    [1, 0],
    predictions,
    [0.78845739, 0.60613579],
  ],
  [
    'sparseCategoricalCrossentropy of logits, targets [n, 1]',
    losses.sparseCategoricalCrossentropy({ fromLogits: true }),
    [[1], [0]],
    logits,
    [0.34901217, 1.78019595],
  ],
];

describe('losses', () => {
  it.each(keras)("%s equals Keras's", async (_, loss, y, p, expected) => {
    const values = await numbersOf((yTrue, yPred) => loss.call(yTrue, yPred), y as number[][], p);
    expect(values).toHaveLength(2);
    values.forEach((value, i) => expect(value).toBeCloseTo(itemAt(expected, i), 5));
  });

  it.each<[losses.LossName, TensorData, (x: Sym) => Sym, number[]]>([
    ['categoricalCrossentropy', truth, (x: Sym) => ops.softmax(x), [0.34901217, 1.78019595]],
    ['sparseCategoricalCrossentropy', [1, 0], (x: Sym) => ops.softmax(x), [0.34901217, 1.78019595]],
    ['binaryCrossentropy', truth, (x: Sym) => ops.sigmoid(x), [0.5844838, 1.05178678]],
  ])('%s of a softmax or sigmoid is computed from its logits', async (name, y, activation, expected) => {
    const loss = lossOf(name);
    const call = (yTrue: Sym, x: Sym) => loss.call(yTrue, activation(x));
    const values = await numbersOf(call, y, logits);
    values.forEach((value, i) => expect(value).toBeCloseTo(itemAt(expected, i), 5));
    // A probability of exactly 0 in float32 still has its gradient.
    const step = compile((yTrue: Sym, x: Sym) => ({ slope: grad(ops.mean(call(yTrue, x)), [x])[0] }));
    const { slope } = await step(y, [
      [200, -200, 0],
      [-200, 200, 0],
    ]);
    const far = Array.from(await slope!.data());
    expect(Math.abs(itemAt(far, 1))).toBeGreaterThan(0.1);
    expect(far.every(Number.isFinite)).toBe(true);
  });

  it('probabilities of 0 and 1 give finite losses', async () => {
    const certain = [[0, 1, 0]];
    for (const name of ['binaryCrossentropy', 'categoricalCrossentropy'] as const) {
      const [value] = await numbersOf((y, p) => lossOf(name).call(y, p), [[1, 0, 0]], certain);
      expect(value).toBeGreaterThan(5);
      expect(Number.isFinite(value)).toBe(true);
    }
  });

  it('takes the mean over the last axis, and bytes as targets', async () => {
    const mse = losses.meanSquaredError();
    const values = await numbersOf(
      (y, p) => mse.call(y, p),
      tensor(new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8]), [2, 2, 2]),
      tensor(new Float32Array(8), [2, 2, 2]),
    );
    expect(values).toEqual([(1 + 4) / 2, (9 + 16) / 2, (25 + 36) / 2, (49 + 64) / 2]);
  });

  it('targets may lack the last axis of size 1, or have it alone', async () => {
    const mse = losses.meanSquaredError();
    expect(await numbersOf((y, p) => mse.call(y, p), [1, 2], [[0], [0]])).toEqual([1, 4]);
    expect(await numbersOf((y, p) => mse.call(y, p), [[1], [2]], [0, 0])).toEqual([1, 4]);
  });

  it('refuses targets of another shape, and says what fits', async () => {
    const call = (name: losses.LossName, y: number[][], p: number[][]) =>
      rejectionOf(numbersOf((a, b) => lossOf(name).call(a, b), y, p));
    const shape = await call('meanSquaredError', [[1, 2]], [[1, 2, 3]]);
    expect(shape).toMatchObject({ code: 'SHAPE' });
    expect(shape.message).toMatch(/\[meanSquaredError\] expected targets \[1, 3\].*received \[1, 2\]/);
    const oneHot = await call('sparseCategoricalCrossentropy', [[0, 1, 0]], [[0.2, 0.3, 0.5]]);
    expect(oneHot.message).toMatch(/expected class numbers \[1\].*received \[1, 3\].*categorical/);
  });

  it('a class number out of range fails the step by name', async () => {
    const sparse = losses.sparseCategoricalCrossentropy();
    const error = await rejectionOf(numbersOf((y, p) => sparse.call(y, p), [0, 3], predictions));
    expect(error.message).toMatch(/3/);
    expect(error.message).toMatch(/label/i);
  });

  it.each<[losses.LossName, new () => losses.Loss]>([
    ['mse', losses.MeanSquaredError],
    ['MAE', losses.MeanAbsoluteError],
    ['bce', losses.BinaryCrossentropy],
    ['BCE', losses.BinaryCrossentropy],
    ['mean_absolute_error', losses.MeanAbsoluteError],
    ['BinaryCrossentropy', losses.BinaryCrossentropy],
    ['categorical_crossentropy', losses.CategoricalCrossentropy],
    ['sparseCategoricalCrossentropy', losses.SparseCategoricalCrossentropy],
  ])('the name %s is known', (name, type) => {
    expect(lossOf(name)).toBeInstanceOf(type);
  });

  it.each(['crossentropy', 'ce'] as const)(
    '%s is the form that the shapes call for, as in Keras',
    async (name) => {
      const loss = lossOf(name);
      const each = (form: losses.Loss, y: TensorData, p: number[][]) =>
        numbersOf((t, q) => form.call(t, q), y, p);
      const column = [[0.2], [0.6]];
      for (const [form, y, p] of [
        [losses.binaryCrossentropy(), [[0], [1]], column],
        [losses.sparseCategoricalCrossentropy(), [1, 0], predictions],
        [losses.sparseCategoricalCrossentropy(), [[1], [0]], predictions],
        [losses.categoricalCrossentropy(), truth, predictions],
      ] as const)
        expect(await each(loss, y, p)).toEqual(await each(form, y, p));
      expect(lossOf({ className: loss.className, config: loss.getConfig() })).toEqual(loss);
    },
  );

  it('an unknown name tells the nearest', () => {
    const error = errorOf(() => lossOf('meanSquareError' as never));
    expect(error.code).toBe('ARGUMENT');
    expect(error.message).toMatch(/'meanSquareError'.*did you mean 'meanSquaredError'/);
    expect(errorOf(() => lossOf(3 as never)).message).toMatch(/received 3/);
  });

  it('configurations make equal losses', () => {
    for (const loss of [
      losses.binaryCrossentropy({ fromLogits: true, labelSmoothing: 0.2 }),
      losses.categoricalCrossentropy({ labelSmoothing: 0.1 }),
      losses.sparseCategoricalCrossentropy({ fromLogits: true }),
      losses.meanSquaredError(),
    ]) {
      const again = lossOf({ className: loss.className, config: loss.getConfig() });
      expect(again).toEqual(loss);
    }
    expect(errorOf(() => losses.binaryCrossentropy({ labelSmoothing: 2 })).message).toMatch(/labelSmoothing/);
  });

  it('a function is a loss, and a factory that was not called is told apart', async () => {
    const cubic = lossOf((yTrue, yPred) => ops.power(ops.abs(ops.subtract(yTrue, yPred)), 3));
    const trained = (loss: losses.Loss, y: number[][], p: number[][]) => {
      const objective = new Objective(['y'], { loss });
      return numbersOf((y, p) => objective.loss([y], [p], [undefined])!, y, p);
    };
    expect(await trained(cubic, [[1, 1]], [[3, 1]])).toEqual([4]);
    expect(errorOf(() => lossOf(losses.meanSquaredError as never)).message).toMatch(/call the factory/);
    const scalar = lossOf((yTrue, yPred) => ops.mean(ops.subtract(yTrue, yPred)));
    expect((await rejectionOf(trained(scalar, [[1]], [[1]]))).message).toMatch(/one value a sample/);
    const nothing = lossOf((() => undefined) as never);
    expect(await rejectionOf(trained(nothing, [[1]], [[1]]))).toMatchObject({ name: 'EngineError' });
  });
});
