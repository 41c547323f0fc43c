// A training that may be killed at any moment and started again: node --import tsx test/kill/train.ts FOLDER arrays|generator|dataset
// Prints "ready" before fit, and at the end a digest of the weights.
import { createHash } from 'node:crypto';
import {
  Dataset,
  NDArray,
  Sequential,
  callbacks,
  layers,
  optimizers,
  setSeed,
  tensor,
} from '../../lib/index.js';

const [folder, kind] = process.argv.slice(2) as [string, string];
setSeed(5);
const images = [
  layers.input({ shape: [8, 8, 1] }),
  layers.randomFlip(),
  layers.randomTranslation({ heightFactor: 0.2, widthFactor: 0.2 }),
  layers.flatten(),
];
const model = new Sequential([
  ...(kind === 'dataset' ? images : [layers.input({ shape: [8] })]),
  layers.dense({ units: 16, activation: 'relu' }),
  layers.batchNormalization(),
  layers.dropout({ rate: 0.3 }),
  layers.dense({ units: 1 }),
]);
const learningRate = optimizers.schedules.exponentialDecay({
  initialLearningRate: 0.05,
  decaySteps: 10,
  decayRate: 0.9,
});
model.compile({ optimizer: optimizers.adam({ learningRate }), loss: 'mse' });

const SAMPLES = 48;
const numbers = (count: number, from: number) =>
  Float32Array.from({ length: count }, (_, i) => Math.sin(from + 1.7 * i));
const [x, y] = [tensor(numbers(SAMPLES * 8, 1), [SAMPLES, 8]), tensor(numbers(SAMPLES, 2), [SAMPLES, 1])];
/** Batches without end, each another one. */
function* batches() {
  for (let i = 0; ; i++)
    yield [numbers(64, i), numbers(8, i + 0.5)].map((data, j) => tensor(data, [8, j === 0 ? 8 : 1]));
}
/** Pictures in a random order, through two workers. */
const pictures = () => {
  const arrays = [new NDArray(numbers(SAMPLES * 64, 1), [SAMPLES, 8, 8, 1]), numbers(SAMPLES, 2)] as const;
  const module = new URL('../support/mapInWorker.mjs', import.meta.url);
  return Dataset.fromArrays(...arrays)
    .shuffle(20)
    .parallel<unknown[]>(2, module, 'keep')
    .batch(8);
};
const slow = callbacks.lambdaCallback({ onEpochEnd: () => new Promise((resolve) => setTimeout(resolve, 3)) });
const options = {
  epochs: 25,
  verbose: 0 as const,
  callbacks: [
    callbacks.backupAndRestore({ backupDir: folder, saveFreq: kind === 'dataset' ? 4 : 'epoch' }),
    callbacks.earlyStopping({ monitor: 'loss', patience: 20, restoreBestWeights: true }),
    callbacks.modelCheckpoint({ filepath: `${folder}/last.keras` }),
    slow,
  ],
};
process.stdout.write('ready\n');
const trainings: Record<string, () => ReturnType<typeof model.fit>> = {
  arrays: () => model.fit(x, y, { ...options, batchSize: 8 }),
  generator: () => model.fit(batches() as never, { ...options, stepsPerEpoch: 5 }),
  dataset: () => model.fit(pictures() as never, { ...options, epochs: 12 }),
};
const { epoch, history } = await trainings[kind]!();
const hash = createHash('sha256');
for (const { data } of await model.getWeights()) hash.update(data);
hash.update(JSON.stringify([epoch, history]));
process.stdout.write(`done ${hash.digest('hex')}\n`);
