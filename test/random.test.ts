/** `random`: the distributions, by moments with bounds of six standard errors (two in 10⁹ of other seeds would fail); seeds; errors. */
import { atLeast, firstOf } from '../lib/base/list.js';
import { describe, expect, it, test } from 'vitest';
import { Model, type Sym, type Tensor, compile, layers, ops, random, setSeed, tensor } from 'nodegrad';
import { errorOf } from './support/run.js';

const flat = (x: unknown) => Array.from((x as Tensor).dataSync());
const mean = (of: readonly number[]) => of.reduce((a, b) => a + b, 0) / of.length;
const variance = (of: readonly number[]) => mean(of.map((n) => (n - mean(of)) ** 2));
const N = 10_000;

/** The mean of N numbers has the standard error σ/√N, their variance about √((kurtosis − 1)/N)·σ². */
function expectMoments(of: readonly number[], wanted: { mean: number; variance: number; kurtosis: number }) {
  const error = 6 / Math.sqrt(of.length);
  expect(Math.abs(mean(of) - wanted.mean)).toBeLessThan(error * Math.sqrt(wanted.variance));
  expect(Math.abs(variance(of) - wanted.variance)).toBeLessThan(
    error * Math.sqrt(wanted.kurtosis - 1) * wanted.variance,
  );
}

