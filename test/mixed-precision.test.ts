import { atLeast, itemAt } from '../lib/base/list.js';
import { spawnSync } from 'node:child_process';
import {
  Model,
  NDArray,
  Sequential,
  type Sym,
  compile,
  getEngineInfo,
  grad,
  layers,
  mixedPrecision,
  ops,
  optimizers,
  tensor,
  variable,
} from 'nodegrad';
import { afterEach, describe, expect, it } from 'vitest';
import { errorOf } from './support/run.js';

afterEach(() => {
  mixedPrecision.setDtypePolicy('float32');
});

describe('the policy', () => {
  it('is float32 until another one is set, and holds for what is made afterwards', () => {
    expect(mixedPrecision.dtypePolicy()).toBe('float32');
    const before = new Sequential([layers.input({ shape: [2] }), layers.dense({ units: 1 })]);
    mixedPrecision.setDtypePolicy('mixedBfloat16');
    expect(mixedPrecision.dtypePolicy()).toBe('mixedBfloat16');
    const after = new Sequential([layers.input({ shape: [2] }), layers.dense({ units: 1 })]);
    expect([before.dtypePolicy, after.dtypePolicy]).toEqual(['float32', 'mixedBfloat16']);
    const own = new Sequential([], { dtypePolicy: 'float32' });
    expect(own.dtypePolicy).toBe('float32');
  });

  it('is part of configurations', () => {
    const x = layers.input({ shape: [2] });
    const outputs = layers.dense({ units: 1 }).apply(x);
    const model = new Model({ inputs: x, outputs, dtypePolicy: 'mixedBfloat16' });
    expect(Model.fromConfig(model.getConfig()).dtypePolicy).toBe('mixedBfloat16');
    const stack = new Sequential([layers.input({ shape: [2] })], { dtypePolicy: 'mixedBfloat16' });
    expect(Sequential.fromConfig(stack.getConfig()).dtypePolicy).toBe('mixedBfloat16');
  });

  it('refuses other names', () => {
    const error = errorOf(() => {
      mixedPrecision.setDtypePolicy('mixedBfloat' as never);
    });
    expect(error.code).toBe('ARGUMENT');
    expect(error.message).toMatch(/\[setDtypePolicy\].*did you mean 'mixedBfloat16'/);
    // Keras's, for which nothing here has kernels.
    const half = errorOf(() => {
      mixedPrecision.setDtypePolicy('mixedFloat16' as never);
    });
    expect(half.message).toMatch(
      /expected one of float32, tensorFloat32, mixedBfloat16, received 'mixedFloat16'/,
    );
    expect(errorOf(() => compile((x: Sym) => x, { dtypePolicy: 'half' as never })).code).toBe('ARGUMENT');
    expect(errorOf(() => new Sequential([], { dtypePolicy: 'half' as never })).code).toBe('ARGUMENT');
  });

  it('warns once and computes in float32 where the processor has no bfloat16', () => {
    const script = `
      import { compile, getEngineInfo, mixedPrecision, ops, tensor } from 'nodegrad';
      mixedPrecision.setDtypePolicy('mixedBfloat16');
      const third = tensor(new Float32Array(64).fill(1 / 3), [8, 8]);
      for (let i = 0; i < 2; i++) {
        const product = compile((a, b) => ops.matmul(a, b));
        const y = await product(third, third);
        console.log(getEngineInfo().bfloat16, Math.abs(y.dataSync()[0] - 8 / 9) < 1e-6, /bfloat16/.test(product.describe()));
      }`;
    const { stdout, stderr } = spawnSync(
      process.execPath,
      ['--import', 'tsx', '--input-type=module', '-e', script],
      { encoding: 'utf8', env: { ...process.env, NODEGRAD_BFLOAT16: 'off' } },
    );
    expect(stdout).toBe('false true false\nfalse true false\n');
    expect(stderr.match(/mixedBfloat16 computes in float32 here/g)).toHaveLength(1);
  });
});

const pictures = new NDArray(
  new Float32Array(256 * 144).map((_, i) => Math.sin(i * 0.37) * Math.cos(i * 0.011)),
  [256, 12, 12, 1],
);
const labels = new NDArray(
  new Int32Array(256).map((_, i) => (i * 7) % 10),
  [256],
);

const nets = {
  convolutions: () => [
    layers.input({ shape: [12, 12, 1] }),
    layers.conv2d({ filters: 16, kernelSize: 3, activation: 'relu' }),
    layers.conv2d({ filters: 32, kernelSize: 3, activation: 'relu' }),
    layers.maxPooling2d({ poolSize: 2 }),
    layers.dropout({ rate: 0.25 }),
    layers.flatten(),
    layers.dense({ units: 10, activation: 'softmax' }),
  ],
  'recurrent layers': () => [
    layers.input({ shape: [12, 12, 1] }),
    layers.reshape({ targetShape: [12, 12] }),
    layers.lstm({ units: 24, returnSequences: true }),
    layers.layerNormalization(),
    layers.gru({ units: 24, returnSequences: true }),
    layers.gru({ units: 20, resetAfter: false, returnSequences: true, goBackwards: true }),
    layers.simpleRNN({ units: 24 }),
    layers.dense({ units: 10, activation: 'softmax' }),
  ],
  'loops and masks': () => [
    layers.input({ shape: [12, 12, 1] }),
    layers.reshape({ targetShape: [12, 12] }),
    layers.lstm({ units: 24, returnSequences: true, activation: 'softplus' }),
    layers.gru({ units: 24, returnSequences: true, recurrentDropout: 0.2 }),
    layers.simpleRNN({ units: 24, activation: 'relu' }),
    layers.dense({ units: 10, activation: 'softmax' }),
  ],
};
const names = Object.keys(nets) as (keyof typeof nets)[];

