/**
 * What is in the picture, and where: a net with two outputs and a loss for each.
 *
 * Real coins, faces and nuclei, one a scene, on grass, gravel or bricks. The class is learned by cross-entropy, the four numbers of the box
 * (as shares of the sides) by squared error; the net minimizes a weighted sum. Things and pieces of background that it is tested with are new
 * to it.
 *
 *     npm run example localisation -- --epochs 20 --scenes 4000
 */
import { Model, NDArray, layers, ops, optimizers, setSeed, utils, visualization } from 'nodegrad';
import { type Props, type Scene, drawScene, loadProps, picturesOf, thingClasses } from './data/scenes.js';
import { example } from './support/example.js';
import { random } from './support/random.js';

const { quick, flags, out, figure } = example({ epochs: '', scenes: '', weight: '20', seed: '1' });
const epochs = Number(flags.epochs || (quick ? 6 : 12));
const count = Number(flags.scenes || (quick ? 1000 : 2000));
const seed = Number(flags.seed);
setSeed(seed);
const SIDE = 64;

const { train, test } = await loadProps();
function scenes(props: Props, n: number, from: number) {
  const next = random(from);
  const drawn = Array.from({ length: n }, () =>
    drawScene(props, next, { side: SIDE, count: 1, sizes: [18, 40] }),
  );
  const boxes = Float32Array.from(drawn.flatMap(({ boxes: [box] }: Scene) => box!.map((x) => x / SIDE)));
  return {
    x: picturesOf(drawn, SIDE),
    y: {
      class: Int32Array.from(drawn, ({ labels: [label] }) => label!),
      box: new NDArray(boxes, [n, 4]),
    },
  };
}
const seen = scenes(train, count, seed);
const unseen = scenes(test, 300, seed + 1000);

type Place = layers.KerasTensor;
const inputs = layers.input({ shape: [SIDE, SIDE, 1] });
let features: Place = inputs;
for (const filters of [16, 32, 64, 64]) {
  features = layers
    .conv2d({ filters, kernelSize: 3, strides: 2, padding: 'same', useBias: false })
    .apply(features);
  features = layers.relu().apply(layers.batchNormalization({ momentum: 0.9 }).apply(features));
}
// What it is: the strongest answer of any place. Where it is would be lost in that: there each place has its own weights.
const strongest = layers.globalMaxPooling2d().apply(features);
const dense = layers.dense({ units: 64, activation: 'relu' }).apply(layers.flatten().apply(features));
const model = new Model({
  inputs,
  outputs: {
    class: layers.dense({ units: 3, activation: 'softmax', name: 'class' }).apply(strongest),
    box: layers.dense({ units: 4, activation: 'sigmoid', name: 'box' }).apply(dense),
  },
});
const learningRate = optimizers.schedules.cosineDecay({
  initialLearningRate: 0.002,
  decaySteps: epochs * Math.ceil(count / 16),
});
model.compile({
  optimizer: optimizers.adam({ learningRate }),
  loss: { class: 'sparseCategoricalCrossentropy', box: 'meanSquaredError' },
  lossWeights: { class: 1, box: Number(flags.weight) },
  metrics: { class: ['accuracy'] },
});
const history = await model.fit(seen.x, seen.y, {
  epochs,
  batchSize: 16,
  seed,
  verbose: 2,
  validationData: [unseen.x, unseen.y],
});
await visualization.plotHistory(history, { path: out('history.svg') });

const { class: classes, box } = await model.predict(unseen.x);
const guesses = ops.argmax(classes, { axis: -1 });
const right = ops.mean(ops.cast(ops.equal(guesses, unseen.y.class), 'float32'));
// Of each pair the overlap alone: the diagonal of all boxes against all.
const overlaps = ops.diagonal(
  utils.boundingBoxes.computeIou(unseen.y.box, box, { boundingBoxFormat: 'xyxy' }),
);
const shown = { boxes: unseen.y.box.slice(0, 12), labels: unseen.y.class.slice(0, 12) };
await visualization.plotBoundingBoxGallery(unseen.x.slice(0, 12), 'relXyxy', {
  yTrue: { boxes: ops.expandDims(shown.boxes, 1), labels: ops.expandDims(shown.labels, 1) },
  yPred: {
    boxes: ops.expandDims(ops.slice(box, [0, 0], [12, 4]), 1),
    labels: ops.expandDims(ops.slice(guesses, [0], [12]), 1),
  },
  classMapping: thingClasses,
  valueRange: [0, 1],
  cols: 4,
  lineThickness: 1,
  fontScale: 0.6,
  legend: true,
  path: out('boxes.png'),
});
figure('share of scenes whose class is right', await right.item(), { atLeast: quick ? 0.75 : 0.9 });
figure('mean IoU of predicted and true boxes', await ops.mean(overlaps).item(), {
  atLeast: quick ? 0.4 : 0.6,
});