describe('distributions', () => {
  test('normal', () => {
    const drawn = random.normal([N], { mean: 5, stddev: 2, seed: 1 });
    expect(drawn.dtype).toBe('float32');
    expectMoments(flat(drawn), { mean: 5, variance: 4, kurtosis: 3 });
    expectMoments(flat(random.normal([N], { seed: 2 })), { mean: 0, variance: 1, kurtosis: 3 });
  });

  test('uniform', () => {
    const drawn = flat(random.uniform([100, 100], { minval: -1, maxval: 3, seed: 1 }));
    expect(drawn.every((n) => n >= -1 && n < 3)).toBe(true);
    expectMoments(drawn, { mean: 1, variance: 16 / 12, kurtosis: 1.8 });
  });

  test('truncatedNormal', () => {
    const drawn = flat(random.truncatedNormal([N], { mean: 1, stddev: 3, seed: 1 }));
    expect(drawn.every((n) => Math.abs(n - 1) <= 6)).toBe(true);
    // Of a standard normal cut at ±2: 1 − 4φ(2)/(2Φ(2) − 1); its kurtosis is less than 3.
    expectMoments(drawn, { mean: 1, variance: 9 * 0.7737, kurtosis: 3 });
  });

  test('randint: each whole number as often', () => {
    const drawn = random.randint([N], -2, 3, { seed: 1 });
    expect(drawn.dtype).toBe('int32');
    const p = 1 / 5;
    for (const n of [-2, -1, 0, 1, 2]) {
      const share = flat(drawn).filter((one) => one === n).length / N;
      expect(Math.abs(share - p)).toBeLessThan(6 * Math.sqrt((p * (1 - p)) / N));
    }
    expect(new Set(flat(drawn)).size).toBe(5);
    expect(random.randint([2], 0, 256, { dtype: 'uint8' }).dtype).toBe('uint8');
    expect(flat(random.randint([3], 2 ** 31 - 1, 2 ** 31))).toEqual(Array(3).fill(2 ** 31 - 1));
    const wide = flat(random.randint([N], 2 ** 30, 2 ** 30 + 2 ** 24, { seed: 1 }));
    expect(wide.every((n) => n >= 2 ** 30 && n < 2 ** 30 + 2 ** 24)).toBe(true);
    // 10⁴ of 2²⁴ numbers: about N²/2²⁵ = 3 pairs are equal, so hardly 30.
    expect(new Set(wide).size).toBeGreaterThan(N - 30);
  });

  test('gamma, beta and binomial, with parameters of their own', () => {
    expectMoments(flat(random.gamma([N], 2.5, { seed: 1 })), {
      mean: 2.5,
      variance: 2.5,
      kurtosis: 3 + 6 / 2.5,
    });
    expectMoments(flat(random.beta([N], 2, 3, { seed: 1 })), { mean: 0.4, variance: 0.04, kurtosis: 3 });
    const tosses = random.binomial([N], 12, 0.25, { seed: 1 });
    expect(flat(tosses).every((n) => Number.isInteger(n) && n >= 0 && n <= 12)).toBe(true);
    expectMoments(flat(tosses), { mean: 3, variance: 2.25, kurtosis: 3 });
    expect([tosses.dtype, tosses.shape]).toEqual(['float32', [N]]);
    // The columns have means 1 and 100.
    const columns = flat(random.gamma([N, 2], [1, 100], { seed: 3 }));
    expectMoments(
      columns.filter((_, i) => i % 2 === 1),
      { mean: 100, variance: 100, kurtosis: 3.06 },
    );
    expect(flat(random.binomial([2], [0, 9], [0.5, 1]))).toEqual([0, 9]);
    expect(flat(random.binomial([1], [9], [1.5]))).toEqual([NaN]);
  });

  test('gamma, beta and binomial repeat with a seed, and go on with a generator, also in steps', async () => {
    for (const draw of [
      (seed: number | random.SeedGenerator) => random.gamma([4], 0.5, { seed }),
      (seed: number | random.SeedGenerator) => random.beta([4], 2, 1, { seed }),
      (seed: number | random.SeedGenerator) => random.binomial([4], 1e6, 0.5, { seed }),
    ]) {
      expect(flat(draw(5))).toEqual(flat(draw(5)));
      expect(flat(draw(5))).not.toEqual(flat(draw(6)));
      const seed = random.seedGenerator({ seed: 5 });
      expect(flat(draw(seed))).not.toEqual(flat(draw(seed)));
      const step = compile(() => draw(seed));
      expect(flat(await step())).not.toEqual(flat(await step()));
    }
  });

  test('gamma without a seed is another each time, also twice in one step', async () => {
    const [a, b] = await compile(() => [random.gamma([4], 1), random.gamma([4], 1)])();
    expect(flat(a)).not.toEqual(flat(b));
    expect(flat(random.gamma([4], 1))).not.toEqual(flat(random.gamma([4], 1)));
    setSeed(3);
    const first = flat(random.gamma([4], 1));
    setSeed(3);
    expect(flat(random.gamma([4], 1))).toEqual(first);
  });

  test('gamma, beta and binomial refuse parameters out of range', () => {
    for (const [call, message] of [
      [() => random.gamma([1], 0), '[random.gamma] expected a positive number for alpha, received 0'],
      [() => random.beta([1], 1, NaN), '[random.beta] expected a positive number for beta, received NaN'],
      [() => random.binomial([1], -1, 0.5), '[random.binomial] expected a number of 0 or more for counts'],
      [() => random.binomial([1], 1, 2), '[random.binomial] expected a number from 0 to 1 for probabilities'],
      [() => random.gamma([2], [1, 2, 3]), 'expected'],
      [() => random.gamma([2], 1, { dtype: 'int32' as never }), "[random.gamma] expected 'float32' as dtype"],
    ] as const)
      expect(errorOf(call).message).toContain(message);
  });

  test('categorical: as often as the logits say', () => {
    const shares = [
      [0.5, 0.25, 0.25],
      [0, 0.1, 0.9],
    ];
    const drawn = random.categorical(
      shares.map((row) => row.map((p) => Math.log(p) + 3)),
      N,
      { seed: 1 },
    );
    expect([drawn.shape, drawn.dtype]).toEqual([[2, N], 'int32']);
    const classes = flat(drawn);
    shares.forEach((row, at) =>
      row.forEach((p, n) => {
        const share = classes.slice(at * N, (at + 1) * N).filter((one) => one === n).length / N;
        expect(Math.abs(share - p)).toBeLessThanOrEqual(6 * Math.sqrt((p * (1 - p)) / N));
      }),
    );
    expect(random.categorical([[0, 1]], 2, { dtype: 'float32' }).dtype).toBe('float32');
  });

  test('dropout keeps the mean; noiseShape drops places together', () => {
    const dropped = flat(random.dropout(ops.ones([N]), 0.25, { seed: 1 }));
    const kept = dropped.filter((n) => n !== 0);
    expect(kept.every((n) => Math.abs(n - 4 / 3) < 2 ** -22)).toBe(true);
    expect(Math.abs(kept.length / N - 0.75)).toBeLessThan(6 * Math.sqrt((0.75 * 0.25) / N));
    const rows = random.dropout(ops.ones([64, 3]), 0.5, { noiseShape: [null, 1], seed: 1 }).arraySync();
    for (const [a, b, c] of rows as unknown as number[][]) expect([b, c]).toEqual([a, a]);
    expect(new Set(rows.map((row) => row[0]))).toEqual(new Set([0, 2]));
    expect(flat(random.dropout([1, 2], 1))).toEqual([0, 0]);
    expect(flat(random.dropout([1, 2], 0))).toEqual([1, 2]);
  });
});