async function trained(dtypePolicy: mixedPrecision.DtypePolicy, net: keyof typeof nets) {
  const model = new Sequential(nets[net](), { seed: 3, dtypePolicy });
  model.compile({
    optimizer: optimizers.sgd({ learningRate: 0.05, momentum: 0.9 }),
    loss: 'sparseCategoricalCrossentropy',
  });
  const { history } = await model.fit(pictures, labels, { batchSize: 32, epochs: 4, seed: 3, verbose: 0 });
  return { losses: history.loss, weights: await model.getWeights() };
}

describe.skipIf(!getEngineInfo().bfloat16)('a step in bfloat16', () => {
  it.each(names)('follows the losses of float32 with %s', async (net) => {
    const exact = (await trained('float32', net)).losses;
    const mixed = (await trained('mixedBfloat16', net)).losses;
    // Activations and gradients carry relative errors of 2^-8 that average out: the losses differ by less than one of them.
    for (const [i, loss] of exact!.entries()) {
      expect(mixed![i]).not.toBe(loss);
      expect(Math.abs(itemAt(mixed!, i) / loss - 1)).toBeLessThan(2 ** -8);
    }
  });

  it.each(names)('gives the same bits each time with %s', async (net) => {
    expect(await trained('mixedBfloat16', net)).toEqual(await trained('mixedBfloat16', net));
  });

  it.each([
    ['lstm', layers.lstm({ units: 24 })],
    ['gru', layers.gru({ units: 24 })],
    ['simpleRnn', layers.simpleRNN({ units: 24 })],
  ])('multiplies states in bfloat16: %s', async (op, layer) => {
    const step = compile(
      (x: Sym) => {
        const loss = ops.mean(layer.apply(x));
        const [gradient] = grad(loss, layer.trainableWeights);
        return { loss, gradient };
      },
      { dtypePolicy: 'mixedBfloat16' },
    );
    await step(tensor(new Float32Array(4 * 5 * 8).fill(0.25), [4, 5, 8]));
    for (const name of [op, `${op}Backward`]) {
      expect(step.describe()).toMatch(
        new RegExp(`${name} +own:(avx512_bf16|amx) .* bfloat16 \\[4, 5, \\d+\\]`),
      );
    }
  });

  it('keeps weights, gradients and what is fetched in float32', async () => {
    const w = variable(tensor(new Float32Array(9 * 4 * 16).fill(1 / 3), [3, 3, 4, 16]));
    const step = compile(
      (x: Sym) => {
        const y = ops.relu(ops.conv(x, w));
        const loss = ops.mean(ops.square(ops.conv(y, ops.reshape(w, [3, 3, 16, 4]))));
        const [gradient] = atLeast(grad(loss, [w]), 1);
        w.assign(ops.subtract(w, ops.multiply(1e-9, gradient)));
        return { loss, y, gradient };
      },
      { dtypePolicy: 'mixedBfloat16' },
    );
    const result = await step(tensor(new Float32Array(2 * 64 * 4).fill(0.25), [2, 8, 8, 4]));
    expect(Object.values(result).map(({ dtype }) => dtype)).toEqual(['float32', 'float32', 'float32']);
    expect(step.describe()).toMatch(/bfloat16 \[2, 6, 6, 16\]/);
    // Two roundings of float32 numbers below a half; in bfloat16 a third is off by 2^-11.
    const [[weight], [slope]] = [await w.data(), await result.gradient.data()];
    expect(Math.abs(weight! - (1 / 3 - 1e-9 * slope!))).toBeLessThan(2 ** -24);
  });
});

describe.runIf(getEngineInfo().bfloat16)('integer data', () => {
  it.each([
    ['uint8', Uint8Array],
    ['int32', Int32Array],
    ['bool', Uint8Array],
  ] as const)('of %s goes into a product in bfloat16', async (dtype, Numbers) => {
    const x = tensor(
      new Numbers(64 * 64).map((_: number, i: number) => i % 2),
      [64, 64],
      dtype,
    );
    const w = tensor(
      Float32Array.from({ length: 64 * 64 }, (_, i) => i % 3),
      [64, 64],
    );
    const product = (a: Sym, b: Sym) => ops.matmul(ops.cast(a, 'float32'), b);
    const exact = await compile(product)(x, w);
    mixedPrecision.setDtypePolicy('mixedBfloat16');
    const step = compile(product);
    // bfloat16 holds these numbers exactly.
    expect((await step(x, w)).dataSync()).toEqual(exact.dataSync());
    expect(step.describe()).toMatch(/cast .*-> bfloat16/);
    expect(step.describe()).not.toContain('without fusions');
  });

  it('is predicted from and trained with as without the policy', async () => {
    const data = Uint8Array.from({ length: 2 * 8 * 8 * 3 }, (_, i) => (i * 7) % 5);
    const net = () =>
      new Sequential(
        [
          layers.input({ shape: [8, 8, 3] }),
          layers.conv2d({ filters: 16, kernelSize: 3 }),
          layers.flatten(),
          layers.dense({ units: 2 }),
        ],
        { seed: 1 },
      );
    const exact = await (await net().predict(data)).data();
    mixedPrecision.setDtypePolicy('mixedBfloat16');
    const model = net();
    const rounded = await (await model.predict(data)).data();
    // Two products of numbers rounded to 8 bits: 2⁻⁹ each of operands and result.
    const largest = Math.max(...exact.map(Math.abs));
    for (const [i, value] of exact.entries())
      expect(Math.abs(rounded[i]! - value)).toBeLessThan(0.02 * largest);
    model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
    expect((await model.trainOnBatch(data, new Int32Array([1, 2, 3, 4]))).loss).toBeGreaterThan(0);
  });
});
