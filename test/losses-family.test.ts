import { atLeast, firstOf, itemAt } from '../lib/base/list.js';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  Sequential,
  type Sym,
  compile,
  grad,
  layers,
  losses,
  metrics,
  mixedPrecision,
  ops,
  optimizers,
  tensor,
} from '../lib/index.js';
import { type Stored, readFixture } from './fixtures/read.js';

interface Row {
  name: string;
  options: Record<string, unknown>;
  kind: string;
  yTrue: Stored;
  yPred: Stored;
  r: Stored;
  d: Stored;
  values: Stored;
  gradient: Stored;
  second?: Stored;
}

const { entries: rows } = readFixture('losses') as { entries: Row[] };
const make = losses as unknown as Readonly<Record<string, (options?: object) => losses.Loss>>;

/** The functions that make losses. */
const names = Object.keys(losses).filter((name) => /^[a-z]/.test(name));

const toTensor = ({ data, shape }: Stored) => tensor(data, shape);

/**
 * As a share of the row's largest |expected|, at least 1: sums of up to 5 terms, each of some ten roundings of float32 (2⁻²⁴), with
 * logarithms and quotients of numbers of 0.1 and more, which make a rounding of theirs up to ten times as large; the second derivatives once more.
 */
const BOUND = 64 * 2 ** -24;

describe('losses', () => {
  it('are all compared with Keras', () => {
    // CTC, of sequences, has its numbers in test/ctc.test.ts; circle, of embeddings and class numbers, in test/losses-alone.test.ts.
    expect([...new Set(rows.map(({ name }) => name)), 'ctc', 'circle'].sort()).toEqual(names.sort());
  });

  it.each(rows.map((row) => [`${row.name} ${JSON.stringify(row.options)} of ${row.kind}`, row] as const))(
    "%s is Keras's, with PyTorch's gradients",
    async (_, row) => {
      const loss = make[row.name]!(row.options);
      const step = compile((yTrue: Sym, yPred: Sym, r: Sym, d: Sym) => {
        const values = loss.call(yTrue, yPred);
        const [gradient] = atLeast(grad(ops.sum(ops.multiply(values, r)), [yPred]), 1);
        const [second] = grad(ops.sum(ops.multiply(gradient, d)), [yPred]);
        return { values, gradient, second };
      });
      const made = await step(toTensor(row.yTrue), toTensor(row.yPred), toTensor(row.r), toTensor(row.d));
      for (const key of ['values', 'gradient', 'second'] as const) {
        const expected = row[key];
        if (!expected) continue;
        expect(made[key]!.shape).toEqual(expected.shape);
        const scale = Math.max(1, ...Array.from(expected.data, Math.abs));
        const actual = await made[key]!.data();
        actual.forEach((value, i) =>
          expect(
            Math.abs(value - itemAt(expected.data, i)),
            `${key} ${i}: ${value}, ${expected.data[i]}`,
          ).toBeLessThanOrEqual((key === 'second' ? 10 : 1) * BOUND * scale),
        );
      }
    },
  );

  it.each(names)('%s has a name for compile, and trains in mixedBfloat16', async (name) => {
    const policy = mixedPrecision.dtypePolicy();
    mixedPrecision.setDtypePolicy('mixedBfloat16');
    try {
      const model = new Sequential([
        layers.input({ shape: [3] }),
        layers.dense({ units: 4, activation: 'sigmoid' }),
        ...(name === 'ctc' ? [layers.reshape({ targetShape: [2, 2] })] : []),
      ]);
      model.compile({ optimizer: 'sgd', loss: name as losses.LossName });
      const classes = /^(sparse|categoricalGeneralized|circle)/.test(name);
      const y = classes
        ? [1, 2]
        : name === 'ctc'
          ? [[1], [1]]
          : [
              [0, 1, 0, 0],
              [0, 0, 1, 0],
            ];
      const { history } = await model.fit(
        [
          [1, 2, 3],
          [3, 2, 1],
        ],
        y,
        { epochs: 2, verbose: 0 },
      );
      expect(history['loss']!.every(Number.isFinite)).toBe(true);
    } finally {
      mixedPrecision.setDtypePolicy(policy);
    }
  });

  it.each([
    ['cosineSimilarity', [[0, 0]], [[0, 0]]],
    ['logCosh', [[0, 0]], [[1e30, -1e30]]],
    ['huber', [[0, 0]], [[1e18, -1e18]]],
    ['klDivergence', [[0, 1]], [[0, 1]]],
    ['poisson', [[0, 1]], [[0, 0]]],
    ['binaryFocalCrossentropy', [[0, 1]], [[1, 0]]],
    ['categoricalFocalCrossentropy', [[0, 1]], [[1, 0]]],
  ])('%s and its gradients stay finite at the ends', async (name, yTrue, yPred) => {
    const step = compile((y: Sym, p: Sym) => {
      const values = make[name]!().call(y, p);
      return { values, slope: grad(values, [p])[0] };
    });
    const { values, slope } = await step(yTrue, yPred);
    for (const numbers of [values, slope])
      expect(Array.from(await numbers!.data()).every(Number.isFinite)).toBe(true);
  });

  it('take the short names of Keras', () => {
    const short = {
      mape: 'MeanAbsolutePercentageError',
      MSLE: 'MeanSquaredLogarithmicError',
      kld: 'KLDivergence',
      bfce: 'BinaryFocalCrossentropy',
    } as const;
    for (const [name, className] of Object.entries(short)) {
      const model = new Sequential([layers.input({ shape: [1] }), layers.dense({ units: 1 })]);
      expect(() => model.compile({ optimizer: 'sgd', loss: name as losses.LossName })).not.toThrow();
      expect(losses).toHaveProperty(className);
    }
  });

  it('refuse options that make no sense', () => {
    expect(() => losses.huber({ delta: 0 })).toThrow('[huber]');
    expect(() => losses.categoricalGeneralizedCrossEntropy({ q: 1 })).toThrow('q between 0 and 1');
    expect(() => losses.binaryFocalCrossentropy({ alpha: 2 })).toThrow('alpha from 0 to 1');
  });
});

