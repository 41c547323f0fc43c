/**
 * Trains small nets and prints a digest of the bits of their weights and predictions, net by net: `npm run test:lagging` runs it on the
 * CPU and on the device that is late, and compares.
 */
import { createHash } from 'node:crypto';
import { NDArray, Sequential, layers, losses, optimizers } from 'nodegrad';

const SAMPLES = 150;
const CLASSES = 5;

const waves = (shape: number[]) =>
  new NDArray(
    new Float32Array(shape.reduce((a, b) => a * b, SAMPLES)).map(
      (_, i) => Math.sin(i * 0.37) * Math.cos(i * 0.011),
    ),
    [SAMPLES, ...shape],
  );
const integers = (shape: number[], below: number) =>
  new NDArray(
    new Int32Array(shape.reduce((a, b) => a * b, SAMPLES)).map((_, i) => (i * 7) % below),
    [SAMPLES, ...shape],
  );

const nets = {
  convolutions: {
    x: waves([12, 12, 3]),
    layers: () => [
      layers.input({ shape: [12, 12, 3] }),
      layers.conv2d({ filters: 16, kernelSize: 3, activation: 'relu' }),
      layers.batchNormalization(),
      layers.conv2d({ filters: 32, kernelSize: 3, padding: 'same' }),
      layers.relu(),
      layers.maxPooling2d({ poolSize: 2 }),
      layers.dropout({ rate: 0.25 }),
      layers.flatten(),
    ],
  },
  words: {
    x: integers([9], 20),
    layers: () => [
      layers.input({ shape: [9], dtype: 'int32' }),
      layers.embedding({ inputDim: 20, outputDim: 8 }),
      layers.lstm({ units: 12 }),
    ],
  },
  loops: {
    x: waves([6, 4]),
    layers: () => [
      layers.input({ shape: [6, 4] }),
      layers.simpleRNN({ units: 10, activation: 'relu', returnSequences: true }),
      layers.gru({ units: 8, activation: 'softplus' }),
      layers.layerNormalization(),
    ],
  },
};

for (const [name, net] of Object.entries(nets)) {
  const model = new Sequential([...net.layers(), layers.dense({ units: CLASSES })], { seed: 3 });
  model.compile({
    optimizer: optimizers.adam(),
    loss: losses.sparseCategoricalCrossentropy({ fromLogits: true }),
    metrics: ['accuracy'],
  });
  // The last batch of a pass is short, so that two plans share the weights.
  const { history } = await model.fit(net.x, integers([], CLASSES), {
    batchSize: 32,
    epochs: 3,
    seed: 4,
    verbose: 0,
  });
  const digest = createHash('sha256').update(JSON.stringify(history));
  const predictions = await (await model.predict(net.x)).data();
  for (const data of [...(await model.getWeights()).map((weight) => weight.data), predictions])
    digest.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  console.log(`${name} ${digest.digest('hex')}`);
}
