// node --import tsx calls.mjs KIND COUNT: makes the calls, and fails where memory grew by more than 5 %.
import { readFileSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { NDArray } from '../../lib/core/ndarray.js';
import { getEngineInfo } from '../../lib/engine/info.js';
import * as layers from '../../lib/layers/index.js';
import { Sequential } from '../../lib/models/index.js';

const BOUND = 0.05;
const MEASUREMENTS = 20; // in the last nine tenths

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc');

function sequence(length) {
  return new NDArray(
    new Float32Array(4 * length * 3).map((_, i) => Math.sin(i)),
    [4, length, 3],
  );
}

function makeModel() {
  const model = new Sequential([
    layers.input({ shape: [10, 10, 1] }),
    layers.conv2d({ filters: 8, kernelSize: 3, activation: 'relu' }),
    layers.batchNormalization(),
    layers.maxPooling2d({ poolSize: 2 }),
    layers.flatten(),
    layers.dropout({ rate: 0.2 }),
    layers.dense({ units: 3, activation: 'softmax' }),
  ]);
  model.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy'] });
  return model;
}

function makeRecurrent() {
  const model = new Sequential([
    layers.input({ shape: [-1, 3] }),
    layers.lstm({ units: 8 }),
    layers.dense({ units: 1 }),
  ]);
  model.compile({ optimizer: 'adam', loss: 'meanSquaredError' });
  return model;
}

const x = new NDArray(
  new Float32Array(800).map((_, i) => Math.sin(i)),
  [8, 10, 10, 1],
);
const y = new NDArray(
  new Int32Array(8).map((_, i) => i % 3),
  [8],
);
const targets = new NDArray(new Float32Array(4), [4, 1]);

/** One call of each kind, given its number. */
const kinds = {
  predict:
    (model = makeModel()) =>
    async () =>
      void (await model.predict(x)),
  train:
    (model = makeModel()) =>
    async () =>
      void (await model.trainOnBatch(x, y)),
  models: () => async () => void (await makeModel().fit(x, y, { epochs: 1, verbose: 0 })),
  lengths:
    (model = makeRecurrent()) =>
    async (i) =>
      void (await model.trainOnBatch(sequence(20 + ((37 * i) % 300)), targets)),
};

/** Resident bytes, once garbage is collected. */
async function resident() {
  for (let i = 0; i < 3; i++) {
    collect();
    await setImmediate(); // finalizers run between turns of the event loop
  }
  return Number(readFileSync('/proc/self/statm', 'utf8').split(' ')[1]) * 4096;
}

const [kind, count] = [process.argv[2], Number(process.argv[3])];
const call = kinds[kind]();
const every = Math.max(1, Math.floor((0.9 * count) / MEASUREMENTS));
const start = Math.ceil(count / 10);
let first;
let most = 0;
for (let i = 0; i < count; i++) {
  await call(i);
  if (i + 1 < start || (i + 1 - start) % every !== 0) continue;
  const bytes = await resident();
  first ??= bytes;
  most = Math.max(most, bytes);
}
const growth = most / first - 1;
const { tensors, bytes } = getEngineInfo();
console.log(
  `${kind}: ${count} calls, ${(first / 1e6).toFixed(1)} MB after a tenth, ${(most / 1e6).toFixed(1)} MB at most (${(100 * growth).toFixed(1)} %), ` +
    `${tensors} tensors, ${(bytes / 1e6).toFixed(1)} MB of buffers`,
);
process.exit(growth <= BOUND ? 0 : 1);
