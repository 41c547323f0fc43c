/**
 * The same convolutional net with other choices: mean squared error against one-hot labels, Adam, small batches.
 *
 * Squared error compares each of the ten probabilities with 0 or 1. It works, though cross-entropy pushes harder where
 * the net is sure and wrong; compare with `mnist.ts`. Watch the validation loss: where it rises while the training loss
 * still falls, the net has begun to learn by heart. Callbacks write each epoch to a table, keep the best weights, and halve the
 * learning rate every ten epochs.
 *
 *     npm run example mnist-mse-adam -- --epochs 3
 */
import { NDArray, Sequential, callbacks, datasets, layers, optimizers, visualization } from 'nodegrad';
import { example } from './support/example.js';

const { quick, flags, out, figure } = example({ epochs: '3', seed: '1', 'batch-size': '32' });
const epochs = Number(flags.epochs);
const seed = Number(flags.seed);

const { train, test } = await datasets.mnist();
const count = quick ? 6000 : train.images.length;

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
  optimizer: optimizers.adam({ learningRate: 0.001 }),
  loss: 'meanSquaredError',
  metrics: ['accuracy'],
});

const history = await model.fit(train.images.slice(0, count), oneHot(train.labels.slice(0, count)), {
  batchSize: Number(flags['batch-size']),
  epochs: quick ? 1 : epochs,
  validationData: [test.images, oneHot(test.labels)],
  seed,
  callbacks: [
    callbacks.csvLogger(out('metrics.csv')),
    callbacks.modelCheckpoint({ filepath: out('best.keras'), monitor: 'val_accuracy', saveBestOnly: true }),
    callbacks.learningRateScheduler((epoch, rate) => (epoch > 0 && epoch % 10 === 0 ? rate / 2 : rate)),
  ],
});
await visualization.plotHistory(history, { path: out('history.svg') });

const { loss, accuracy } = await model.evaluate(test.images, oneHot(test.labels), { verbose: 0 });
console.log(`Test loss: ${loss!.toFixed(4)}`);
console.log(`Test accuracy: ${accuracy!.toFixed(4)}`);
figure('test accuracy', accuracy!, { atLeast: quick ? 0.9 : epochs < 12 ? 0.98 : 0.99 });

/** Turns classes [n] into rows [n, 10] with a 1 at the class. */
function oneHot(labels: NDArray): NDArray {
  const rows = new Float32Array(labels.length * 10);
  labels.data.forEach((label, i) => (rows[10 * i + label] = 1));
  return new NDArray(rows, [labels.length, 10]);
}
