/**
 * Images of cells in an HDF5 file: four blocks of convolution, batch normalization and ReLU tell two kinds of them apart.
 *
 * The file is read a few images at a time, so it may be larger than memory. Without `--file` cells are cut from a microscopic image of
 * a colon and written to out/cells/cells.h5 first. A file of others in this form, such as the 27,558 blood cells with and without malaria,
 * each 64×64×3, is given by `--file`, and the names of its arrays by `--images` and `--labels`.
 *
 *     npm run example cells -- --file malaria.h5 --images images --labels labels --epochs 5
 */
import { Sequential, layers, ops, optimizers, visualization } from 'nodegrad';
import { cellClasses, readCells, writeCells } from './data/cells.js';
import { example } from './support/example.js';

const { quick, flags, out, figure } = example(
  { file: '', images: 'images', labels: 'labels', epochs: '8', 'batch-size': '', seed: '1' },
  ['file'],
);
const epochs = Number(flags.epochs);
const seed = Number(flags.seed);
const file = flags.file || out('cells.h5');
if (!flags.file) await writeCells(file);
const { train, test } = readCells(file, [flags.images, flags.labels]);
const seen = quick ? train.take(96) : train;
// Batch normalization takes some sixty steps until its averages are those of the data: smaller batches where there are few images.
const batchSize = Number(flags['batch-size'] || (quick ? 8 : 16));

const block = (filters: number, pool: boolean) => [
  layers.conv2d({ filters, kernelSize: 3, padding: 'same' }),
  layers.batchNormalization({ momentum: 0.95 }),
  layers.activation({ activation: 'relu' }),
  ...(pool ? [layers.maxPooling2d({ poolSize: 2 })] : []),
];
const model = new Sequential(
  [
    layers.input({ shape: [64, 64, 3] }),
    layers.rescaling({ scale: 1 / 255 }),
    layers.randomFlip({ mode: 'horizontalAndVertical', seed }),
    ...block(32, false),
    ...block(64, true),
    ...block(128, true),
    ...block(256, true),
    layers.dropout({ rate: 0.25 }),
    layers.globalAveragePooling2d(),
    layers.dense({ units: 128, activation: 'relu' }),
    layers.dropout({ rate: 0.5 }),
    layers.dense({ units: 2, activation: 'softmax' }),
  ],
  { seed },
);
model.compile({
  optimizer: optimizers.adadelta({ learningRate: 1 }),
  loss: 'categoricalCrossentropy',
  metrics: ['accuracy'],
});
model.summary();

const history = await model.fit(seen.shuffle(1000, { seed }).batch(batchSize), undefined, {
  epochs,
  ...(!quick && { validationData: test.batch(32) }),
});
await visualization.plotHistory(history, { path: out('history.svg') });

const { accuracy } = await model.evaluate(test.batch(32), undefined, { verbose: 0 });
const [images, truth] = (await test.take(40).batch(40).toArray())[0]!;
const predicted = await model.predict(images);
await visualization.plotImageGallery(images, {
  yTrue: ops.argmax(truth, { axis: -1 }),
  yPred: predicted,
  ...(!flags.file && { labelMap: cellClasses }),
  cols: 10,
  path: out('cells.png'),
});
await visualization.plotFilters(model.getLayer({ index: 2 }), { path: out('filters.png') });
figure('accuracy on cells that it has not seen', accuracy!, { atLeast: 0.75 });
