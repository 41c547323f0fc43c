import { atLeast, itemAt } from '../lib/base/list.js';
import { describe, expect, it } from 'vitest';
import * as initializers from '../lib/initializers/index.js';
import { initializerConfig, initializerOf } from '../lib/initializers/registry.js';
import { setSeed, withSeed } from '../lib/core/seed.js';
import type { TypedArray } from '../lib/engine/engine.js';
import { errorOf } from './support/run.js';

const moments = (numbers: TypedArray) => {
  let [sum, squares, most] = [0, 0, 0];
  for (const n of numbers) {
    sum += n;
    squares += n * n;
    most = Math.max(most, Math.abs(n));
  }
  const mean = sum / numbers.length;
  return { mean, stddev: Math.sqrt(squares / numbers.length - mean * mean), most };
};

/** A convolution kernel: fanIn 3 · 3 · 8 = 72, fanOut 3 · 3 · 64 = 576. */
const KERNEL = [3, 3, 8, 64];
const uniform = (variance: number) => Math.sqrt(3 * variance);
const truncated = (variance: number) => (2 * Math.sqrt(variance)) / 0.87962566103423978;

describe('initializers', () => {
  it.each([
    ['glorotUniform', 2 / 648, uniform],
    ['glorotNormal', 2 / 648, truncated],
    ['heUniform', 2 / 72, uniform],
    ['heNormal', 2 / 72, truncated],
    ['lecunUniform', 1 / 72, uniform],
    ['lecunNormal', 1 / 72, truncated],
  ] as const)('%s has the variance and the bounds of its fans', (name, variance, bound) => {
    const { mean, stddev, most } = moments(initializers[name]({ seed: 1 }).tensor(KERNEL).dataSync());
    // 4,608 draws: the mean is off by stddev / 68, the standard deviation by about 1 %.
    expect(Math.abs(mean)).toBeLessThan((4 * Math.sqrt(variance)) / 68);
    expect(stddev / Math.sqrt(variance)).toBeCloseTo(1, 1);
    expect(most).toBeLessThanOrEqual(bound(variance) * (1 + 1e-6));
    expect(most).toBeGreaterThan(0.95 * bound(variance));
  });

  it.each(['truncatedNormal', 'normal'] as const)(
    'varianceScaling, %s: cut at two standard deviations of the normal distribution before the cut',
    (distribution) => {
      const scaling = initializers.varianceScaling({ scale: 2, distribution, seed: 1 });
      const { stddev, most } = moments(scaling.tensor(KERNEL).dataSync());
      expect(stddev / Math.sqrt(2 / 72)).toBeCloseTo(1, 1); // as above
      expect(most).toBeLessThanOrEqual(truncated(2 / 72) * (1 + 1e-6));
      expect(most).toBeGreaterThan(0.95 * truncated(2 / 72));
      expect(scaling.getConfig()).toMatchObject({ distribution: 'truncatedNormal' });
    },
  );

  it.each([
    [
      { mode: 'fanin' },
      /\[varianceScaling\] expected 'fanIn'.* as mode, received 'fanin'; did you mean 'fanIn'/,
    ],
    [{ mode: 'fan_out' }, /as mode, received 'fan_out'; did you mean 'fanOut'/],
    [{ distribution: 'gauss' }, /as distribution, received 'gauss'/],
    [{ scale: 0 }, /positive number for scale, received 0/],
    [{ scale: Infinity }, /positive number for scale, received Infinity/],
  ])('varianceScaling(%j)', (options, message) => {
    const make = () => initializers.varianceScaling(options as never);
    expect(errorOf(make)).toMatchObject({
      code: 'ARGUMENT',
      message: expect.stringMatching(message) as string,
    });
  });

  it.each([
    ['normal', 'RandomNormal'],
    ['uniform', 'RandomUniform'],
    ['zero', 'Zeros'],
    ['One', 'Ones'],
    ['OrthogonalInitializer', 'Orthogonal'],
    ['he_normal', 'HeNormal'],
  ] as const)("Keras's name %s stands for %s", (name, className) => {
    expect(initializerOf(name).className).toBe(className);
  });

  it('a dense kernel [in, out] has fans in and out, a vector its length for both', () => {
    const dense = moments(initializers.lecunNormal({ seed: 1 }).tensor([100, 400]).dataSync());
    expect(dense.stddev).toBeCloseTo(0.1, 2);
    const vector = moments(initializers.glorotUniform({ seed: 1 }).tensor([10000]).dataSync());
    expect(vector.stddev).toBeCloseTo(0.01, 3);
  });

  it('zeros, ones and constants', () => {
    expect(initializers.zeros().tensor([2, 2]).dataSync()).toEqual(new Float32Array(4));
    expect(initializers.ones().tensor([3]).dataSync()).toEqual(new Float32Array([1, 1, 1]));
    expect(initializers.constant({ value: -2.5 }).tensor([2]).dataSync()).toEqual(
      new Float32Array([-2.5, -2.5]),
    );
  });

  it('normal and uniform numbers have their parameters', () => {
    const normal = moments(
      initializers.randomNormal({ mean: 3, stddev: 0.5, seed: 2 }).tensor([10000]).dataSync(),
    );
    expect(normal.mean).toBeCloseTo(3, 1);
    expect(normal.stddev).toBeCloseTo(0.5, 1);
    expect(normal.most).toBeGreaterThan(4.1);
    const cut = moments(initializers.truncatedNormal({ stddev: 0.5, seed: 2 }).tensor([10000]).dataSync());
    expect(cut.most).toBeLessThanOrEqual(1);
    const even = initializers.randomUniform({ minval: 2, maxval: 4, seed: 2 }).tensor([10000]).dataSync();
    expect(Math.min(...even)).toBeGreaterThanOrEqual(2);
    expect(Math.max(...even)).toBeLessThan(4);
    expect(moments(even).mean).toBeCloseTo(3, 1);
  });

  it.each([
    [[6, 4], 4],
    [[4, 6], 4],
    [[3, 3, 2, 5], 5],
  ])('orthogonal %j: the %i shorter vectors are perpendicular and of length gain', (shape, count) => {
    const numbers = initializers.orthogonal({ gain: 2, seed: 3 }).tensor(shape).dataSync();
    const columns = shape.at(-1)!;
    const rows = numbers.length / columns;
    const vector = (i: number) =>
      Array.from({ length: Math.max(rows, columns) }, (_, k) =>
        rows < columns ? numbers[i * columns + k]! : numbers[k * columns + i]!,
      );
    for (let i = 0; i < count; i++)
      for (let j = 0; j <= i; j++) {
        const product = vector(i).reduce((sum, n, k) => sum + n * itemAt(vector(j), k), 0);
        expect(product).toBeCloseTo(i === j ? 4 : 0, 5);
      }
  });

  it('orthogonal draws on the thread of the engine: the recurrent kernel of 1,024 LSTM units', async () => {
    initializers.orthogonal().tensor([2, 2]).dataSync(); // the engine is loaded
    const start = performance.now();
    const kernel = initializers.orthogonal({ seed: 1 }).tensor([1024, 4096]);
    const queued = performance.now() - start;
    const numbers = await kernel.data();
    const whole = performance.now() - start;
    expect(queued).toBeLessThan(whole / 2);
    const dot = (i: number, j: number) => {
      let sum = 0;
      for (let k = 0; k < 4096; k++) sum += numbers[i * 4096 + k]! * numbers[j * 4096 + k]!;
      return sum;
    };
    // Two reflections a row in float32, √2048 roundings of 2⁻²⁴, and four standard deviations.
    const pairs = [0, 0, 1023, 1023, 5, 900, 0, 1023, 511, 512];
    for (let p = 0; p < pairs.length; p += 2) {
      const [i, j] = atLeast(pairs.slice(p), 2);
      expect(Math.abs(dot(i, j) - Number(i === j))).toBeLessThan(4 * Math.sqrt(2048) * 2 ** -24);
    }
  });

  it('orthogonal needs a matrix', () => {
    expect(errorOf(() => initializers.orthogonal().tensor([5]))).toMatchObject({ code: 'SHAPE' });
  });
});