describe('shuffle', () => {
  it.each([0, 1, 2, 3, 5, 8, 100, 1000])('gives each of %i once', (size) => {
    const places = Array.from({ length: size }, (_, i) => i);
    const drawn = flat(random.shuffle(tensor(Int32Array.from(places), [size]), { seed: 1 }));
    expect(drawn.toSorted((a, b) => a - b)).toEqual(places);
    // One of 100! orders.
    if (size >= 100) expect(drawn).not.toEqual(places);
  });

  it('moves what there is along an axis', () => {
    const x = tensor(
      Int32Array.from({ length: 24 }, (_, i) => i),
      [2, 4, 3],
    );
    for (const axis of [1, -2]) {
      const y = random.shuffle(x, { axis, seed: 3 });
      expect([y.shape, y.dtype]).toEqual([[2, 4, 3], 'int32']);
      const [first, second] = atLeast(y.arraySync() as unknown as number[][][], 2);
      expect(first.toSorted((a, b) => firstOf(a) - firstOf(b))).toEqual(
        (x.arraySync() as unknown as number[][][])[0],
      );
      expect(second).toEqual(first.map((row) => row.map((n) => n + 12)));
    }
  });

  it('leaves nothing as it is', () => {
    expect(random.shuffle(tensor([], [2 ** 30, 0])).shape).toEqual([2 ** 30, 0]);
  });

  it('has each order as often', () => {
    const seed = random.seedGenerator({ seed: 1 });
    const draws = 3000;
    const seen = new Map<string, number>();
    for (let i = 0; i < draws; i++) {
      const order = flat(random.shuffle([0, 1, 2], { seed })).join('');
      seen.set(order, (seen.get(order) ?? 0) + 1);
    }
    expect(seen.size).toBe(6);
    const p = 1 / 6;
    for (const count of seen.values())
      expect(Math.abs(count / draws - p)).toBeLessThan(6 * Math.sqrt((p * (1 - p)) / draws));
  });
});

const draws: [string, (seed?: number | random.SeedGenerator) => Tensor][] = [
  ['normal', (seed) => random.normal([32], { seed })],
  ['uniform', (seed) => random.uniform([32], { seed })],
  ['truncatedNormal', (seed) => random.truncatedNormal([32], { seed })],
  ['randint', (seed) => random.randint([32], 0, 1000, { seed })],
  ['categorical', (seed) => random.categorical([[0, 0, 0, 0]], 64, { seed })],
  ['dropout', (seed) => random.dropout(ops.ones([64]), 0.5, { seed })],
  ['shuffle', (seed) => random.shuffle(ops.arange(32), { seed })],
];

// That two draws without a seed in common are equal has a chance of at most 2⁻⁶⁴.
describe.each(draws)('%s', (_, draw) => {
  it('is the same for the same seed, another without', () => {
    expect(flat(draw(7))).toEqual(flat(draw(7)));
    expect(flat(draw(7))).not.toEqual(flat(draw(8)));
    expect(flat(draw())).not.toEqual(flat(draw()));
    setSeed(5);
    const first = flat(draw());
    setSeed(5);
    expect(flat(draw())).toEqual(first);
  });

  it('goes on with a generator', () => {
    const [a, b] = [random.seedGenerator({ seed: 7 }), new random.SeedGenerator({ seed: 7 })];
    const [first, second] = [flat(draw(a)), flat(draw(a))];
    expect(first).not.toEqual(second);
    expect([flat(draw(b)), flat(draw(b))]).toEqual([first, second]);
    expect(flat(draw(7))).toEqual(first);
  });

  it('does so inside compile', async () => {
    const seed = random.seedGenerator({ seed: 7 });
    const zero = ops.zeros([1]);
    const run = compile((x: Sym) => [ops.add(x, draw(seed)), ops.add(x, draw(seed)), ops.add(x, draw(7))]);
    const [a, b, fixed] = (await run(zero)).map(flat);
    const [c, d, again] = (await run(zero)).map(flat);
    const other = random.seedGenerator({ seed: 7 });
    expect([a, b, c, d]).toEqual([1, 2, 3, 4].map(() => flat(draw(other))));
    expect([fixed, again]).toEqual([a, a]);
    expect(a).not.toEqual(b);
  });
});

