/**
 * Which pixels belong to a nucleus: segmentation by a U-Net.
 *
 * On the way down pictures become smaller and know more; on the way up they become large again, and each level gets what the level on the way
 * down knew of places (Ronneberger et al., 2015). Photo and mask are a pair of the Data Science Bowl of 2018. The net learns from
 * small squares of the left part, turned at random, and is asked about the right part. The stacks of the ISBI challenge of 2012 (membranes in
 * electron microscopy) are read in the same way:
 *
 *     npm run example unet -- --images train-volume.tif --masks train-labels.tif --width 32 --steps 2000
 */
import { Model, NDArray, layers, losses, optimizers, setSeed, visualization } from 'nodegrad';
import { brightness, insides, nucleiFiles, readStack } from './data/nuclei.js';
import { example } from './support/example.js';
import { random } from './support/random.js';

const { quick, flags, out, figure } = example({ images: '', masks: '', width: '', steps: '', seed: '1' }, [
  'images',
  'masks',
]);
if (!flags.images !== !flags.masks) throw new Error('--images and --masks: expected both or none');
const width = Number(flags.width || (quick ? 8 : 16));
const steps = Number(flags.steps || (quick ? 120 : 400));
const seed = Number(flags.seed);
setSeed(seed);
const files = flags.images ? flags : nucleiFiles();
const photos = await readStack(files.images);
const [light, truth] = [brightness(photos), insides(await readStack(files.masks))];
const [pages, rows, columns] = photos.shape;
/** Left of this column the net learns. */
const border = Math.floor((columns * 5) / 8);
const SIDE = 64;

/** A square with its corner at a place, turned by 0 to 7 of the eight ways to lay it. */
function square(from: Float32Array, [page, top, left]: readonly number[], way: number): Float32Array {
  return Float32Array.from({ length: SIDE * SIDE }, (_, i) => {
    let [y, x] = [Math.floor(i / SIDE), i % SIDE];
    if (way & 1) x = SIDE - 1 - x;
    if (way & 2) y = SIDE - 1 - y;
    if (way & 4) [y, x] = [x, y];
    return from[(page! * rows + top! + y) * columns + left! + x]!;
  });
}
const stacked = (squares: readonly Float32Array[]) =>
  new NDArray(Float32Array.from(squares.flatMap((one) => Array.from(one))), [squares.length, SIDE, SIDE, 1]);

function* batches(): Generator<[NDArray, NDArray]> {
  const next = random(seed);
  const below = (n: number) => Math.floor(next() * n);
  for (;;) {
    const places = Array.from({ length: 4 }, () => ({
      at: [below(pages), below(rows - SIDE + 1), below(border - SIDE + 1)],
      way: below(8),
    }));
    yield [
      stacked(places.map(({ at, way }) => square(light, at, way))),
      stacked(places.map(({ at, way }) => square(truth, at, way))),
    ];
  }
}
const tiles: number[][] = [];
for (let page = 0; page < pages; page++)
  for (let top = 0; top + SIDE <= rows; top += SIDE)
    for (let left = border; left + SIDE <= columns; left += SIDE) tiles.push([page, top, left]);
const x = stacked(tiles.map((at) => square(light, at, 0)));
const y = stacked(tiles.map((at) => square(truth, at, 0)));

type Place = layers.KerasTensor;
const conv = (filters: number, from: Place) =>
  layers.conv2d({ filters, kernelSize: 3, padding: 'same', activation: 'relu' }).apply(from);
const twice = (filters: number, from: Place) => conv(filters, conv(filters, from));
const inputs = layers.input({ shape: [SIDE, SIDE, 1] });
const skips: Place[] = [];
let level: Place = inputs;
for (const filters of [width, 2 * width, 4 * width]) {
  skips.push(twice(filters, level));
  level = layers.maxPooling2d({ poolSize: 2 }).apply(skips.at(-1)!);
}
level = twice(8 * width, level);
for (const filters of [4 * width, 2 * width, width]) {
  level = layers.conv2dTranspose({ filters, kernelSize: 2, strides: 2 }).apply(level);
  level = twice(filters, layers.concatenate().apply([level, skips.pop()!]));
}
const outputs = layers.conv2d({ filters: 1, kernelSize: 1, activation: 'sigmoid' }).apply(level);
const model = new Model({ inputs, outputs });
const learningRate = optimizers.schedules.cosineDecay({ initialLearningRate: 0.003, decaySteps: steps });
model.compile({
  optimizer: optimizers.adam({ learningRate }),
  loss: losses.binaryCrossentropy(),
  metrics: ['accuracy'],
});
const history = await model.fit(batches(), undefined, {
  epochs: 6,
  stepsPerEpoch: Math.ceil(steps / 6),
  validationData: [x, y],
  verbose: 2,
});
await visualization.plotHistory(history, { path: out('history.svg') });

const predicted = await (await model.predict(x)).data();
/** Of pixels with a number over a threshold, and those of nuclei: what both have over what either has, and twice that over the sum of both. */
function overlap(numbers: ArrayLike<number>, threshold: number, is: ArrayLike<number>) {
  let [both, sum] = [0, 0];
  for (let i = 0; i < is.length; i++) {
    both += Number(numbers[i]! > threshold && is[i]! > 0.5);
    sum += Number(numbers[i]! > threshold) + Number(is[i]! > 0.5);
  }
  return { iou: both / (sum - both), dice: (2 * both) / sum };
}
// What no net needs: pixels that are bright enough, by the threshold that is best where the net learned.
const isLeft = (_: number, i: number) => i % columns < border;
const [leftLight, leftTruth] = [light.filter(isLeft), truth.filter(isLeft)];
const thresholds = Array.from({ length: 99 }, (_, i) => (i + 1) / 100);
const ious = thresholds.map((threshold) => overlap(leftLight, threshold, leftTruth).iou);
const threshold = thresholds[ious.indexOf(Math.max(...ious))]!;
const [bright, found] = [overlap(x.data, threshold, y.data), overlap(predicted, 0.5, y.data)];
const shown = 6 * SIDE * SIDE;
await visualization.plotSegmentationMaskGallery(x.slice(0, 6), {
  yTrue: y.slice(0, 6),
  yPred: new NDArray(
    predicted.slice(0, shown).map((p) => Number(p > 0.5)),
    [6, SIDE, SIDE, 1],
  ),
  valueRange: [0, 1],
  path: out('masks.png'),
});
console.log(
  `Pixels brighter than ${threshold}: Dice ${bright.dice.toFixed(3)}, IoU ${bright.iou.toFixed(3)}. The net: Dice ${found.dice.toFixed(3)}.`,
);
figure('IoU: what both have, over what either has', found.iou, { atLeast: quick ? 0.6 : 0.8 });
figure('IoU over that of the best threshold', found.iou / bright.iou, { atLeast: quick ? 0.8 : 1.05 });
