import { NDArray, Sequential, layers, optimizers } from 'nodegrad';
import { describe, expect, it } from 'vitest';
import { settled } from './support/garbage.js';

function smallModel(): Sequential {
  const model = new Sequential([
    layers.input({ shape: [10, 10, 1] }),
    layers.conv2d({ filters: 8, kernelSize: 3, activation: 'relu' }),
    layers.maxPooling2d({ poolSize: 2 }),
    layers.flatten(),
    layers.dense({ units: 3, activation: 'softmax' }),
  ]);
  model.compile({ optimizer: optimizers.adam(), loss: 'sparseCategoricalCrossentropy' });
  return model;
}

const x = new NDArray(
  new Float32Array(1600).map((_, i) => Math.sin(i)),
  [16, 10, 10, 1],
);
const y = new NDArray(
  new Int32Array(16).map((_, i) => i % 3),
  [16],
);

// Functions of their own: what a loop's last turn held in the frame of the test would outlive it.
async function predictOften(model: Sequential, times: number): Promise<void> {
  for (let i = 0; i < times; i++) await model.predict(x);
}

async function makeAndDrop(times: number): Promise<void> {
  for (let i = 0; i < times; i++) await smallModel().fit(x, y, { batchSize: 8, epochs: 1, verbose: 0 });
}

describe('native memory', () => {
  it('is flat over 1,000 predict calls whose results nobody disposes of', async () => {
    const model = smallModel();
    await predictOften(model, 20);
    const before = await settled();
    await predictOften(model, 1000);
    expect(await settled()).toEqual(before);
    model.summary({ printFn: () => undefined }); // still in use: not collected before the count
  });

  it('is given back by 50 models that are made, trained and dropped', async () => {
    await makeAndDrop(5);
    const before = await settled(); // what is left is the engine's own scratch memory
    expect(before.tensors).toBe(0);
    await makeAndDrop(45);
    expect(await settled()).toEqual(before);
  });
});
