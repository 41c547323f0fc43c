import { atLeast, itemAt } from '../lib/base/list.js';
import { describe, expect, it } from 'vitest';
import { Model, NDArray, Sequential, type Sym, type Tensor, compile, layers, ops, tensor } from 'nodegrad';
import { type Stored, readFixture, worst } from './fixtures/read.js';

type Cell = 'lstm' | 'gru' | 'simpleRNN';

interface Entry {
  net: string;
  cell: Cell;
  before: Stored[];
  after: Stored[];
  x: Stored[];
  y: Stored;
  sampleWeight?: Stored;
  options: Record<string, boolean>;
  outputs: Stored | Stored[];
  loss: number;
  accuracy: number;
  crossentropy: number;
}

const { ids, rate, entries } = readFixture('masks') as { ids: number[][]; rate: number; entries: Entry[] };
const UNITS = 4;
// Sums of up to 75 products of numbers below 2, each rounded in float32 and passed on through 5 steps and their gradients.
const BOUND = 75 * 2 * 5 * 2 ** -24;

const arrayOf = ({ data, shape, dtype }: Stored) => new NDArray(data, shape, dtype);
const tensorOf = (given: Stored) => tensor(arrayOf(given));
const text = () => tensor(ids, undefined, 'int32');
const input = (shape: number[], dtype: 'int32' | 'float32' = 'float32') => layers.input({ shape, dtype });
const named = (entry: Entry, ...more: unknown[]) => [entry.net, entry.cell, ...more].join(' ');
const of = (...nets: string[]) => entries.filter(({ net }) => nets.includes(net));

async function near(actual: Tensor, expected: Stored): Promise<void> {
  expect(actual.shape).toEqual(expected.shape);
  expect(worst((await actual.data()) as Float32Array, expected.data, 1)).toBeLessThan(BOUND);
}

describe('nets on padded text train as in Keras', () => {
  it.each(of('text', 'tags').map((e) => [named(e, e.sampleWeight ? 'with weights' : ''), e] as const))(
    '%s',
    async (_, e) => {
      const tags = e.net === 'tags';
      const model = new Sequential([
        input([5], 'int32'),
        layers.embedding({ inputDim: 6, outputDim: 3, maskZero: true }),
        layers[e.cell]({ units: UNITS, returnSequences: tags }),
        layers.dense({ units: 3, activation: 'softmax' }),
      ]);
      model.setWeights(e.before.map(arrayOf));
      await near(await model.predict(text()), e.outputs as Stored);
      model.compile({
        optimizer: { className: 'SGD', config: { learningRate: rate } },
        loss: 'sparseCategoricalCrossentropy',
        metrics: ['sparseCategoricalAccuracy'],
        weightedMetrics: ['sparseCategoricalCrossentropy'],
      });
      const [y, sampleWeight] = [tensorOf(e.y), e.sampleWeight && tensorOf(e.sampleWeight)];
      const logs = await model.evaluate(text(), y, { sampleWeight, verbose: 0 });
      expect(Math.abs(logs.loss! - e.loss)).toBeLessThan(BOUND);
      expect(Math.abs(logs.sparseCategoricalAccuracy! - e.accuracy)).toBeLessThan(BOUND);
      expect(Math.abs(logs.sparseCategoricalCrossentropy! - e.crossentropy)).toBeLessThan(BOUND);
      await model.trainOnBatch(text(), y, { sampleWeight });
      for (const [i, weight] of model.weights.entries())
        expect(worst((await weight.data()) as Float32Array, itemAt(e.after, i).data, 1)).toBeLessThan(BOUND);
    },
  );
});

describe('recurrent layers keep their states where steps are masked', () => {
  it.each(of('states').map((e) => [named(e, JSON.stringify(e.options)), e] as const))('%s', async (_, e) => {
    const x = input([5, 2]);
    const states = e.x.slice(1).map(() => input([UNITS]));
    const layer = layers[e.cell]({ units: UNITS, returnState: true, ...e.options });
    const masked = layers.masking({ maskValue: -1 }).apply(x);
    const model = new Model({ inputs: [x, ...states], outputs: layer.applyAll([masked, ...states]) });
    model.setWeights(e.before.map(arrayOf));
    const outputs = (await model.predict(e.x.map(tensorOf))) as readonly Tensor[];
    for (const [i, expected] of (e.outputs as Stored[]).entries()) await near(itemAt(outputs, i), expected);
  });
});

