/**
 * Nets that made history: how large they are, and what a step costs.
 *
 * From 1998 to 2015 nets became deeper: LeNet-5 has 5 layers, AlexNet 8, VGG16 16, GoogLeNet 22, ResNet 152. Most weights of the older ones
 * are in their dense layers; GoogLeNet and ResNet take the mean of each map instead, and are deeper with fewer. The memory of the activations is that of
 * all layers' outputs for one image. Nets of `applications` come from there, the others are in examples/support/nets.ts.
 *
 *     npm run example zoo
 */
import { writeFile } from 'node:fs/promises';
import { type Model, NDArray, applications, optimizers } from 'nodegrad';
import { example } from './support/example.js';
import { alexNet, googLeNet, leNet5 } from './support/nets.js';

const { quick, out, figure } = example({});

interface Net {
  readonly make: () => Model | Promise<Model>;
  /** What the layers of the paper's tables come to. */
  readonly weights: number;
  /** Whether the short run makes a step. */
  readonly isSmall?: boolean;
}
const nets: Readonly<Record<string, Net>> = {
  'LeNet-5': { make: leNet5, weights: 61_706, isSmall: true },
  AlexNet: { make: alexNet, weights: 60_965_224 },
  VGG16: { make: () => applications.vgg16(), weights: 138_357_544 },
  GoogLeNet: { make: googLeNet, weights: 6_998_552, isSmall: true },
  'ResNet-18': { make: () => applications.resNet18(), weights: 11_689_512, isSmall: true },
  'ResNet-34': { make: () => applications.resNet34(), weights: 21_797_672 },
  'ResNet-50': { make: () => applications.resNet50(), weights: 25_557_032 },
  'ResNet-152': { make: () => applications.resNet152(), weights: 60_192_808 },
};

const sizeOf = (shape: readonly number[]) => shape.reduce((product, size) => product * Math.abs(size), 1);

/** The weights that are learned, without the biases of convolutions before batch normalization: it has a shift, and the paper no bias. */
function weightsOf(model: Model): number {
  const isNormalized = model.layers.some((layer) => layer.className === 'BatchNormalization');
  let sum = 0;
  for (const layer of model.layers)
    for (const weight of layer.trainableWeights) {
      const isBias = layer.className === 'Conv2D' && weight.shape.length === 1;
      if (!(isNormalized && isBias)) sum += sizeOf(weight.shape);
    }
  return sum;
}

let wrong = 0;
let table = 'net,layers,weights,weights of the paper,MB of weights,MB of activations,ms a step\n';
for (const [name, { make, weights, isSmall = false }] of Object.entries(nets)) {
  const model = await make();
  const count = weightsOf(model);
  if (count !== weights) wrong++;
  const outputs = model.layers.flatMap((layer) => layer.output);
  const activations = outputs.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  let ms = '';
  if (!quick || isSmall) {
    model.compile({
      optimizer: optimizers.sgd({ learningRate: 0.001 }),
      loss: 'sparseCategoricalCrossentropy',
    });
    const [, height, width, channels] = model.inputs[0]!.shape;
    const shape = [2, height!, width!, channels!];
    const images = new NDArray(
      Float32Array.from({ length: sizeOf(shape) }, (_, i) => Math.sin(i)),
      shape,
    );
    const step = () => model.trainOnBatch(images, Uint8Array.of(1, 7));
    await step(); // makes the plan
    const begin = performance.now();
    await step();
    ms = (performance.now() - begin).toFixed(0);
  }
  const megabytes = (numbers: number) => ((numbers * 4) / 2 ** 20).toFixed(1);
  const row = [
    name,
    model.layers.length,
    count,
    weights,
    megabytes(model.countParams()),
    megabytes(activations),
    ms,
  ];
  table += `${row.join()}\n`;
  console.log(
    `${name.padEnd(10)} ${count.toLocaleString('en').padStart(11)} weights, ${megabytes(model.countParams()).padStart(5)} MB; ` +
      `activations ${megabytes(activations).padStart(5)} MB an image${ms && `; a step with two images ${ms} ms`}`,
  );
  model.dispose();
}
await writeFile(out('nets.csv'), table);
figure('nets whose weights are not as many as those of the paper', wrong, { atMost: 0 });
