import { firstOf, itemAt } from '../lib/base/list.js';
import { Model, NDArray, Sequential, layers, type losses, optimizers, tensor } from 'nodegrad';
import { describe, expect, it } from 'vitest';
import { rejectionOf } from './support/run.js';

const quiet = { verbose: 0 } as const;
const P = [0.5, 0.25, 0.25];
/** What a target of each class costs the model below. */
const cost = P.map((p) => -Math.log(p));
const weights = { 0: 1, 1: 10 };
const weighted = [firstOf(cost), 10 * itemAt(cost, 1), itemAt(cost, 2)];
const mean = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0) / numbers.length;

/** Predicts the probabilities P everywhere in a sample of this shape, whatever its input. */
function constant(shape: readonly number[], loss: losses.LossName): Sequential {
  const model = new Sequential([
    layers.input({ shape: [...shape, 1] }),
    layers.dense({ units: 3, kernelInitializer: 'zeros', activation: 'softmax' }),
  ]);
  model.compile({ optimizer: optimizers.sgd({ learningRate: 0 }), loss });
  model.setWeights([[[0, 0, 0]], P.map(Math.log)]);
  return model;
}

const oneHot = (labels: readonly number[]) => labels.flatMap((label) => P.map((_, k) => Number(k === label)));
const zeros = (shape: readonly number[]) =>
  new NDArray(new Float32Array(shape.reduce((a, b) => a * b, 1)), [...shape, 1]);

