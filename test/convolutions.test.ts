/** Convolutions in whole models and traced functions: what layouts, fusions and precisions around them may not change. */
import { atLeast, firstOf, itemAt } from '../lib/base/list.js';
import {
  Model,
  NDArray,
  Sequential,
  type Sym,
  type Tensor,
  compile,
  getEngineInfo,
  grad,
  layers,
  mixedPrecision,
  ops,
  optimizers,
  tensor,
} from 'nodegrad';
import { afterEach, describe, expect, it } from 'vitest';
import { random } from './support/blobs.js';

afterEach(() => mixedPrecision.setDtypePolicy('float32'));

const sines = (shape: number[], step = 1.7) =>
  new NDArray(
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(i * step)),
    shape,
  );

it('a frozen convolution between trained ones computes in training what it computes in a test', async () => {
  const conv = (options: object) =>
    layers.conv2d({ filters: 48, kernelSize: 3, padding: 'same', ...options });
  const model = new Sequential(
    [
      layers.input({ shape: [6, 6, 3] }),
      conv({ activation: 'relu' }),
      conv({ trainable: false }),
      layers.flatten(),
      layers.dense({ units: 10 }),
    ],
    { seed: 1 },
  );
  model.compile({ optimizer: optimizers.sgd({ learningRate: 1e-6 }), loss: 'meanSquaredError' });
  const [x, y] = [sines([16, 6, 6, 3]), sines([16, 10])];
  const { loss: tested } = await model.testOnBatch(x, y);
  const { loss: trained } = await model.trainOnBatch(x, y);
  // One mean of the same 160 numbers, whose float32 roundings may differ by the layouts of the plans.
  expect(Math.abs(trained! / tested! - 1)).toBeLessThan(1e-5);
});

describe.runIf(getEngineInfo().bfloat16)('under mixedBfloat16', () => {
  const residualBlock = (dataFormat: string, channels: number, more: object = {}) => {
    const x = layers.input({ shape: dataFormat === 'channelsFirst' ? [channels, 8, 8] : [8, 8, channels] });
    const options = { filters: channels, kernelSize: 3, padding: 'same', dataFormat, ...more } as const;
    const y = layers.add().apply([layers.conv2d(options as never).apply(x), x]);
    return new Model({ inputs: x, outputs: layers.relu().apply(y) });
  };

  it.each([
    ['channelsFirst', 16, {}],
    ['channelsFirst', 3, {}],
    ['channelsLast', 16, {}],
    ['channelsLast', 16, { groups: 4 }],
    ['channelsLast', 32, { dilationRate: 2 }],
  ] as const)('a convolution plus its input trains: %s, %i channels, %o', async (format, channels, more) => {
    mixedPrecision.setDtypePolicy('mixedBfloat16');
    const model = residualBlock(format, channels, more);
    model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
    const shape = firstOf(model.inputs).shape.slice(1);
    const { loss } = await model.trainOnBatch(sines([2, ...shape]), sines([2, ...shape], 0.3));
    expect(loss).toBeGreaterThan(0);
  });

  // The forward pass rounds images and weights to 8 bits (2⁻⁹ each) and Winograd's transforms once more: 1.2 % of the root mean
  // square. Three convolutions and sums of gradients over few numbers stay below a tenth of it; a wrong number does not.
  const BOUND = 0.15;

  it('random blocks around a convolution are those of float32', async () => {
    const next = random(17);
    const pick = <T>(list: readonly T[]): T => itemAt(list, Math.floor(next() * list.length));
    const uniform = (shape: number[]) =>
      tensor(
        Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => next() * 2 - 1),
        shape,
      );
    for (let i = 0; i < 150; i++) {
      const groups = pick([1, 1, 1, 2, 4]);
      const channels = groups * pick([3, 4, 8, 16, 24, 32]);
      const filters = pick([channels, groups * pick([4, 8, 16])]);
      const [n, h, w] = [pick([2, 4, 16]), pick([5, 8, 12]), pick([6, 8, 9])];
      const kernel = pick([1, 3, 3, 5, 2]);
      const first = next() < 0.4;
      const options = {
        padding: pick(['same', 'same', 'valid'] as const),
        strides: pick([1, 1, 2, 3]),
        groups,
        dataFormat: first ? 'channelsFirst' : 'channelsLast',
      } as const;
      const [biased, residual, again] = [next() < 0.5, next() < 0.7, next() < 0.3];
      const activation = pick(['identity', 'relu', 'relu', 'tanh', 'sigmoid'] as const);
      const x = uniform(first ? [n, channels, h, w] : [n, h, w, channels]);
      const weights = uniform([kernel, kernel, channels / groups, filters]);
      const bias = uniform(first ? [1, filters, 1, 1] : [1, 1, 1, filters]);
      const second = uniform([3, 3, filters, filters]);
      const r = uniform([...ops.conv(x, weights, options).shape]);
      const block = (...given: Sym[]) => {
        const [a, b, c, d, e] = atLeast(given, 5);
        let y = ops.conv(a, b, options);
        if (biased) y = ops.add(y, c);
        if (residual) y = ops.add(y, d);
        if (activation !== 'identity') y = ops[activation](y);
        if (again) y = ops.conv(y, e, { padding: 'same', dataFormat: options.dataFormat });
        return [y, ...grad(ops.sum(ops.square(y)), [a, b])];
      };
      const inputs = [x, weights, bias, r, second] as const;
      mixedPrecision.setDtypePolicy('float32');
      const exact: Tensor[] = await compile(block)(...inputs);
      mixedPrecision.setDtypePolicy('mixedBfloat16');
      const rounded: Tensor[] = await compile(block)(...inputs);
      for (const [k, expected] of exact.entries()) {
        const [p, q] = [await expected.data(), await itemAt(rounded, k).data()];
        let [error, length] = [0, 0];
        for (let j = 0; j < p.length; j++) {
          error += (p[j]! - q[j]!) ** 2;
          length += p[j]! ** 2;
        }
        const what = JSON.stringify({
          k,
          ...options,
          channels,
          filters,
          n,
          h,
          w,
          kernel,
          biased,
          residual,
          again,
          activation,
        });
        expect(Math.sqrt(error / length), what).toBeLessThan(BOUND);
      }
    }
  });
});
