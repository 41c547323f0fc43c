/**
 * Several things of several classes in a picture: a detector with a grid of anchors, all in one pass.
 *
 * Every place of a 12×12 grid has two anchors, squares of two sizes. For each anchor the net says whether a thing is there, how the
 * anchor has to be moved and stretched to fit it, and of which class it is. The loss is our own: cross-entropy for the first (few anchors have a thing,
 * so these weigh more), Huber's for the moves, cross-entropy for the class, the last two at anchors with a thing alone. Of boxes that cover
 * each other the best is kept. The figure is the mean average precision at an IoU of 0.5, on things that are new to the net.
 *
 *     npm run example detection -- --epochs 30 --scenes 4000
 */
import { Model, type Sym, layers, ops, optimizers, setSeed, visualization } from 'nodegrad';
import { type Props, drawScene, loadProps, picturesOf, thingClasses } from './data/scenes.js';
import { anchorTargets, boxesOf, gridAnchors } from './support/anchors.js';
import { example } from './support/example.js';
import { type Found, meanAveragePrecision } from './support/meanAveragePrecision.js';
import { random } from './support/random.js';

const { quick, flags, out, figure } = example({ epochs: '', scenes: '', seed: '1' });
const epochs = Number(flags.epochs || (quick ? 8 : 20));
const count = Number(flags.scenes || (quick ? 500 : 2500));
const seed = Number(flags.seed);
setSeed(seed);
const [SIDE, GRID, CLASSES] = [96, 12, 3];
const anchors = gridAnchors(SIDE, GRID, [20, 30]);

async function scenes(props: Props, n: number, from: number) {
  const next = random(from);
  const drawn = Array.from({ length: n }, () =>
    drawScene(props, next, { side: SIDE, count: 1 + Math.floor(next() * 4), sizes: [16, 34] }),
  );
  return { x: picturesOf(drawn, SIDE), y: await anchorTargets(anchors, drawn, CLASSES), drawn };
}

/** Of targets [n, anchors, 8] and what the net says about them: [n]. */
function loss(truth: Sym, said: Sym): Sym {
  const parts = (of: Sym) => ops.split(of, [1, 5], { axis: -1 }) as [Sym, Sym, Sym];
  const [[is, moves, kind], [logit, moved, kinds]] = [parts(truth), parts(said)];
  const there = ops.maximum(ops.mean(ops.sum(is, { axis: [1, 2] })), 1);
  const found = ops.multiply(ops.sigmoidCrossEntropy(logit, is), ops.add(ops.multiply(is, 4), 1));
  const apart = ops.abs(ops.subtract(moved, moves));
  const huber = ops.where(
    ops.less(apart, 0.2),
    ops.multiply(2.5, ops.square(apart)),
    ops.subtract(apart, 0.1),
  );
  const named = ops.negative(
    ops.sum(ops.multiply(kind, ops.logSoftmax(kinds)), { axis: -1, keepDims: true }),
  );
  const each = [
    found,
    ops.multiply(is, ops.sum(huber, { axis: -1, keepDims: true })),
    ops.multiply(is, named),
  ];
  return each.map((one) => ops.divide(ops.sum(one, { axis: [1, 2] }), there)).reduce((a, b) => ops.add(a, b));
}

type Place = layers.KerasTensor;
const inputs = layers.input({ shape: [SIDE, SIDE, 1] });
let features: Place = inputs;
for (const [filters, strides] of [
  [16, 2],
  [32, 2],
  [64, 2],
  [64, 1],
  [64, 1],
] as const) {
  features = layers
    .conv2d({ filters, kernelSize: 3, strides, padding: 'same', useBias: false })
    .apply(features);
  features = layers.relu().apply(layers.batchNormalization({ momentum: 0.9 }).apply(features));
}
const said = layers.conv2d({ filters: 2 * 8, kernelSize: 3, padding: 'same' }).apply(features);
const outputs = layers.reshape({ targetShape: [anchors.length, 8] }).apply(said);
const model = new Model({ inputs, outputs });
const learningRate = optimizers.schedules.cosineDecay({
  initialLearningRate: 0.004,
  decaySteps: epochs * Math.ceil(count / 16),
});
model.compile({ optimizer: optimizers.adam({ learningRate }), loss });

const { train, test } = await loadProps();
const seen = await scenes(train, count, seed);
const unseen = await scenes(test, 200, seed + 1000);
const history = await model.fit(seen.x, seen.y, { epochs, batchSize: 16, seed, verbose: 2 });
await visualization.plotHistory(history, { path: out('history.svg') });

const found = await boxesOf(anchors, await model.predict(unseen.x));

/** The boxes of the first scenes in lists of one length: class -1 is not drawn. */
const listed = (of: readonly Omit<Found, 'scores'>[]) => ({
  boxes: of.slice(0, 12).map(({ boxes }) => Array.from({ length: 10 }, (_, i) => boxes[i] ?? [0, 0, 0, 0])),
  labels: of.slice(0, 12).map(({ labels }) => Array.from({ length: 10 }, (_, i) => labels[i] ?? -1)),
});
const certain = found.map(({ boxes, labels, scores }) => {
  const isCertain = (_: unknown, i: number) => scores[i]! > 0.4;
  return { boxes: boxes.filter(isCertain), labels: labels.filter(isCertain) };
});
await visualization.plotBoundingBoxGallery(unseen.x.slice(0, 12), 'xyxy', {
  yTrue: listed(unseen.drawn),
  yPred: listed(certain),
  classMapping: thingClasses,
  valueRange: [0, 1],
  cols: 4,
  lineThickness: 1,
  fontScale: 0.6,
  legend: true,
  path: out('boxes.png'),
});
figure('mean average precision at an IoU of 0.5', meanAveragePrecision(unseen.drawn, found, CLASSES), {
  atLeast: quick ? 0.4 : 0.8,
});