describe('class weights', () => {
  it.each([
    { name: 'samples', shape: [] },
    { name: 'steps', shape: [5] },
    { name: 'maps', shape: [2, 3] },
  ])('weigh the targets of $name, class numbers or one-hot', async ({ shape }) => {
    const size = shape.reduce((a, b) => a * b, 1);
    const labels = Array.from({ length: 4 * size }, (_, i) => (i * i + (i >> 1)) % 3);
    const x = zeros([4, ...shape]);
    const expected = mean(labels.map((label) => itemAt(weighted, label)));
    const sparse = constant(shape, 'sparseCategoricalCrossentropy');
    for (const y of [
      new NDArray(Int32Array.from(labels), [4, ...shape]),
      new NDArray(Float32Array.from(labels), [4, ...shape, 1]),
      tensor(labels, [4, ...shape], 'int32'),
    ]) {
      const { history } = await sparse.fit(x, y, { ...quiet, classWeight: weights });
      expect(history['loss']![0]).toBeCloseTo(expected, 5);
    }
    const hot = new NDArray(Float32Array.from(oneHot(labels)), [4, ...shape, 3]);
    const model = constant(shape, 'categoricalCrossentropy');
    const { history } = await model.fit(x, hot, { ...quiet, classWeight: weights });
    expect(history['loss']![0]).toBeCloseTo(expected, 5);
    const { loss } = await model.trainOnBatch(x, hot, { classWeight: weights });
    expect(loss).toBeCloseTo(expected, 5);
  });

  it('weigh maps of 256 × 256 × 3', async () => {
    const labels = Array.from({ length: 256 * 256 }, (_, i) => i % 3);
    const model = constant([256, 256], 'categoricalCrossentropy');
    const y = new NDArray(Float32Array.from(oneHot(labels)), [1, 256, 256, 3]);
    const { history } = await model.fit(zeros([1, 256, 256]), y, { ...quiet, classWeight: weights });
    // A mean of 65,536 float32 numbers around 5, each sum rounded: far below 1e-3.
    expect(history['loss']![0]).toBeCloseTo(mean(labels.map((label) => itemAt(weighted, label))), 3);
  });

  it('weigh the batches of an iterable', async () => {
    const labels = [0, 1, 1, 2];
    const batches = { *[Symbol.iterator]() { for (const label of labels) yield [[[0]], [label]] as const; } }; // prettier-ignore
    const model = constant([], 'sparseCategoricalCrossentropy');
    const { history } = await model.fit(batches, { ...quiet, classWeight: weights });
    expect(history['loss']![0]).toBeCloseTo(mean(labels.map((label) => itemAt(weighted, label))), 5);
    const both = [[[[0]], [1], [2]]] as const;
    const iterable = { [Symbol.iterator]: () => both[Symbol.iterator]() };
    const error = await rejectionOf(model.fit(iterable, { ...quiet, classWeight: weights }));
    expect(error.message).toMatch(/sampleWeight or classWeight, received both/);
  });

  it('leave the validation alone', async () => {
    const model = constant([], 'sparseCategoricalCrossentropy');
    const x = [[0], [0], [0], [0]];
    const options = { ...quiet, validationSplit: 0.5, classWeight: weights };
    const { history } = await model.fit(x, [1, 1, 1, 1], options);
    expect(history['loss']![0]).toBeCloseTo(10 * itemAt(cost, 1), 5);
    expect(history['val_loss']![0]).toBeCloseTo(itemAt(cost, 1), 5);
  });

  it('round class numbers as Keras does', async () => {
    const model = new Sequential([
      layers.input({ shape: [1] }),
      layers.dense({ units: 1, kernelInitializer: 'zeros' }),
    ]);
    model.compile({ optimizer: optimizers.sgd({ learningRate: 0 }), loss: 'mse' });
    const y = [0.5, 1.4, 1.5, 2];
    const classWeight = { 0: 1, 1: 2, 2: 3 };
    const { history } = await model.fit([0, 0, 0, 0], y, { ...quiet, classWeight });
    expect(history['loss']![0]).toBeCloseTo((0.25 + 2 * 1.96 + 3 * 2.25 + 3 * 4) / 4, 5);
  });

  it('are refused where they say nothing about the targets', async () => {
    const model = constant([], 'categoricalCrossentropy');
    const fit = (y: number[][], classWeight: object) =>
      rejectionOf(model.fit([[0], [0]], y, { ...quiet, classWeight: classWeight as Record<number, number> }));
    const both = await fit([[1, 0, 0], [1, 0, 1]], weights); // prettier-ignore
    expect(both.message).toMatch(/one-hot rows.*1, 0, 1 in sample 1/);
    expect((await fit([[NaN], [1]], weights)).message).toMatch(
      /class numbers for classWeight, received NaN in sample 0/,
    );
    for (const wrong of [{ a: 1 }, { 1: NaN }, { 1: '2' }, { '-1': 1 }])
      expect((await fit([[1, 0, 0], [0, 1, 0]], wrong)).message).toMatch(/a finite number for each class number/); // prettier-ignore
    const input = layers.input({ shape: [1] });
    const heads = ['a', 'b'].map((name) => layers.dense({ units: 1, name }).apply(input));
    const several = new Model({ inputs: input, outputs: heads });
    several.compile({ loss: 'mse' });
    const options = { ...quiet, classWeight: weights };
    const error = await rejectionOf(several.fit([[0]], [[[1]], [[1]]], options));
    expect(error.message).toMatch(/classWeight for a model with one output, received one with 2/);
  });
});