describe('seeds', () => {
  const draw = (seed?: number) => [...initializers.heNormal({ seed }).tensor([8]).dataSync()];

  it('the same seed gives the same numbers, another one others', () => {
    expect(draw(5)).toEqual(draw(5));
    expect(draw(5)).not.toEqual(draw(6));
    const plain = initializers.heNormal();
    expect([...plain.tensor([8], { seed: 5 }).dataSync()]).toEqual(draw(5));
  });

  it('without a seed each draw differs, and setSeed makes the series repeat', () => {
    expect(draw()).not.toEqual(draw());
    setSeed(11);
    const first = [draw(), draw()];
    setSeed(11);
    const second = [draw(), draw()];
    expect(second).toEqual(first);
    expect(first[0]).not.toEqual(first[1]);
  });

  it('a seed for a body leaves the series outside alone', () => {
    setSeed(11);
    const undisturbed = draw();
    setSeed(11);
    const inside = withSeed(3, () => draw());
    expect(draw()).toEqual(undisturbed);
    expect(withSeed(3, () => draw())).toEqual(inside);
  });

  it('refuses what is no integer', () => {
    expect(errorOf(() => setSeed(0.5)).message).toMatch(/integer as seed, received 0\.5/);
    expect(errorOf(() => initializers.heNormal({ seed: Number.NaN }))).toMatchObject({ code: 'ARGUMENT' });
  });
});

