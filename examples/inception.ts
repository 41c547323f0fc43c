/**
 * Two pictures in, several answers out: two handwritten digits, their sum, and whether the left one is larger.
 *
 * A chain of layers cannot say that; a graph can. Both pictures go through the same tower with the same weights: two inception blocks, in
 * which convolutions of 1×1, 3×3 and 5×5 and a pooling look at the same maps next to each other. Each answer has a loss, and what is
 * made small is the weighted sum of all. The digits themselves are asked for to help the tower, as the auxiliary answers in GoogLeNet do:
 * `--helpers 0` takes their weight away, and in the quick run 63 of 100 sums are right instead of 88. Pictures of both graphs go to
 * out/inception.
 *
 *     npm run example inception -- --epochs 4 --helpers 0
 */
import { Model, NDArray, datasets, layers, ops, optimizers, utils, visualization } from 'nodegrad';
import { example } from './support/example.js';
import { permutation, random } from './support/random.js';

const { quick, flags, out, figure } = example({ epochs: '4', helpers: '1', seed: '1' });
const seed = Number(flags.seed);
const { train, test } = await datasets.mnist();

/** Digits in a random order. */
function shuffled({ images, labels }: { images: NDArray; labels: NDArray }, count: number, seed: number) {
  const size = 28 * 28;
  const order = permutation(images.length, random(seed)).subarray(0, count);
  const data = new Uint8Array(count * size);
  order.forEach((from, i) => data.set(images.data.subarray(from * size, (from + 1) * size), i * size));
  return { x: new NDArray(data, [count, 28, 28, 1]), y: Int32Array.from(order, (i) => labels.data[i]!) };
}
/** Pairs of digits, and all that is asked of them. */
function pairs(part: { images: NDArray; labels: NDArray }, count: number, seed: number) {
  const [left, right] = [shuffled(part, count, seed), shuffled(part, count, seed + 1000)];
  const sum = left.y.map((digit, i) => digit + right.y[i]!);
  const larger = Float32Array.from(left.y, (digit, i) => Number(digit > right.y[i]!));
  return { x: { left: left.x, right: right.x }, y: { leftDigit: left.y, rightDigit: right.y, sum, larger } };
}
const seen = pairs(train, quick ? 4000 : 20_000, seed);
const unseen = pairs(test, quick ? 2000 : 10_000, 1);

const conv = (filters: number, kernelSize: number, strides = 1) =>
  layers.conv2d({ filters, kernelSize, strides, padding: 'same', activation: 'relu' });

/** Four branches over the same maps, put together along the channels: four times as many as there are filters. */
function inception(x: layers.KerasTensor, filters: number): layers.KerasTensor {
  const pooled = layers.maxPooling2d({ poolSize: 3, strides: 1, padding: 'same' }).apply(x);
  const branches = [
    conv(filters, 1).apply(x),
    conv(filters, 3).apply(conv(filters, 1).apply(x)),
    conv(filters, 5).apply(conv(filters, 1).apply(x)),
    conv(filters, 1).apply(pooled),
  ];
  return layers.concatenate().apply(branches);
}

const picture = layers.input({ shape: [28, 28, 1] });
const strokes = conv(16, 5, 2).apply(layers.rescaling({ scale: 1 / 255 }).apply(picture));
const parts = layers.maxPooling2d({ poolSize: 2 }).apply(inception(strokes, 8));
const flat = layers.flatten().apply(inception(parts, 16));
const features = layers.dense({ units: 32, activation: 'relu' }).apply(flat);
const tower = new Model({ inputs: picture, outputs: features, name: 'tower' });

const left = layers.input({ shape: [28, 28, 1], name: 'left' });
const right = layers.input({ shape: [28, 28, 1], name: 'right' });
const [ofLeft, ofRight] = [tower.apply(left), tower.apply(right)];
const both = layers.concatenate().apply([ofLeft, ofRight]);
const compared = layers.dense({ units: 64, activation: 'relu' }).apply(both);
const oneOf = (units: number, name: string) => layers.dense({ units, activation: 'softmax', name });
const model = new Model({
  inputs: [left, right],
  outputs: {
    leftDigit: oneOf(10, 'leftDigit').apply(ofLeft),
    rightDigit: oneOf(10, 'rightDigit').apply(ofRight),
    sum: oneOf(19, 'sum').apply(compared),
    larger: layers.dense({ units: 1, activation: 'sigmoid', name: 'larger' }).apply(compared),
  },
});
const classes = 'sparseCategoricalCrossentropy';
const help = Number(flags.helpers);
model.compile({
  optimizer: optimizers.adam({ learningRate: 0.002 }),
  loss: { leftDigit: classes, rightDigit: classes, sum: classes, larger: 'binaryCrossentropy' },
  lossWeights: { leftDigit: help, rightDigit: help },
  metrics: { sum: 'accuracy', larger: 'accuracy' },
});
await utils.plotModel(tower, { toFile: out('tower.svg'), showShapes: true, showLayerActivations: true });
await utils.plotModel(model, { toFile: out('model.svg'), showShapes: true, showLayerNames: true });

const epochs = Number(flags.epochs);
const history = await model.fit(seen.x, seen.y, { epochs, batchSize: 32, verbose: 0, seed });
await visualization.plotHistory(history, { path: out('history.svg') });

const scores = await model.evaluate(unseen.x, unseen.y, { verbose: 0 });
const shown = { left: unseen.x.left.slice(0, 24), right: unseen.x.right.slice(0, 24) };
await visualization.plotImageGallery(ops.concatenate([shown.left, shown.right], { axis: 2 }), {
  yTrue: unseen.y.sum.subarray(0, 24),
  yPred: (await model.predict(shown)).sum,
  cols: 6,
  path: out('sums.png'),
});
figure('accuracy of the sums', scores['sum_accuracy']!, { atLeast: quick ? 0.8 : 0.93 });
figure('accuracy of which digit is larger', scores['larger_accuracy']!, { atLeast: quick ? 0.93 : 0.97 });
