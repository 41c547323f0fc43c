/**
 * A variational autoencoder: digits on a plane.
 *
 * The encoder says for each digit where on a plane it may be: a mean and a deviation for each of two numbers. A point is drawn there, and the
 * decoder draws the digit again. The loss is what the drawing costs, and how far the places are from a standard normal distribution
 * (D. P. Kingma, M. Welling, Auto-Encoding Variational Bayes, 2013). So any point of the plane is a digit: the picture shows them all.
 *
 *     npm run example vae -- --epochs 10 --seed 1
 */
import {
  Sequential,
  type Sym,
  compile,
  datasets,
  layers,
  ops,
  optimizers,
  setSeed,
  visualization,
} from 'nodegrad';
import { batches } from './support/batches.js';
import { example } from './support/example.js';

const { quick, flags, out, figure } = example({ epochs: '', seed: '1' });
const seed = Number(flags.seed);
const { train, test } = await datasets.mnist();
const count = quick ? 6000 : train.images.length;
const steps = Math.floor(count / 64) * Number(flags.epochs || (quick ? 3 : 10));
const PLANE = 2;

setSeed(seed);
const encoder = new Sequential([
  layers.input({ shape: [28, 28, 1] }),
  layers.flatten(),
  layers.dense({ units: 256, activation: 'relu' }),
  layers.dense({ units: 128, activation: 'relu' }),
  layers.dense({ units: 2 * PLANE }),
]);
const decoder = new Sequential([
  layers.input({ shape: [PLANE] }),
  layers.dense({ units: 128, activation: 'relu' }),
  layers.dense({ units: 256, activation: 'relu' }),
  layers.dense({ units: 28 * 28 }),
  layers.reshape({ targetShape: [28, 28, 1] }),
]);

/** The mean and the logarithm of the variance of each picture's place. */
function places(pictures: Sym): [mean: Sym, logVariance: Sym] {
  const both = encoder.apply(pictures);
  return [ops.slice(both, [0, 0], [-1, PLANE]), ops.slice(both, [0, PLANE], [-1, PLANE])];
}

/** What a picture costs, in nats: the drawing, and its place. */
function costs(bytes: Sym): { drawing: Sym; place: Sym } {
  const pictures = ops.divide(ops.cast(bytes, 'float32'), 255);
  const [mean, logVariance] = places(pictures);
  const point = ops.add(mean, ops.multiply(ops.exp(ops.multiply(logVariance, 0.5)), ops.randomNormal(mean)));
  const drawn = ops.sigmoidCrossEntropy(decoder.apply(point), pictures);
  const apart = ops.subtract(ops.subtract(ops.add(ops.exp(logVariance), ops.square(mean)), 1), logVariance);
  return {
    drawing: ops.mean(ops.sum(drawn, { axis: [1, 2, 3] })),
    place: ops.mean(ops.multiply(ops.sum(apart, { axis: 1 }), 0.5)),
  };
}

const adam = optimizers.adam({ learningRate: 0.001 });
const trainStep = compile((bytes: Sym) => {
  const { drawing, place } = costs(bytes);
  const loss = ops.add(drawing, place);
  return { loss, ...adam.minimize(loss, [...encoder.trainableWeights, ...decoder.trainableWeights]) };
});
const measure = compile(costs);

const losses: number[] = [];
let step = 0;
for (const [pictures] of batches(train.images.slice(0, count), train.labels.slice(0, count), 64, seed)) {
  if (step++ === steps) break;
  const { loss } = await trainStep(pictures);
  if (step % 20 === 0) losses.push(await loss.item());
}
await visualization.plotLines(
  { loss: losses },
  { xLabel: '20 steps', yLabel: 'nats', path: out('loss.svg') },
);

const { drawing, place } = await measure(test.images);
const [ofDrawing, ofPlace] = [await drawing.item(), await place.item()];
console.log(`an unseen digit: ${ofDrawing.toFixed(1)} nats to draw it, ${ofPlace.toFixed(1)} for its place`);

// A point for each cell of the plane from -2.5 to 2.5.
const side = 15;
const at = (i: number) => (i / (side - 1) - 0.5) * 5;
const grid = Array.from({ length: side * side }, (_, i) => [at(i % side), at(Math.floor(i / side))]);
const draw = compile((points: Sym) => ops.sigmoid(decoder.apply(points)));
await visualization.plotImageGallery(await draw(grid), {
  ...{ cols: side, valueRange: [0, 1] as const, scale: 0.5, path: out('plane.png') },
});
const redraw = compile((bytes: Sym) => {
  const pictures = ops.divide(ops.cast(bytes, 'float32'), 255);
  return ops.concatenate([pictures, ops.sigmoid(decoder.apply(places(pictures)[0]))], { axis: 0 });
});
await visualization.plotImageGallery(await redraw(test.images.slice(0, 10)), {
  ...{
    cols: 10,
    valueRange: [0, 1] as const,
    scale: 0.8,
    title: 'digits, drawn again',
    path: out('drawn-again.png'),
  },
});
figure('nats for an unseen digit', ofDrawing + ofPlace, { atMost: quick ? 200 : 155 });
