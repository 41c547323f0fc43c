/**
 * The same convolutional net with other choices: mean squared error against one-hot labels, Adam, small batches.
 *
 * Squared error compares each of the ten probabilities with 0 or 1. It works, though cross-entropy pushes harder where
 * the net is sure and wrong; compare with `mnist.ts`. Watch the validation loss: where it rises while the training loss
 * still falls, the net has begun to learn by heart. Callbacks write each epoch to a table, keep the best model, halve the
 * learning rate every ten epochs, and note the loss after each batch.
 *
 *     npm run example mnist-mse-adam -- --epochs 3
 */
import { Sequential, callbacks, datasets, layers, optimizers, utils, visualization } from 'nodegrad';
import { example } from './support/example.js';

const { quick, flags, out, figure } = example({ epochs: '3', seed: '1', 'batch-size': '32' });
const epochs = Number(flags.epochs);
const seed = Number(flags.seed);

const { train, test } = await datasets.mnist();
const count = quick ? 6000 : train.images.length;
const [x, y] = [train.images.slice(0, count), utils.toCategorical(train.labels.slice(0, count), 10)];
const truth = utils.toCategorical(test.labels, 10);

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

// A callback can do something before and after training, each epoch and each batch.
const losses: number[] = [];
const diary = callbacks.lambdaCallback({
  onTrainBatchEnd: (_, { loss }) => void losses.push(loss!),
  onTrainEnd: () => console.log(`Trained on ${losses.length} batches.`),
});
const history = await model.fit(x, y, {
  batchSize: Number(flags['batch-size']),
  epochs: quick ? 1 : epochs,
  validationData: [test.images, truth],
  seed,
  callbacks: [
    callbacks.csvLogger(out('metrics.csv')),
    callbacks.modelCheckpoint({ filepath: out('best.keras'), monitor: 'val_accuracy', saveBestOnly: true }),
    callbacks.learningRateScheduler((epoch, rate) => (epoch > 0 && epoch % 10 === 0 ? rate / 2 : rate)),
    diary,
  ],
});
await visualization.plotHistory(history, { path: out('history.svg') });
await visualization.plotLines(
  { loss: losses },
  { xLabel: 'batch', yLabel: 'loss', title: 'mean of the epoch so far', path: out('batches.svg') },
);

const { loss, accuracy } = await model.evaluate(test.images, truth, { verbose: 0 });
console.log(`Test loss: ${loss!.toFixed(4)}`);
console.log(`Test accuracy: ${accuracy!.toFixed(4)}`);
figure('test accuracy', accuracy!, { atLeast: quick ? 0.9 : epochs < 12 ? 0.98 : 0.99 });