interface Reduced {
  x: number[][];
  y: number[][];
  weights: number[] | null;
  reduction: losses.Reduction;
  loss: number;
  kernel: number;
}

const { entries: reductions } = JSON.parse(
  readFileSync(new URL('fixtures/reductions.json', import.meta.url), 'utf8'),
) as { entries: Reduced[] };

/** A net whose kernel is 1, of rows or of steps that are masked where they are 0. */
function net({ x }: Pick<Reduced, 'x'>, loss: losses.LossLike) {
  const shape = tensor(x).shape.slice(1);
  const model = new Sequential([
    layers.input({ shape }),
    ...(shape.length > 1 ? [layers.masking()] : []),
    layers.dense({ units: 1, useBias: false, kernelInitializer: 'ones' }),
  ]);
  model.compile({ optimizer: optimizers.sgd({ learningRate: 0.01 }), loss });
  return model;
}

describe('reductions', () => {
  it.each(
    reductions.map(
      (row) => [row.reduction, firstOf(row.x).length, JSON.stringify(row.weights), row] as const,
    ),
  )("%s of samples of %i with weights %s gives Keras's loss and step", async (reduction, _, __, row) => {
    const model = net(row, losses.meanSquaredError({ reduction }));
    const sampleWeight = row.weights ?? undefined;
    const before = await model.evaluate(row.x, row.y, { sampleWeight, verbose: 0 });
    const { loss } = await model.trainOnBatch(row.x, row.y, { sampleWeight });
    // Of up to six products and their sum, a dozen roundings of numbers up to 30 by 2⁻²⁴.
    const bound = 12 * 30 * 2 ** -24;
    for (const value of [before['loss'], loss])
      expect(Math.abs(value! - row.loss)).toBeLessThanOrEqual(bound);
    const { data } = firstOf(await model.getWeights());
    expect(Math.abs(firstOf(data as Float32Array) - row.kernel)).toBeLessThanOrEqual(bound);
  });

  it.each(['none', null] as const)('%s gives no number to train by', (reduction) => {
    expect(() => net({ x: [[1]] }, losses.meanSquaredError({ reduction }))).toThrow(
      "[compile] expected a loss that gives one number, with a reduction of meanSquaredError, received 'none'",
    );
  });

  it('and names are in the configuration, those of own classes too', () => {
    class Quartic extends losses.Loss {
      readonly className = 'Quartic';
      call(yTrue: Sym, yPred: Sym) {
        return ops.mean(ops.power(ops.subtract(yPred, yTrue), 4), { axis: -1 });
      }
    }
    expect(new Quartic({ reduction: 'sum' }).getConfig()).toEqual({ name: 'quartic', reduction: 'sum' });
    expect(losses.huber({ name: 'mine', reduction: null, dtype: 'float32' }).getConfig()).toEqual({
      name: 'mine',
      reduction: 'none',
      delta: 1,
    });
    expect(() => losses.hinge({ reduction: 'summ' as never })).toThrow("did you mean 'sum'");
    expect(() => losses.hinge({ dtype: 'float16' as never })).toThrow("[hinge] expected 'float32' as dtype");
  });

  it('of a class that is ignored leave it out, in metrics where there are weights', async () => {
    const model = new Sequential([
      layers.input({ shape: [1] }),
      layers.dense({ units: 4, kernelInitializer: 'zeros' }),
    ]);
    const options = { fromLogits: true, ignoreClass: -1 };
    model.compile({
      loss: losses.sparseCategoricalCrossentropy(options),
      metrics: [metrics.sparseCategoricalCrossentropy({ ...options, name: 'all' })],
      weightedMetrics: [metrics.sparseCategoricalCrossentropy({ ...options, name: 'weighted' })],
    });
    // Each of four classes is as likely: log 4 a sample. Keras 3.15 gives the same three numbers.
    const logs = await model.evaluate([[1], [2], [3]], [0, -1, 1], { sampleWeight: [1, 1, 1], verbose: 0 });
    expect(logs['loss']).toBeCloseTo(Math.log(4), 5);
    expect(logs['all']).toBeCloseTo((2 / 3) * Math.log(4), 5);
    expect(logs['weighted']).toBeCloseTo(Math.log(4), 5);
  });

  it.each([
    ['sumOverBatchSize', undefined, 0.5],
    ['sum', undefined, 0.5],
    ['sumOverBatchSize', [1, 3], 1],
    ['sum', [1, 3], 2],
    ['meanWithSampleWeight', [1, 3], 0.5],
  ] as const)('%s of one number for the batch with weights %s', async (reduction, sampleWeight, expected) => {
    const x = [[1], [2]];
    // 1 − 2 · 1 / (1 + 3); weights multiply it for each sample.
    const logs = await net({ x }, losses.dice({ reduction })).evaluate(x, [[1], [0]], {
      sampleWeight,
      verbose: 0,
    });
    expect(logs['loss']).toBeCloseTo(expected, 5);
  });
});
