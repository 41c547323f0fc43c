// The emulated GPU through the public API: what it shares with the CPU, and what only a device with a queue and a separate memory shows.
import { beforeAll, describe, expect, it } from 'vitest';
import { itemAt } from '../../../lib/base/list.js';
import {
  type Sym,
  type Tensor,
  compile,
  devices,
  ops,
  optimizers,
  random,
  setDevice,
  tensor,
  variable,
  zeros,
} from '../../../lib/index.js';
import { runScript } from '../../support/process.js';
import { boundOf, largest, trained } from '../../support/updates.js';
import { useEmulatedGpu } from './gpu.js';

beforeAll(useEmulatedGpu);

/** What a function gives on the CPU and on the GPU. */
async function onBoth<T>(make: () => T | Promise<T>): Promise<[T, T]> {
  setDevice('cpu');
  const there = await make();
  setDevice('cuda');
  return [there, await make()];
}

/** The bits of numbers. */
const bitsOf = (x: Tensor) => [...new Uint32Array(new Float32Array(x.dataSync()).buffer)];

it('is a device that works', () => {
  const [, cuda] = devices();
  expect(cuda).toMatchObject({
    works: true,
    description: 'emulated GPU',
    architecture: 'sm_90',
    bfloat16: true,
  });
});

describe('random numbers', () => {
  // Lengths within a block of four, at its end, and beyond a kernel's block of threads.
  it.each([1, 3, 4, 1001])('%i even ones have the bits of the CPU', async (length) => {
    const draw = () => bitsOf(random.uniform([length], { minval: -2, maxval: 3, seed: 7 }));
    const [there, here] = await onBoth(draw);
    expect(here).toEqual(there);
    expect(new Set(here).size).toBe(length);
  });

  it.each([random.normal, random.truncatedNormal])('%o: those of the CPU but for rounding', async (draw) => {
    const [there, here] = await onBoth(() => [...draw([4001], { mean: 1, stddev: 2, seed: 3 }).dataSync()]);
    // The radius, of at most √(2 · 24 · ln 2) < 6, rounds four times and the turn twice, on either side, in float32.
    const bound = 2 * 6 * (2 * 6) * 2 ** -24;
    expect(largest(here.map((x, i) => x - itemAt(there, i)))).toBeLessThanOrEqual(bound);
  });

  it('masks of dropout are those of the CPU, in a chain as well', async () => {
    const x = tensor(Float32Array.from({ length: 777 }, (_, i) => i + 1));
    const drop = () => bitsOf(ops.multiply(random.dropout(x, 0.3, { seed: 5 }), 2));
    const [there, here] = await onBoth(drop);
    expect(here).toEqual(there);
    expect(here.filter((bits) => bits === 0).length).toBeGreaterThan(100);
  });
});

describe('updates', () => {
  const decay = { weightDecay: 0.1 };
  it.each([
    () => optimizers.sgd({ learningRate: 0.1, ...decay }),
    () => optimizers.sgd({ learningRate: 0.05, momentum: 0.9, ...decay }),
    () => optimizers.sgd({ learningRate: 0.05, momentum: 0.9, nesterov: true }),
    () => optimizers.rmsprop({ learningRate: 0.02, momentum: 0.5, epsilon: 0.01 }),
    () => optimizers.rmsprop({ learningRate: 0.02, momentum: 0.5, epsilon: 0.1, centered: true }),
    () => optimizers.adam({ learningRate: 0.02, epsilon: 0.01 }),
    () => optimizers.adam({ learningRate: 0.02, epsilon: 0.01, amsgrad: true, ...decay }),
    () => optimizers.adadelta({ rho: 0.9, epsilon: 0.01, ...decay }),
  ])('%o are those of the CPU', async (make) => {
    const [there, here] = await onBoth(() => trained(make()));
    there.values.forEach(({ name, data }, v) => {
      const apart = largest(data.map((x, i) => x - itemAt(itemAt(here.values, v).data, i)));
      expect(apart, name).toBeLessThanOrEqual(boundOf(there, v));
      expect(largest(data), name).toBeGreaterThan(0);
    });
  });

  it('of more weights than one launch takes', async () => {
    const [there, here] = await onBoth(async () => {
      const weights = Array.from({ length: 70 }, (_, i) => variable(tensor([i, -i])));
      const sgd = optimizers.sgd({ learningRate: 0.5 });
      const step = compile((g: Sym) => ({ ...sgd.applyGradients(weights.map((w) => [g, w])) }));
      await step([2, 4]);
      return weights.flatMap((w) => [...w.dataSync()]);
    });
    expect(here).toEqual(there);
    expect(here.slice(-2)).toEqual([68, -71]);
  });
});

