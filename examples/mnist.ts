/**
 * A convolutional net reads handwritten digits: the "hello world" of deep learning, from data to test accuracy.
 *
 * Two convolutions find strokes, max-pooling keeps the strongest answers, dropout hinders learning by heart, two dense
 * layers decide. After 12 epochs it reads 99 of 100 unseen digits.
 *
 *     npm run mnist -- --epochs 12 --seed 1 --batch-size 128 --policy mixedBfloat16
 */
import { parseArgs } from 'node:util';
import { Sequential, datasets, layers, mixedPrecision, optimizers } from 'nodegrad';

const { values: flags } = parseArgs({
  options: {
    epochs: { type: 'string', default: '3' },
    seed: { type: 'string', default: '1' },
    'batch-size': { type: 'string', default: '128' },
    policy: { type: 'string', default: 'float32' },
  },
});
const seed = Number(flags.seed);

mixedPrecision.setDtypePolicy(flags.policy as mixedPrecision.DtypePolicy);

const { train, test } = await datasets.mnist();

const model = new Sequential(
  [
    layers.input({ shape: [28, 28, 1] }),
    layers.rescaling({ scale: 1 / 255 }),
    layers.conv2d({ filters: 32, kernelSize: 3, activation: 'relu' }),
    layers.conv2d({ filters: 64, kernelSize: 3, activation: 'relu' }),
    layers.maxPooling2d({ poolSize: 2 }),
    layers.dropout({ rate: 0.25 }),
    layers.flatten(),
    layers.dense({ units: 128, activation: 'relu' }),
    layers.dropout({ rate: 0.5 }),
    layers.dense({ units: 10, activation: 'softmax' }),
  ],
  { seed },
);
model.compile({
  optimizer: optimizers.adadelta({ learningRate: 1.0 }),
  loss: 'sparseCategoricalCrossentropy',
  metrics: ['accuracy'],
});
model.summary();

await model.fit(train.images, train.labels, {
  batchSize: Number(flags['batch-size']),
  epochs: Number(flags.epochs),
  validationData: [test.images, test.labels],
  seed,
});

const { loss, accuracy } = await model.evaluate(test.images, test.labels, { verbose: 0 });
console.log(`Test loss: ${loss!.toFixed(4)}`);
console.log(`Test accuracy: ${accuracy!.toFixed(4)}`);
