import { NDArray, Sequential, layers, optimizers, tensor } from 'nodegrad';
import { minimum } from './statistics.js';

const ROUNDS = 6;

interface Case {
  name: string;
  batch: number;
  image: [number, number, number];
  /** Steps a round of each side. */
  steps: number;
  body: () => layers.Layer[];
}

const block = (filters: number) => [
  layers.conv2d({ filters, kernelSize: 3, padding: 'same', activation: 'relu' }),
  layers.maxPooling2d(),
];

const cases: Case[] = [
  {
    name: 'mnist @128, uint8 28×28×1',
    batch: 128,
    image: [28, 28, 1],
    steps: 20,
    body: () => [
      layers.conv2d({ filters: 32, kernelSize: 3, activation: 'relu' }),
      layers.conv2d({ filters: 64, kernelSize: 3, activation: 'relu' }),
      layers.maxPooling2d({ poolSize: 2 }),
      layers.dropout({ rate: 0.25 }),
      layers.flatten(),
      layers.dense({ units: 128, activation: 'relu' }),
      layers.dropout({ rate: 0.5 }),
      layers.dense({ units: 10, activation: 'softmax' }),
    ],
  },
  {
    name: 'four convolutions @64, uint8 64×64×3',
    batch: 64,
    image: [64, 64, 3],
    steps: 8,
    body: () => [
      ...[32, 64, 128, 256].flatMap(block),
      layers.globalAveragePooling2d(),
      layers.dense({ units: 10, activation: 'softmax' }),
    ],
  },
];

/**
 * What the way of the data costs: `fit` on bytes, which it shuffles, gathers, casts and scales, over the bare step, which has its
 * floats ready.
 */
export async function measureInput(say: (text: string) => void): Promise<void> {
  for (const { name, batch, image, steps, body } of cases) {
    const model = (head: layers.Layer[]) => {
      const made = new Sequential([layers.input({ shape: image }), ...head, ...body()], { seed: 1 });
      made.compile({ optimizer: optimizers.adadelta(), loss: 'sparseCategoricalCrossentropy' });
      return made;
    };
    const size = image.reduce((product, n) => product * n);
    const samples = batch * steps;
    const bytes = new Uint8Array(samples * size).map((_, i) => (i * 2654435761) >>> 24);
    const classes = new Uint8Array(samples).map((_, i) => i % 10);
    const x = tensor(new NDArray(bytes, [samples, ...image]));
    const y = tensor(new NDArray(classes, [samples]));
    const floats = Float32Array.from(bytes.subarray(0, batch * size), (n) => n / 255);
    const images = tensor(new NDArray(floats, [batch, ...image]));
    const labels = tensor(new NDArray(classes.subarray(0, batch), [batch]));
    const fitted = model([layers.rescaling({ scale: 1 / 255 })]);
    const bare = model([]);
    const fit = () => fitted.fit(x, y, { batchSize: batch, verbose: 0 });
    const step = async () => {
      for (let i = 0; i < steps; i++) await bare.trainOnBatch(images, labels);
    };
    const perStep = async (run: () => Promise<unknown>) => {
      const start = performance.now();
      await run();
      return (performance.now() - start) / steps;
    };
    await fit(); // plans are made
    await step();
    const ofFit: number[] = [];
    const ofStep: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      ofStep.push(await perStep(step));
      ofFit.push(await perStep(fit));
    }
    const [a, b] = [minimum(ofFit), minimum(ofStep)];
    say(`${name}: fit ${a.toFixed(2)} ms a step, bare ${b.toFixed(2)}: ${(a / b).toFixed(3)} (bound 1.03)`);
    for (const made of [fitted, bare]) made.dispose();
    for (const made of [x, y, images, labels]) made.dispose();
  }
}