describe('sample weights', () => {
  /** Predicts 0 for 3 samples of 2 steps of 2 numbers; the squared errors' means are v for each step. */
  const y = [
    [[1, 1], [2, 2]],
    [[3, 3], [4, 4]],
    [[0, 4], [1, 3]],
  ]; // prettier-ignore
  const v = [[1, 4], [9, 16], [8, 5]]; // prettier-ignore
  const x = zeros([3, 2]);
  function model(): Sequential {
    const made = new Sequential([
      layers.input({ shape: [2, 1] }),
      layers.dense({ units: 2, kernelInitializer: 'zeros' }),
    ]);
    made.compile({
      optimizer: optimizers.sgd({ learningRate: 0 }),
      loss: 'mse',
      metrics: ['mae'],
      weightedMetrics: ['mse'],
    });
    return made;
  }
  const steps = [[1, 0.5], [2, 0], [3, 1]]; // prettier-ignore

  it.each([
    {
      name: '[n]',
      sampleWeight: [1, 0.5, 2],
      each: [
        [1, 1],
        [0.5, 0.5],
        [2, 2],
      ],
    },
    {
      name: '[n, 1]',
      sampleWeight: [[1], [0.5], [2]],
      each: [
        [1, 1],
        [0.5, 0.5],
        [2, 2],
      ],
    },
    { name: '[n, steps]', sampleWeight: steps, each: steps },
    { name: '[n, steps, 1]', sampleWeight: steps.map((row) => row.map((w) => [w])), each: steps },
    { name: 'flat', sampleWeight: Float32Array.from(steps.flat()), each: steps },
    {
      name: 'int32 [n, steps]',
      sampleWeight: tensor([1, 0, 2, 3, 0, 0], [3, 2], 'int32'),
      each: [
        [1, 0],
        [2, 3],
        [0, 0],
      ],
    },
    {
      name: 'nothing',
      sampleWeight: [0, 0, 0],
      each: [
        [0, 0],
        [0, 0],
        [0, 0],
      ],
    },
  ])('$name count as in Keras', async ({ sampleWeight, each }) => {
    const products = v.flatMap((row, i) => row.map((value, j) => value * itemAt(itemAt(each, i), j)));
    const total = products.reduce((a, b) => a + b, 0);
    const weight = each.flat().reduce((a, b) => a + b, 0);
    const expected = { loss: total / 6, mae: 14 / 6, mse: weight === 0 ? 0 : total / weight };
    const net = model();
    const { history } = await net.fit(x, y, { ...quiet, batchSize: 2, shuffle: false, sampleWeight });
    const logs = await net.testOnBatch(x, y, { sampleWeight });
    for (const [name, value] of Object.entries(expected)) {
      expect(history[name]![0], name).toBeCloseTo(value, 5);
      expect(logs[name], name).toBeCloseTo(value, 5);
    }
  });

  it('of another shape are refused', async () => {
    for (const [sampleWeight, message] of [
      [
        [
          [1, 2, 3],
          [1, 2, 3],
          [1, 2, 3],
        ],
        /sample weights \[\?\] or \[\?, 2\], received \[\?, 3\]/,
      ],
      [[1, 2], /one weight for each of 3 samples/],
      [y, /sample weights \[\?\] or \[\?, 2\], received \[\?, 2, 2\]/],
    ] as const)
      // prettier-ignore
      expect((await rejectionOf(model().fit(x, y, { ...quiet, sampleWeight }))).message).toMatch(message);
  });

  it('go to each output', async () => {
    const input = layers.input({ shape: [2, 1] });
    const units = { units: 2, kernelInitializer: 'zeros' } as const;
    const a = layers.dense({ ...units, name: 'a' }).apply(input);
    const b = layers.dense({ ...units, name: 'b' }).apply(input);
    const made = new Model({ inputs: input, outputs: [a, b] });
    made.compile({ optimizer: optimizers.sgd({ learningRate: 0 }), loss: 'mse' });
    const loss = async (sampleWeight: Parameters<Model['evaluate']>[2]) =>
      made.evaluate(x, [y, y], { ...quiet, ...sampleWeight });
    const first = (1 + 4 + 0.5 * 25 + 2 * 13) / 6;
    const second = (1 + 2 + 18 + 24 + 5) / 6;
    for (const weights of [[[1, 0.5, 2], steps], { a: [1, 0.5, 2], b: steps }]) {
      const logs = await loss({ sampleWeight: weights });
      expect(logs['a_loss']).toBeCloseTo(first, 5);
      expect(logs['b_loss']).toBeCloseTo(second, 5);
    }
    const shared = await loss({ sampleWeight: [[1], [0.5], [2]] });
    expect(shared['b_loss']).toBeCloseTo(first, 5);
    const error = await rejectionOf(loss({ sampleWeight: steps }));
    expect(error.message).toMatch(/list or record of weights for several outputs/);
  });
});
