// What the numbers of Keras in test/fixtures/recurrent.json do not show of ConvLSTM: dropout, and what is refused.
import { describe, expect, it } from 'vitest';
import { type Sym, compile, layers, tensor } from '../lib/index.js';
import { errorOf } from './support/run.js';

const SAMPLES = 4000;
/** How many samples keep o and either f or both of i and candidate: 1/2 · 5/8. */
const SHARE = 5 / 16;
/** Four standard deviations of that share. */
const MARGIN = 4 * Math.sqrt((SHARE * (1 - SHARE)) / SAMPLES);
const linear = {
  filters: 1,
  kernelSize: 1,
  activation: 'linear',
  recurrentActivation: 'linear',
  useBias: false,
};

/** Outputs of two steps, with ones as input and first states; the kernels are ones or zeros. */
async function outputs(options: object, kernel: number, recurrentKernel: number) {
  const layer = layers.convLSTM1d({ ...linear, ...options, returnSequences: true });
  layer.build([[-1, 2, 1, 1]]);
  layer.setWeights([kernel, recurrentKernel].map((value) => [[[value, value, value, value]]]));
  const ones = (...shape: number[]) => tensor(new Float32Array(shape.reduce((a, b) => a * b)).fill(1), shape);
  const step = compile((key: Sym, ...inputs: Sym[]) => layer.apply(inputs, { training: true, key }));
  const given = [ones(SAMPLES, 2, 1, 1), ones(SAMPLES, 1, 1), ones(SAMPLES, 1, 1)];
  const made = await (await step(tensor([1, 0], [2], 'int32'), ...given)).data();
  return Array.from({ length: SAMPLES }, (_, i) => [made[2 * i], made[2 * i + 1]]);
}

describe('convLSTM', () => {
  it.each([
    ['dropout', 1, 0],
    ['recurrentDropout', 0, 1],
  ])('%s: each gate has its own mask, the same at every step', async (name, kernel, recurrentKernel) => {
    const rows = await outputs({ [name]: 0.5 }, kernel, recurrentKernel);
    // h = o · (f · c + i · candidate), with gates of 0 or 2.
    const share = rows.filter(([first]) => first !== 0).length / SAMPLES;
    expect(Math.abs(share - SHARE)).toBeLessThan(MARGIN);
    expect(new Set(rows.map(([first]) => first))).toEqual(new Set([0, 4, 8, 12]));
    if (name === 'dropout') for (const [first, second] of rows) expect(second === 0).toBe(first === 0);
  });

  it('without training nothing is dropped', async () => {
    const layer = layers.convLSTM1d({ ...linear, dropout: 0.5, recurrentDropout: 0.5 });
    layer.build([[-1, 1, 1, 1]]);
    layer.setWeights([1, 0].map((value) => [[[value, value, value, value]]]));
    const step = compile((x: Sym) => layer.apply(x));
    expect(Array.from(await (await step([[[[2]]]])).data())).toEqual([8]);
  });

  it.each([
    [{ strides: 2, dilationRate: 2 }, 'strides'],
    [{ filters: 0 }, 'filters'],
    [{ padding: 'causal' }, 'padding'],
    [{ kernelSize: [1, 2, 3] }, 'kernelSize'],
    [{ dropout: 1.1 }, 'dropout'],
    [{ recurrentDropout: -0.1 }, 'recurrentDropout'],
  ])('%j is refused', (options, what) => {
    const error = errorOf(() => layers.convLSTM2d({ filters: 2, kernelSize: 2, ...(options as object) }));
    expect(error).toMatchObject({
      code: 'ARGUMENT',
      message: expect.stringContaining(`[convLSTM2d]`) as string,
    });
    expect(error.message).toContain(what);
  });

  it('images of unknown sides and other ranks are refused', () => {
    for (const shape of [
      [3, -1, 4, 2],
      [3, 4, 2],
      [3, 4, 5, -1],
    ])
      expect(
        errorOf(() => layers.convLSTM2d({ filters: 2, kernelSize: 2 }).apply(layers.input({ shape }))),
      ).toMatchObject({ code: 'SHAPE' });
  });
});
