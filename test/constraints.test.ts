import { atLeast, firstOf, itemAt } from '../lib/base/list.js';
import { describe, expect, it } from 'vitest';
import {
  Sequential,
  type Sym,
  compile,
  constraints,
  initializers,
  layers,
  ops,
  optimizers,
  variable,
} from 'nodegrad';
import { errorOf, numbersOf } from './support/run.js';

const W = [
  [3, 0.3, 0],
  [-4, 0.4, 0],
];

describe('constraints', () => {
  it.each([
    ['maxNorm', constraints.maxNorm(), [1.2, 0.3, 0, -1.6, 0.4, 0]],
    [
      'maxNorm along rows',
      constraints.maxNorm({ maxValue: 1, axis: 1 }),
      [0.99504, 0.0995, 0, -0.99504, 0.0995, 0],
    ],
    ['nonNeg', constraints.nonNeg(), [3, 0.3, 0, 0, 0.4, 0]],
    ['unitNorm', constraints.unitNorm(), [0.6, 0.6, 0, -0.8, 0.8, 0]],
    ['minMaxNorm', constraints.minMaxNorm({ minValue: 1, maxValue: 2.5 }), [1.5, 0.6, 0, -2, 0.8, 0]],
    ['minMaxNorm half way', constraints.minMaxNorm({ maxValue: 2.5, rate: 0.5 }), [2.25, 0.3, 0, -3, 0.4, 0]],
    ['unitNorm of all', constraints.unitNorm({ axis: [0, 1] }), [0.59702, 0.0597, 0, -0.79603, 0.0796, 0]],
  ])('%s', async (_, constraint, expected) => {
    const numbers = await numbersOf((w) => constraint.call(w), W);
    numbers.forEach((n, i) => {
      expect(n).toBeCloseTo(itemAt(expected, i), 4);
    });
    const layer = layers.dense({ units: 1, kernelConstraint: constraint });
    expect(layers.dense(layer.getConfig() as never).getConfig()).toEqual(layer.getConfig());
  });

  it.each([
    ['MaxNorm', 'max_norm'],
    ['NonNeg', 'NonNeg'],
    ['UnitNorm', 'unitNorm'],
    ['MinMaxNorm', 'MinMaxNorm'],
  ] as const)('are found by name: %s', (className, name) => {
    const layer = layers.dense({ units: 1, biasConstraint: name });
    layer.computeOutputShape([-1, 2]);
    expect(itemAt(layer.weights, 1).constraint).toMatchObject({ className });
    expect(firstOf(layer.weights).constraint).toBeUndefined();
  });

  it.each([
    [
      'an unknown name',
      () => layers.dense({ units: 1, kernelConstraint: 'maxnrm' as never }).computeOutputShape([-1, 1]),
      /did you mean 'maxNorm'/,
    ],
    [
      'another thing',
      () => layers.dense({ units: 1, kernelConstraint: 1 as never }).computeOutputShape([-1, 1]),
      /constraint.*received 1/,
    ],
    ['a negative norm', () => constraints.maxNorm({ maxValue: -1 }), /\[maxNorm\].*maxValue.*-1/],
    [
      'bounds that are none',
      () => constraints.minMaxNorm({ minValue: 2 }),
      /\[minMaxNorm\] expected minValue up to 1, received 2/,
    ],
    ['a rate above 1', () => constraints.minMaxNorm({ rate: 2 }), /\[minMaxNorm\] expected rate from 0 to 1/],
  ])('refuse %s', (_, body, message) => {
    const error = errorOf(body);
    expect(error.code).toBe('ARGUMENT');
    expect(error.message).toMatch(message);
  });
});

describe('training', () => {
  const x = Array.from({ length: 24 }, (_, i) => [Math.sin(i), Math.cos(2 * i), Math.sin(3 * i)]);
  const y = x.map(([a, b, c]) => [9 * a! - 8 * b! + 7 * c!, -5 * a!, b! - c!, 3]);

  it.each(['sgd', 'adam', 'rmsprop', 'adadelta'])(
    '%s keeps weights within their constraints',
    async (name) => {
      const model = new Sequential([
        layers.input({ shape: [3] }),
        layers.dense({
          units: 4,
          kernelInitializer: initializers.glorotUniform({ seed: 1 }), // adadelta does not reach the bound from all starts
          kernelConstraint: constraints.maxNorm({ maxValue: 0.3 }),
          biasConstraint: 'nonNeg',
        }),
      ]);
      const optimizer = {
        sgd: optimizers.sgd,
        adam: optimizers.adam,
        rmsprop: optimizers.rmsprop,
        adadelta: optimizers.adadelta,
      }[name]!;
      model.compile({ optimizer: optimizer({ learningRate: 0.5 }), loss: 'meanSquaredError' });
      for (let epoch = 0; epoch < 3; epoch++) {
        await model.fit(x, y, { epochs: 5, batchSize: 8, verbose: 0, seed: epoch });
        const [kernel, bias] = atLeast(await model.getWeights(), 2);
        const norms = [0, 1, 2, 3].map((unit) =>
          Math.hypot(...[0, 1, 2].map((i) => kernel.data[4 * i + unit]!)),
        );
        for (const norm of norms) expect(norm).toBeLessThan(0.3 + 1e-6);
        for (const b of bias.data) expect(b).toBeGreaterThanOrEqual(0);
      }
      // A target far off pulls against the bound.
      const [kernel] = atLeast(await model.getWeights(), 1);
      const norms = [0, 1, 2, 3].map((unit) => Math.hypot(...[0, 4, 8].map((i) => kernel.data[i + unit]!)));
      expect(Math.max(...norms)).toBeGreaterThan(0.29);
    },
  );

  it('takes the step, then the constraint', async () => {
    const w = variable([[3], [4]]);
    w.constraint = constraints.unitNorm();
    const sgd = optimizers.sgd({ learningRate: 1 });
    const step = compile((v: Sym) => {
      const loss = ops.sum(ops.matmul(v, w));
      return { loss, ...sgd.minimize(loss, [w]) };
    });
    await step([[0, 8]]);
    const [a, b] = await w.data();
    expect(a).toBeCloseTo(0.6, 6);
    expect(b).toBeCloseTo(-0.8, 6);
  });

  it('leaves frozen weights alone, constraint or not', async () => {
    const model = new Sequential([
      layers.input({ shape: [3] }),
      layers.dense({ units: 4, kernelConstraint: 'unitNorm', trainable: false }),
      layers.dense({ units: 4 }),
    ]);
    model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
    const before = firstOf(await model.getWeights()).data;
    await model.trainOnBatch(x, y);
    expect(firstOf(await model.getWeights()).data).toEqual(before);
  });
});
