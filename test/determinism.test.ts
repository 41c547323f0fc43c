import { atLeast, itemAt } from '../lib/base/list.js';
import { availableParallelism } from 'node:os';
import {
  NDArray,
  Sequential,
  type Sym,
  compile,
  getEngineInfo,
  layers,
  ops,
  optimizers,
  setSeed,
  tensor,
  variable,
} from 'nodegrad';
import { describe, expect, it } from 'vitest';

const SAMPLES = 400;
const pictures = new NDArray(
  new Float32Array(SAMPLES * 144).map((_, i) => Math.sin(i * 0.37) * Math.cos(i * 0.011)),
  [SAMPLES, 12, 12, 1],
);
const labels = new NDArray(
  new Int32Array(SAMPLES).map((_, i) => (i * 7) % 10),
  [SAMPLES],
);

/** A net with all that is random: initial weights, shuffled batches, dropout. 13 steps an epoch, the last one short. */
async function trained(seed: number): Promise<NDArray[]> {
  const model = new Sequential(
    [
      layers.input({ shape: [12, 12, 1] }),
      layers.conv2d({ filters: 16, kernelSize: 3, activation: 'relu' }),
      layers.conv2d({ filters: 32, kernelSize: 3, activation: 'relu' }),
      layers.maxPooling2d({ poolSize: 2 }),
      layers.dropout({ rate: 0.25 }),
      layers.flatten(),
      layers.dense({ units: 10, activation: 'softmax' }),
    ],
    { seed },
  );
  model.compile({
    optimizer: optimizers.adadelta({ learningRate: 1 }),
    loss: 'sparseCategoricalCrossentropy',
  });
  await model.fit(pictures, labels, { batchSize: 32, epochs: 4, seed, verbose: 0 });
  return model.getWeights();
}