it('unseeded draws inside compile are other ones in each step', async () => {
  const run = compile((x: Sym) => [ops.add(x, random.normal([8])), ops.add(x, random.normal([8]))]);
  const [a, b] = (await run(ops.zeros([1]))).map(flat);
  const [c] = (await run(ops.zeros([1]))).map(flat);
  expect(a).not.toEqual(b);
  expect(a).not.toEqual(c);
});

it('takes outputs of layers, as nodes that a configuration keeps', async () => {
  const x = layers.input({ shape: [4] });
  const outputs = [
    random.dropout(x, 0.5, { seed: 1, noiseShape: [null, 1] }),
    random.categorical(x, 3, { seed: 1 }),
    random.shuffle(x, { axis: 1, seed: 1 }),
  ];
  const model = new Model({ inputs: x, outputs });
  const config = JSON.parse(JSON.stringify(model.getConfig())) as Record<string, unknown>;
  const copy = Model.fromConfig(config) as unknown as Model;
  const data = ops.reshape(ops.arange(0, 8, 1, 'float32'), [2, 4]);
  const wanted = [
    random.dropout(data, 0.5, { seed: 1, noiseShape: [null, 1] }),
    random.categorical(data, 3, { seed: 1 }),
    random.shuffle(data, { axis: 1, seed: 1 }),
  ].map(flat);
  for (const one of [model, copy])
    expect(((await one.predict(data)) as unknown as Tensor[]).map(flat)).toEqual(wanted);
});

it('a generator has a configuration', () => {
  const made = random.seedGenerator({ seed: 3, name: 'own' });
  flat(random.normal([2], { seed: made }));
  expect(made.getConfig()).toEqual({ seed: 3, name: 'own' });
  expect(Array.from(made.state.dataSync())).toEqual([3, 1]);
  expect(Array.from(random.SeedGenerator.fromConfig(made.getConfig()).state.dataSync())).toEqual([3, 0]);
  expect(random.seedGenerator().getConfig()).toEqual({ seed: null, name: 'seed_generator' });
});

it.each<[string, () => unknown, string, string]>([
  ['a shape of fractions', () => random.normal([1.5]), 'SHAPE', '[random.normal]'],
  ['a negative deviation', () => random.normal([2], { stddev: -1 }), 'ATTRIBUTE', 'stddev'],
  ['a mean that is none', () => random.truncatedNormal([2], { mean: NaN }), 'ARGUMENT', 'mean'],
  ['another dtype', () => random.uniform([2], { dtype: 'int32' as never }), 'ARGUMENT', "'float32' as dtype"],
  ['an unknown option', () => random.uniform([2], { min: 1 } as never), 'ARGUMENT', "received 'min'"],
  ['a seed of half', () => random.normal([2], { seed: 0.5 }), 'ARGUMENT', 'an integer or a SeedGenerator'],
  ['floats of randint', () => random.randint([2], 0, 2, { dtype: 'float32' as never }), 'ARGUMENT', 'dtype'],
  ['no range', () => random.randint([2], 3, 3), 'ARGUMENT', 'from 4 to'],
  ['a wide range', () => random.randint([2], 0, 2 ** 24 + 1), 'ARGUMENT', 'maxval'],
  ['more than uint8', () => random.randint([2], 0, 257, { dtype: 'uint8' }), 'ARGUMENT', 'from 1 to 256'],
  ['logits of a vector', () => random.categorical([1, 2], 2), 'SHAPE', '[random.categorical]'],
  ['no samples', () => random.categorical([[1, 2]], 0), 'ARGUMENT', 'numSamples'],
  ['a rate of 2', () => random.dropout([1], 2), 'ARGUMENT', 'rate from 0 to 1'],
  ['a noise shape', () => random.dropout([1, 2], 0.5, { noiseShape: [3] }), 'SHAPE', 'noiseShape [3]'],
  ['no such axis', () => random.shuffle([1, 2], { axis: 1 }), 'ATTRIBUTE', '[random.shuffle]'],
  ['a scalar', () => random.shuffle(1), 'ATTRIBUTE', '[random.shuffle]'],
  ['an unknown batch', () => random.shuffle(layers.input({ shape: [2] })), 'SHAPE', '[random.shuffle]'],
  ['a seed as text', () => random.seedGenerator({ seed: 'x' as never }), 'ARGUMENT', '[seedGenerator]'],
])('refuses %s', (_, call, code, message) => {
  expect(errorOf(call)).toMatchObject({ code, message: expect.stringContaining(message) });
});
