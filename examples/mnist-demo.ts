/**
 * A convolutional net learns to read digits while you watch: a web page with live curves, what each layer makes of a digit, the digits that are
 * read wrongly, and a place to draw one: the prediction changes while training goes on.
 *
 * The page is on this machine alone; its address is printed. After training it stays until Ctrl-C, and the net reads what you draw.
 *
 *     npm run example mnist-demo -- --epochs 20 --port 6006
 */
import { Sequential, callbacks, datasets, layers } from 'nodegrad';
import { example } from './support/example.js';

const { quick, flags, out, figure } = example({
  epochs: '',
  seed: '1',
  port: '0',
  'batch-size': '128',
  samples: '',
});
const epochs = Number(flags.epochs || (quick ? 1 : 12));
const seed = Number(flags.seed);

const { train, test } = await datasets.mnist();
const model = new Sequential(
  [
    layers.input({ shape: [28, 28, 1] }),
    layers.rescaling({ scale: 1 / 255 }),
    layers.conv2d({ filters: 16, kernelSize: 5, padding: 'same', activation: 'relu' }),
    layers.maxPooling2d({ poolSize: 2 }),
    layers.conv2d({ filters: 32, kernelSize: 5, padding: 'same', activation: 'relu' }),
    layers.maxPooling2d({ poolSize: 2 }),
    layers.flatten(),
    layers.dense({ units: 10, activation: 'softmax' }),
  ],
  { seed, name: 'mnist' },
);
model.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy'] });

const page = callbacks.dashboard({
  dir: out('run'),
  port: Number(flags.port),
  data: [test.images, test.labels],
  keepOpen: !quick,
});
const count = Number(flags.samples || (quick ? 12_000 : train.images.length));
await model.fit(train.images.slice(0, count), train.labels.slice(0, count), {
  batchSize: Number(flags['batch-size']),
  epochs,
  validationData: [test.images.slice(0, 2000), test.labels.slice(0, 2000)],
  seed,
  verbose: 3,
  callbacks: [page],
});
const { accuracy } = await model.evaluate(test.images, test.labels, { verbose: 0 });
figure('test accuracy', accuracy!, { atLeast: quick ? 0.9 : 0.985 });
if (!quick) console.log('Draw a digit in the page; Ctrl-C ends it.');