const bits = (weights: NDArray[]) =>
  weights.map(({ data }) => Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64'));

describe('one seed', () => {
  it('gives the same bits in every weight after 52 steps', async () => {
    const first = bits(await trained(11));
    expect(bits(await trained(11))).toEqual(first);
    const other = bits(await trained(12));
    for (const [i, weight] of first.entries()) expect(other[i]).not.toBe(weight);
  });

  it.skipIf(availableParallelism() < 2)(
    'gives the same mask and numbers on any number of threads',
    async () => {
      const key = tensor([5, 9], [2], 'int32');
      const draw = async (threads: number) => {
        getEngineInfo({ threads });
        const ones = ops.randomUniform([33, 1001], { key, minval: 1, maxval: 1 });
        const numbers = [
          ops.dropout(ones, { rate: 0.3, key }),
          ops.randomUniform([33, 1001], { key }),
          ops.randomNormal([33, 1001], { key }),
          ops.truncatedNormal([33, 1001], { key }),
        ];
        return Promise.all(numbers.map((values) => values.data()));
      };
      const before = getEngineInfo().threads;
      const alone = await draw(1);
      expect(await draw(2)).toEqual(alone);
      getEngineInfo({ threads: before });
    },
  );
});

describe('random numbers', () => {
  const count = 100_000;
  /** Mean, standard deviation, least and largest. */
  async function described(values: { data: () => Promise<ArrayLike<number>> }) {
    const numbers = Array.from(await values.data());
    const mean = numbers.reduce((a, b) => a + b) / count;
    const variance = numbers.reduce((sum, n) => sum + (n - mean) ** 2, 0) / count;
    const sorted = Float64Array.from(numbers).sort();
    return { mean, deviation: Math.sqrt(variance), least: sorted[0], most: sorted[count - 1] };
  }

  // The bounds are six standard errors of each figure; the seed is fixed.
  it('are even in randomUniform', async () => {
    const { mean, deviation, least, most } = await described(
      ops.randomUniform([count], { seed: 3, minval: -2, maxval: 4 }),
    );
    expect(Math.abs(mean - 1)).toBeLessThan((6 * Math.sqrt(3)) / Math.sqrt(count));
    expect(Math.abs(deviation - Math.sqrt(3))).toBeLessThan(0.02);
    expect(least).toBeGreaterThanOrEqual(-2);
    expect(most).toBeLessThan(4);
  });

  it('are normal in randomNormal', async () => {
    const { mean, deviation, most } = await described(
      ops.randomNormal([count], { seed: 3, mean: 5, stddev: 2 }),
    );
    expect(Math.abs(mean - 5)).toBeLessThan((6 * 2) / Math.sqrt(count));
    expect(Math.abs(deviation - 2)).toBeLessThan((6 * 2) / Math.sqrt(2 * count));
    expect(most).toBeGreaterThan(5 + 2 * 3.5);
  });

  it('stay within two standard deviations in truncatedNormal', async () => {
    const { mean, deviation, least, most } = await described(
      ops.truncatedNormal([count], { seed: 3, stddev: 2 }),
    );
    expect(Math.abs(mean)).toBeLessThan((6 * 2) / Math.sqrt(count));
    // 0.8796: the deviation of a normal distribution that is cut at two.
    expect(Math.abs(deviation / 2 - 0.8796)).toBeLessThan(0.01);
    expect(least).toBeGreaterThanOrEqual(-4);
    expect(most).toBeLessThanOrEqual(4);
    expect(most).toBeGreaterThan(3.9);
  });

  it('keep the expected share in dropout, scaled', async () => {
    const kept = Array.from(
      await ops.dropout(ops.randomUniform([count], { minval: 1, maxval: 1 }), { rate: 0.25, seed: 4 }).data(),
    );
    const share = kept.filter((value) => value !== 0).length / count;
    expect(Math.abs(share - 0.75)).toBeLessThan(6 * Math.sqrt((0.75 * 0.25) / count));
    expect(new Set(kept)).toEqual(new Set([0, Math.fround(1 / 0.75)]));
  });
});

describe('draws without a seed', () => {
  /** Noise around its input, in every mode, as the sampling layer of a variational autoencoder has it. */
  class Sampling extends layers.Layer {
    readonly className = 'Sampling';
    call(x: Sym): Sym {
      return ops.add(x, ops.randomNormal(x));
    }
  }
  const model = () =>
    new Sequential([layers.input({ shape: [3] }), new Sampling(), layers.dense({ units: 2 })]);
  const zeros = new Float32Array(12);
  const numbers = async (net: Sequential) => [...(await (await net.predict(zeros)).data())];

  it('in a layer are new in each step and each prediction, and the same after setSeed', async () => {
    const runs = [];
    for (let i = 0; i < 2; i++) {
      setSeed(7);
      const net = model();
      runs.push([await numbers(net), await numbers(net)]);
      setSeed(7);
      itemAt(runs, i).push(await numbers(net));
    }
    const [one, other] = atLeast(runs, 2);
    const [first, second, again] = one;
    expect(second).not.toEqual(first);
    expect(again).toEqual(first);
    expect(other).toEqual(runs[0]);
    // Each of the four samples has its own.
    expect(new Set(first).size).toBe(8);
  });

  it('in training follow the seed of fit', async () => {
    const losses = async (seed: number) => {
      setSeed(1);
      const net = model();
      net.compile({ optimizer: optimizers.sgd({ learningRate: 0 }), loss: 'meanSquaredError' });
      const { history } = await net.fit(zeros, new Float32Array(8), { epochs: 3, seed, verbose: 0 });
      return history.loss;
    };
    const first = await losses(5);
    expect(new Set(first).size).toBe(3);
    expect(await losses(5)).toEqual(first);
    expect(await losses(6)).not.toEqual(first);
  });

  it.each([
    ['randomUniform', () => ops.randomUniform([4])],
    ['randomNormal', () => ops.randomNormal([4])],
    ['truncatedNormal', () => ops.truncatedNormal([4])],
    [
      'dropout',
      () => ops.dropout(ops.add(variable(new Float32Array(64).fill(1)), 0) as never, { rate: 0.5 }),
    ],
  ] as const)('of %s: two in one step differ, two steps differ, setSeed repeats them', async (_, draw) => {
    const traced = compile(() => [draw(), draw()]);
    const step = async () => (await traced()).map((value) => [...value.dataSync()]);
    setSeed(3);
    const [a, b] = await step();
    const [c] = await step();
    expect(b).not.toEqual(a);
    expect(c).not.toEqual(a);
    setSeed(3);
    expect(await step()).toEqual([a, b]);
  });

  it('at once follow setSeed, too, and a seed makes them the same each time', async () => {
    const draw = () => [...ops.randomNormal([3]).dataSync()];
    setSeed(3);
    const first = [draw(), draw()];
    expect(first[1]).not.toEqual(first[0]);
    setSeed(3);
    expect([draw(), draw()]).toEqual(first);
    const seeded = compile(() => ops.randomNormal([3], { seed: 5 }));
    const [once, twice] = [(await seeded()).dataSync(), (await seeded()).dataSync()];
    expect(twice).toEqual(once);
    expect(ops.randomNormal([3], { seed: 5 }).dataSync()).toEqual(once);
  });
});
