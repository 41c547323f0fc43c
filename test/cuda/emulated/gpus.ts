// Two emulated GPUs: a stream, memory or event of one that the other is asked to use is refused.
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  type DeviceName,
  Sequential,
  type Sym,
  compile,
  devices,
  getDevice,
  layers,
  ops,
  setDevice,
  tensor,
  variable,
} from '../../../lib/index.js';
import { useEmulatedGpus } from './gpu.js';

beforeAll(() => useEmulatedGpus(2));
beforeEach(() => setDevice('cuda'));

describe('two GPUs', () => {
  it('are two devices, of which the first has two names', () => {
    expect(devices().map(({ name, works }) => [name, works])).toEqual([
      ['cpu', true],
      ['cuda', true],
      ['cuda:1', true],
    ]);
    setDevice('cuda:1');
    expect(getDevice()).toBe('cuda:1');
    setDevice('cuda:0');
    expect(getDevice()).toBe('cuda');
  });

  it('are all that there are', () => {
    expect(() => setDevice('cuda:2')).toThrow(
      '[setDevice] expected 3 NVIDIA GPUs or more, received 2: nvidia-smi and CUDA_VISIBLE_DEVICES tell which there are',
    );
    expect(getDevice()).toBe('cuda');
  });

  it.each(['cuda:', 'cuda:01', 'cuda:-1', 'cuda:1.5', 'cuda1', 'CUDA:1'])('have no name %s', (name) => {
    expect(() => setDevice(name as DeviceName)).toThrow(
      `[setDevice] expected 'cpu', 'cuda' or 'cuda:1', received '${name}'`,
    );
  });

  it('take tensors from one another and from the CPU', () => {
    const x = ops.add(tensor([1, 2]), 1);
    setDevice('cuda:1');
    const y = ops.multiply(x, x);
    setDevice('cpu');
    const z = ops.add(y, x);
    setDevice('cuda');
    expect([...ops.subtract(z, x).dataSync()]).toEqual([4, 9]);
  });

  it('work at the same time, each on its own steps, which are recorded', async () => {
    const made = (device: DeviceName) => {
      const w = variable([0, 0]);
      const step = compile(
        (x: Sym) => {
          w.assign(
            ops.add(
              w,
              ops.squeeze(
                ops.matmul(ops.expandDims(x, 0), [
                  [1, 2],
                  [3, 4],
                ]),
                0,
              ),
            ),
          );
          return ops.multiply(w, 2);
        },
        { device },
      );
      return { w, step };
    };
    const [first, second] = [made('cuda'), made('cuda:1')];
    const runs = Array.from({ length: 8 }, (_, i) => [first.step([i, 1]), second.step([1, i])]).flat();
    const read = (await Promise.all(runs)).map((y) => [...y.dataSync()]);
    expect(read.slice(-2)).toEqual([
      [2 * (28 + 24), 2 * (56 + 32)],
      [2 * (8 + 84), 2 * (16 + 112)],
    ]);
    expect([...second.w.dataSync()]).toEqual([92, 128]);
  });

  it('train the same net to the same bits', async () => {
    const trained = async (device: DeviceName) => {
      const model = new Sequential(
        [
          layers.input({ shape: [6, 6, 1] }),
          layers.conv2d({ filters: 2, kernelSize: 3, activation: 'relu' }),
          layers.flatten(),
          layers.dropout({ rate: 0.2 }),
          layers.dense({ units: 1 }),
        ],
        { seed: 1 },
      );
      model.compile({ optimizer: 'adam', loss: 'mse', device });
      const x = tensor(
        Float32Array.from({ length: 20 * 36 }, (_, i) => Math.sin(i)),
        [20, 6, 6, 1],
      );
      await model.fit(x, ops.mean(x, { axis: [1, 2] }), { batchSize: 8, epochs: 3, seed: 2, verbose: 0 });
      return (await model.getWeights()).map(({ data }) => [...data]);
    };
    expect(await trained('cuda:1')).toEqual(await trained('cuda:0'));
  });

  it('name the one that lacks an op', () => {
    setDevice('cuda:1');
    expect(() => ops.cholesky(tensor([[1]])).dataSync()).toThrow(
      "[cholesky] expected the device 'cpu', which alone has this op, received 'cuda:1'",
    );
  });
});
