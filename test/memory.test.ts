import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { NDArray, Sequential, layers, optimizers } from 'nodegrad';
import { describe, expect, it } from 'vitest';
import { engine } from '../lib/engine.js';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Collects garbage until no more native tensors go with it. */
async function settled() {
  let before = Infinity;
  for (;;) {
    collect();
    await setImmediate(); // finalizers run between turns of the event loop
    await setImmediate();
    const { tensors, bytes } = engine().info();
    if (tensors + bytes >= before) return { tensors, bytes };
    before = tensors + bytes;
  }
}

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

describe('native memory', () => {
  it('is flat over 1,000 predict calls whose results nobody disposes of', async () => {
    const model = smallModel();
    for (let i = 0; i < 20; i++) await model.predict(x);
    const before = await settled();
    for (let i = 0; i < 1000; i++) await model.predict(x);
    expect(await settled()).toEqual(before);
    model.summary({ printFn: () => undefined }); // still in use: not collected before the count
  });

  it('is given back by 50 models that are made, trained and dropped', async () => {
    const before = await settled();
    const bytes: number[] = [];
    for (let i = 0; i < 50; i++) {
      await smallModel().fit(x, y, { batchSize: 8, epochs: 1, verbose: 0 });
      if (i % 10 === 9) bytes.push((await settled()).bytes);
    }
    expect(await settled()).toEqual(before);
    expect(Math.max(...bytes)).toBe(before.bytes);
  });
});