describe('the queue', () => {
  it('replays recorded steps, whose results stay with their readers', async () => {
    const w = variable([0, 0]);
    const step = compile((x: Sym) => {
      w.assign(ops.add(w, x));
      return ops.concatenate([ops.multiply(w, 2), x]);
    });
    const results = Array.from({ length: 6 }, (_, i) => step([i, 1]));
    const numbers = (await Promise.all(results)).map((y) => [...y.dataSync()]);
    expect(numbers).toEqual([0, 1, 3, 6, 10, 15].map((sum, i) => [2 * sum, 2 * (i + 1), i, 1]));
    expect([...w.dataSync()]).toEqual([15, 6]);
  });

  it('refuses an index as the CPU does, and leaves weights as they were before the step', async () => {
    const [there, here] = await onBoth(async () => {
      const w = variable([1, 2]);
      const x = tensor([10, 20, 30]);
      const step = compile((at: Sym) => {
        const rows = ops.take(x, at);
        w.assign(ops.add(w, rows));
        return rows;
      });
      const take = (...at: number[]) =>
        step(tensor(at, [2], 'int32')).then(
          (y) => [...y.dataSync()],
          (error: unknown) => String(error),
        );
      // Three, so that the last two are recorded; then two at once, of which the first fails.
      const taken = [await take(0, 2), await take(1, 1), await take(2, 0)];
      const before = [...w.dataSync()];
      const after = await Promise.all([take(1, 7), take(-5, 3)]);
      const kept = [...w.dataSync()];
      return { taken, before, after, kept, again: await take(0, 0), last: [...w.dataSync()] };
    });
    expect(here).toEqual(there);
    expect(here).toMatchObject({ before: [61, 62], kept: [61, 62], again: [10, 10], last: [71, 72] });
    expect(here.after).toEqual([
      'EngineError: [gather] expected indices from 0 to 2, received 7 at index 1',
      'EngineError: [gather] expected indices from 0 to 2, received -2 at index 0',
    ]);
  });

  it('moves tensors between the devices', () => {
    const x = ops.add(tensor([1, 2]), 1);
    setDevice('cpu');
    const y = ops.multiply(x, x);
    setDevice('cuda');
    expect([...ops.subtract(y, x).dataSync()]).toEqual([2, 6]);
  });

  it('tells of memory that the GPU has not, and goes on', async () => {
    // 6 GiB of the 4 GiB that the emulated GPU has.
    const large = compile((x: Sym) => ops.broadcastTo(x, [3 << 9, 1 << 20]));
    await expect(large(zeros([1, 1]))).rejects.toMatchObject({
      code: 'OUT_OF_MEMORY',
      message: expect.stringMatching(
        /^expected room for 6442450944 bytes on the GPU, received \d+ of 4294967296$/,
      ) as string,
    });
    expect([...ops.add(tensor([1]), 1).dataSync()]).toEqual([2]);
  });

  it('ends with the process, in the middle of steps', () => {
    const { status, signal, stdout, stderr } = runScript(
      `import { useEmulatedGpu } from './test/cuda/emulated/gpu.ts';
       import { compile, ops, tensor } from './lib/index.ts';
       useEmulatedGpu();
       const step = compile((x) => ops.tanh(ops.broadcastTo(x, [1000, 100])));
       for (let i = 0; i < 20; i++) void step(tensor([i]));
       step(tensor([0])).then((y) => { console.log(y.shape.join()); process.exit(0); });
       for (let i = 0; i < 20; i++) void step(tensor([i]));`,
    );
    expect({ status, signal, stdout, stderr }).toEqual({
      status: 0,
      signal: null,
      stdout: '1000,100\n',
      stderr: '',
    });
  });
});