describe('merging layers merge masks', () => {
  it.each(of('add', 'concatenate', 'concatenateSteps').map((e) => [e.net, e] as const))(
    '%s',
    async (_, e) => {
      const inputs = [input([5], 'int32'), input([5], 'int32')];
      const table = layers.embedding({ inputDim: 6, outputDim: 3, maskZero: true });
      const both = inputs.map((x) => table.apply(x));
      const layer =
        e.net === 'add' ? layers.add() : layers.concatenate({ axis: e.net === 'concatenate' ? -1 : 1 });
      const output = layer.apply(both);
      const model = new Model({ inputs, outputs: output });
      model.setWeights(e.before.map(arrayOf));
      model.compile({ loss: 'mse' });
      const zero = new NDArray(
        new Float32Array(5 * itemAt(output.shape, 1) * itemAt(output.shape, 2)),
        [5, itemAt(output.shape, 1), itemAt(output.shape, 2)],
        'float32',
      );
      const { loss } = await model.evaluate(e.x.map(tensorOf), zero, { verbose: 0 });
      expect(Math.abs(loss! - e.loss)).toBeLessThan(BOUND);
    },
  );
});

describe('masks', () => {
  const maskOf = (layer: layers.Layer) =>
    compile((x: Sym) => {
      const { mask } = layer.apply(layers.masking().apply(x));
      return { mask: mask && ops.cast(mask, 'float32') };
    });
  const x = [
    [
      [1, 2],
      [0, 0],
      [0, 3],
    ],
  ];

  it('say which steps are not all of the mask value', async () => {
    const run = compile((x: Sym) => {
      const y = layers.masking({ maskValue: 2 }).apply(x);
      return { y, mask: ops.cast(y.mask!, 'float32') };
    });
    const { y, mask } = await run([
      [
        [2, 2],
        [2, 1],
        [0, 0],
      ],
    ]);
    expect(await y.array()).toEqual([
      [
        [0, 0],
        [2, 1],
        [0, 0],
      ],
    ]);
    expect(await mask.array()).toEqual([[0, 1, 1]]);
  });

  it.each([
    ['dense', layers.dense({ units: 2 })],
    ['dropout', layers.dropout({ rate: 0.5 })],
    ['activation', layers.activation({ activation: 'relu' })],
    ['layerNormalization', layers.layerNormalization()],
    ['a sequence', layers.gru({ units: 2, returnSequences: true })],
    ['a model', new Sequential([layers.dense({ units: 2 }), layers.relu()])],
  ])('pass through %s', async (_, layer) => {
    const { mask } = await maskOf(layer)(x);
    expect(await mask!.array()).toEqual([[1, 0, 1]]);
  });

  it('end where a layer does not support them, with a warning', async () => {
    const warnings: string[] = [];
    const note = (warning: Error) => warnings.push(warning.message);
    process.on('warning', note);
    const { mask } = await maskOf(layers.flatten({ name: 'flat' }))(x);
    await new Promise((resolve) => setImmediate(resolve));
    process.off('warning', note);
    expect(mask).toBeUndefined();
    expect(warnings).toEqual([expect.stringMatching(/^\[flat\] .*Flatten does not support/)]);
  });

  it('end without one where the last step comes out', async () => {
    const { mask } = await maskOf(layers.lstm({ units: 2 }))(x);
    expect(mask).toBeUndefined();
  });

  it('are what a layer of your own computes', async () => {
    class Twice extends layers.Layer {
      readonly className = 'Twice';
      call(x: Sym) {
        return ops.concatenate([x, x], { axis: 1 });
      }
      override computeMask(_: Sym, previous: layers.Masks) {
        const mask = previous as Sym;
        return ops.concatenate([mask, mask], { axis: 1 });
      }
    }
    const { mask } = await maskOf(new Twice())(x);
    expect(await mask!.array()).toEqual([[1, 0, 1, 1, 0, 1]]);
  });

  it('leave steps out of the statistics of a batch', async () => {
    const layer = layers.batchNormalization({ epsilon: 0.25, momentum: 0 });
    const run = compile((x: Sym) => layer.apply(layers.masking().apply(x), { training: true }));
    const y = await run([[[1], [0], [2.5]]]);
    // Of 1 and 2.5: mean 1.75, variance 0.5625, which Keras divides by 2 + 1e-7; the masked 0 is normalized with the others.
    const expected = [-0.75, -1.75, 0.75].map((n) => n / Math.sqrt(0.5625 + 0.25));
    (await y.data()).forEach((n, i) => expect(Math.abs(n - itemAt(expected, i))).toBeLessThan(1e-6));
    const [, , mean, variance] = atLeast(await Promise.all(layer.weights.map((weight) => weight.data())), 4);
    expect(Math.abs(mean[0]! - 1.75)).toBeLessThan(1e-6);
    expect(Math.abs(variance[0]! - 0.5625)).toBeLessThan(1e-6);
  });

  it('count nothing where all steps are masked', async () => {
    const model = new Sequential([
      input([3], 'int32'),
      layers.embedding({ inputDim: 4, outputDim: 2, maskZero: true }),
    ]);
    model.compile({ loss: 'mse', metrics: ['mae'] });
    const zero = new NDArray(new Float32Array(6), [1, 3, 2], 'float32');
    expect(await model.evaluate([[0, 0, 0]], zero, { verbose: 0 })).toEqual({ loss: 0, mae: 0 });
  });
});
