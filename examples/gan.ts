/**
 * Two nets against each other: one draws digits of noise, the other tells them from real ones.
 *
 * The second learns to see what is drawn, the first to be taken for real (I. Goodfellow et al., Generative Adversarial Nets, 2014). Losses say
 * little here: they only say who is ahead. So a net that knows real digits reads what is drawn. The figure is the inception score (T. Salimans
 * et al., 2016) with its answers: 1 where they are all alike, 10 where it is sure of each digit and all ten are there as often; real ones have some 8.
 *
 *     npm run example gan -- --epochs 12 --seed 1
 */
import {
  Sequential,
  type Sym,
  compile,
  datasets,
  layers,
  losses,
  ops,
  optimizers,
  random,
  setSeed,
  visualization,
} from 'nodegrad';
import { batches } from './support/batches.js';
import { example } from './support/example.js';

const { quick, flags, out, figure } = example({ epochs: '', seed: '1' });
const seed = Number(flags.seed);
const { train, test } = await datasets.mnist();
const count = quick ? 10_000 : train.images.length;
const steps = Math.floor(count / 64) * Number(flags.epochs || (quick ? 4 : 12));
const NOISE = 32;

setSeed(seed);
const leaky = (units: number) => [layers.dense({ units }), layers.leakyReLU({ negativeSlope: 0.2 })];
const generator = new Sequential([
  layers.input({ shape: [NOISE] }),
  ...leaky(128),
  layers.batchNormalization(),
  ...leaky(256),
  layers.batchNormalization(),
  layers.dense({ units: 28 * 28, activation: 'sigmoid' }),
  layers.reshape({ targetShape: [28, 28, 1] }),
]);
const judge = new Sequential([
  layers.input({ shape: [28, 28, 1] }),
  layers.flatten(),
  ...leaky(256),
  layers.dropout({ rate: 0.3 }),
  ...leaky(128),
  layers.dropout({ rate: 0.3 }),
  layers.dense({ units: 1 }),
]);

const rate = { learningRate: 0.0005, beta1: 0.5 };
const optimizer = { judge: optimizers.adam(rate), generator: optimizers.adam(rate) };
const entropy = losses.binaryCrossentropy({ fromLogits: true });
const training = { training: true };
const trainStep = compile((bytes: Sym, noise: Sym) => {
  const real = ops.divide(ops.cast(bytes, 'float32'), 255);
  const drawn = generator.apply(noise, training);
  const told = (x: Sym, is: number) => {
    const logits = judge.apply(x, training);
    return entropy.call(ops.multiply(ops.onesLike(logits), is), logits);
  };
  // Real ones are 0.9 sure, so that the judge is never too sure of itself.
  const judged = ops.mean(ops.add(told(real, 0.9), told(ops.stopGradient(drawn), 0)));
  const taken = ops.mean(told(drawn, 1));
  return {
    ...{ judged, taken },
    ...optimizer.judge.minimize(judged, judge.trainableWeights),
    ...optimizer.generator.minimize(taken, generator.trainableWeights),
  };
});

const curves = { judge: [] as number[], generator: [] as number[] };
let step = 0;
for (const [pictures] of batches(train.images.slice(0, count), train.labels.slice(0, count), 64, seed)) {
  if (step++ === steps) break;
  const { judged, taken } = await trainStep(pictures, random.normal([64, NOISE]));
  if (step % 20 !== 0) continue;
  curves.judge.push(await judged.item());
  curves.generator.push(await taken.item());
}
await visualization.plotLines(curves, { xLabel: '20 steps', yLabel: 'loss', path: out('losses.svg') });

const reader = new Sequential([
  layers.input({ shape: [28, 28, 1] }),
  layers.flatten(),
  layers.dense({ units: 128, activation: 'relu' }),
  layers.dense({ units: 10, activation: 'softmax' }),
]);
reader.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy' });
const scaled = compile((bytes: Sym) => ops.divide(ops.cast(bytes, 'float32'), 255));
await reader.fit(await scaled(train.images.slice(0, 20_000)), train.labels.slice(0, 20_000), {
  epochs: 3,
  verbose: 0,
});

/** exp of the mean distance (Kullback and Leibler's) of the answers to single pictures from their mean. */
const score = compile((pictures: Sym) => {
  const answers = ops.clip(reader.apply(pictures), 1e-7, 1);
  const apart = ops.log(ops.divide(answers, ops.mean(answers, { axis: 0, keepDims: true })));
  return ops.exp(ops.mean(ops.sum(ops.multiply(answers, apart), { axis: 1 })));
});
const draw = compile((noise: Sym) => generator.apply(noise));
const drawn = await draw(random.normal([2000, NOISE]));
await visualization.plotImageGallery(ops.slice(drawn, [0, 0, 0, 0], [64, 28, 28, 1]), {
  ...{ cols: 16, valueRange: [0, 1] as const, scale: 0.6, path: out('drawn.png') },
});
const ofReal = await (await score(await scaled(test.images.slice(0, 2000)))).item();
console.log(`inception score of real digits: ${ofReal.toFixed(2)}`);
figure('inception score of drawn digits', await (await score(drawn)).item(), { atLeast: quick ? 2.5 : 5 });