describe('names and configurations', () => {
  it.each([
    initializers.zeros(),
    initializers.constant({ value: 3 }),
    initializers.randomNormal({ mean: 1, stddev: 2, seed: 4 }),
    initializers.randomUniform({ minval: -1, maxval: 2, seed: 4 }),
    initializers.truncatedNormal({ stddev: 2, seed: 4 }),
    initializers.varianceScaling({ scale: 3, mode: 'fanOut', distribution: 'untruncatedNormal', seed: 4 }),
    initializers.glorotUniform({ seed: 4 }),
    initializers.lecunNormal({ seed: 4 }),
    initializers.orthogonal({ gain: 2, seed: 4 }),
  ])('$className: the configuration makes an equal one', (initializer) => {
    const config = JSON.parse(JSON.stringify(initializerConfig(initializer))) as ReturnType<
      typeof initializerConfig
    >;
    const again = initializerOf(config);
    expect(again).toEqual(initializer);
    expect(again.tensor([3, 4]).dataSync()).toEqual(initializer.tensor([3, 4]).dataSync());
  });

  it.each(['glorot_uniform', 'GlorotUniform', 'glorotUniform'] as const)('%s is known', (name) => {
    expect(initializerOf(name).className).toBe('GlorotUniform');
  });

  it('an unknown name tells the nearest', () => {
    const error = errorOf(() => initializerOf('glorotUnifrom' as never));
    expect(error.code).toBe('ARGUMENT');
    expect(error.message).toMatch(/did you mean 'glorotUniform'/);
  });

  it('refuses parameters that make no sense', () => {
    expect(errorOf(() => initializers.randomNormal({ stddev: Number.NaN })).message).toMatch(/stddev/);
    expect(errorOf(() => initializers.varianceScaling({ scale: 0 })).message).toMatch(/scale/);
  });
});

describe('identity', () => {
  it('has its gain on the diagonal, also of a matrix that is not square', async () => {
    const y = initializers.identity({ gain: 3 }).tensor([2, 3]);
    expect(Array.from(await y.data())).toEqual([3, 0, 0, 0, 3, 0]);
    expect(errorOf(() => initializers.identity().tensor([2])).code).toBe('SHAPE');
  });
});

describe('axes of inputs and outputs', () => {
  it('say what the fans are', async () => {
    // fanIn 4 · 5 and fanOut 300; without the axes they were 300 · 4 and 300 · 5.
    const axes = { inputAxes: [1, -1], outputAxes: [0] };
    const { most } = moments(
      await initializers
        .glorotUniform({ ...axes, seed: 1 })
        .tensor([300, 4, 5])
        .data(),
    );
    const limit = Math.sqrt(6 / (20 + 300));
    expect(most).toBeLessThanOrEqual(limit);
    // The greatest of 6000 uniform numbers is within 1 % of the bound, but for one of 10²⁶ seeds.
    expect(most).toBeGreaterThan(0.99 * limit);
  });

  it('come in pairs, and are axes of the weight', () => {
    expect(errorOf(() => initializers.heNormal({ inputAxes: [0] }))).toMatchObject({ code: 'ARGUMENT' });
    const far = initializers.heNormal({ inputAxes: [2], outputAxes: [0] });
    expect(errorOf(() => far.tensor([2, 2])).code).toBe('SHAPE');
  });
});
