// Regularizers, constraints, initializers, MeanMetricWrapper and random layers compared with Keras: fixtures/make_families.py.
import { describe, expect, it } from 'vitest';
import {
  type Sym,
  compile,
  constraints,
  grad,
  initializers,
  layers,
  metrics,
  ops,
  regularizers,
  tensor,
} from '../lib/index.js';
import { itemAt } from '../lib/base/list.js';
import { type Stored, readFixture, worst } from './fixtures/read.js';

/** What Keras's own draws are like. */
interface Draws {
  /** The shares of the numbers up to each cut. */
  cuts: number[];
  shares: number[];
  mean: number;
  variance: number;
  /** The fourth central moment. */
  fourth: number;
  least: number;
  most: number;
}
interface Rows {
  regularizer: { x: Stored; y: Stored; gradient: Stored };
  constraint: { x: Stored; y: Stored };
  initializer: { y?: Stored; draws?: Draws };
  drawn: { places: number[]; draws: Draws };
  layer: { weights: Stored[]; ids: Stored; embedded: Stored; vectors: Stored; logits: Stored };
  metric: { power: number; batches: { given: Stored[]; result: number }[] };
}
type Row = Record<string, unknown> & { options: Record<string, unknown> };
const { entries, shape } = readFixture('families') as { entries: Row[]; shape: number[] };

const rowsOf = <Kind extends keyof Rows>(kind: Kind) =>
  entries
    .filter((row) => kind in row)
    .map((row) => [`${String(row[kind])} ${JSON.stringify(row.options)}`, row as Row & Rows[Kind]] as const);
const made = <T>(space: object, name: unknown, options: object): T =>
  new (space as Record<string, new (options: object) => T>)[name as string]!(options);
const place = ({ data, shape, dtype }: Stored) => tensor(data, shape, dtype);

/** Sums of 12 numbers up to 3, and what is made of them: some twenty roundings of float32. */
const BOUND = 20 * 2 ** -24 * 3;
const expectNear = async (actual: { data(): Promise<ArrayLike<number>> }, { data }: Stored) => {
  expect(worst(Float32Array.from(await actual.data()), data, 1)).toBeLessThanOrEqual(BOUND);
};

/**
 * Numbers against other draws of as many. A mean of n numbers has the standard error √(variance / n), the difference of two of them
 * √2 times that; five of these are passed once in two million times. Shares and variances are means, too. Of numbers from one
 * distribution k of one draw are above the greatest of the other with the probability 2⁻ᵏ.
 */
function expectDrawn(numbers: readonly number[], draws: Draws): void {
  const n = numbers.length;
  const meanOf = (of: (x: number) => number) => numbers.reduce((sum, x) => sum + of(x), 0) / n;
  const within = (what: string, actual: number, wanted: number, variance: number) => {
    // And the rounding of both, where all numbers are the same.
    expect(Math.abs(actual - wanted), what).toBeLessThanOrEqual(5 * Math.sqrt((2 * variance) / n) + 2 ** -22);
  };
  const mean = meanOf((x) => x);
  within('mean', mean, draws.mean, draws.variance);
  within(
    'variance',
    meanOf((x) => (x - mean) ** 2),
    draws.variance,
    draws.fourth - draws.variance ** 2,
  );
  draws.cuts.forEach((cut, i) => {
    const share = itemAt(draws.shares, i);
    within(
      `share up to ${cut}`,
      meanOf((x) => Number(x <= cut)),
      share,
      share * (1 - share),
    );
  });
  const rounding = 2 ** -22 * Math.max(1, Math.abs(draws.least), Math.abs(draws.most));
  const outside = (of: (x: number) => boolean) => numbers.filter(of).length;
  expect(
    outside((x) => x < draws.least - rounding),
    'below the least',
  ).toBeLessThan(20);
  expect(
    outside((x) => x > draws.most + rounding),
    'above the most',
  ).toBeLessThan(20);
}

describe('regularizers', () => {
  it.each(rowsOf('regularizer'))('%s', async (_, { regularizer, options, x, ...expected }) => {
    const object = made<regularizers.Regularizer>(regularizers, regularizer, options);
    const run = compile((weight: Sym) => {
      const y = object.call(weight);
      return { y, gradient: grad(y, [weight])[0]! };
    });
    const { y, gradient } = await run(place(x));
    await expectNear(y, expected.y);
    await expectNear(gradient, expected.gradient);
  });
});

it.each(rowsOf('constraint'))('constraints: %s', async (_, { constraint, options, x, y }) => {
  const object = made<constraints.Constraint>(constraints, constraint, options);
  await expectNear(await compile((weight: Sym) => object.call(weight))(place(x)), y);
});

it.each(rowsOf('initializer'))('initializers: %s', async (_, { initializer, options, y, draws }) => {
  const seeded = draws ? { ...options, seed: 4 } : options;
  const object = made<initializers.Initializer>(initializers, initializer, seeded);
  const numbers = object.tensor(y?.shape ?? shape);
  if (y) await expectNear(numbers, y);
  else expectDrawn(Array.from(await numbers.data()), draws!);
});

it.each(rowsOf('drawn'))('layers in training: %s', async (_, { drawn, options, places, draws }) => {
  const layer = made<layers.Layer>(layers, drawn, { ...options, seed: 6 });
  const run = compile((x: Sym) => layer.apply(x, { training: true }));
  const [samples, channels] = [itemAt(shape, 0), itemAt(shape, 1)];
  const y = await run(tensor(new Float32Array(samples * channels).fill(1), [samples, ...places, channels]));
  expectDrawn(Array.from(await y.data()), draws);
});

it.each(rowsOf('layer'))('layers: %s', async (_, row) => {
  const layer = made<layers.ReversibleEmbedding>(layers, row.layer, row.options);
  const forward = compile((ids: Sym) => layer.apply(ids));
  layer.computeOutputShape([-1, 2]);
  layer.setWeights(row.weights.map(place));
  await expectNear(await forward(place(row.ids)), row.embedded);
  const backward = compile((x: Sym) => layer.apply(x, { reverse: true }));
  await expectNear(await backward(place(row.vectors)), row.logits);
});

it.each(rowsOf('metric'))('metrics: %s', async (_, { metric, power, batches }) => {
  const object = made<metrics.MeanMetricWrapper>(metrics, metric, {
    fn: (yTrue: Sym, yPred: Sym) => ops.power(ops.abs(ops.subtract(yTrue, yPred)), power),
  });
  for (const { given, result } of batches) {
    const [yTrue, yPred, weights] = given.map(place);
    await object.updateState(yTrue!, yPred!, weights);
    expect(Math.abs((await object.result().item()) - result)).toBeLessThanOrEqual(BOUND);
  }
});
