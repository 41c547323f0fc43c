/**
 * Without layers or `fit`: own weights, own forward pass, own loop. What `Sequential` does for you, by hand.
 *
 * The weights come from a standard normal distribution, far too wide for sums over 3,136 inputs: the first losses are
 * near 20,000, and Adam spends its steps on bringing them down. Compare the He and Glorot initializers.
 *
 *     npm run example mnist-low-level -- --samples 200000
 */
import {
  type Sym,
  compile,
  datasets,
  initializers,
  ops,
  optimizers,
  variable,
  visualization,
} from 'nodegrad';
import { batches } from './support/batches.js';
import { example } from './support/example.js';

const { quick, flags, out, figure } = example({ samples: '', 'batch-size': '128', seed: '1' });
const samples = Number(flags.samples || (quick ? 12_800 : 200_000));
const batchSize = Number(flags['batch-size']);
const seed = Number(flags.seed);

/** Weights [height, width, inputs, filters] and [inputs, units], each with its bias. */
const shapes = {
  conv1: [5, 5, 1, 32],
  conv1Bias: [32],
  conv2: [5, 5, 32, 64],
  conv2Bias: [64],
  dense: [7 * 7 * 64, 1024],
  denseBias: [1024],
  out: [1024, 10],
  outBias: [10],
};
const normal = (name: keyof typeof shapes) =>
  variable(
    initializers
      .randomNormal({ mean: 0, stddev: 1, seed: seed * 100 + Object.keys(shapes).indexOf(name) })
      .tensor(shapes[name]),
  );
const weights = {
  conv1: normal('conv1'),
  conv1Bias: normal('conv1Bias'),
  conv2: normal('conv2'),
  conv2Bias: normal('conv2Bias'),
  dense: normal('dense'),
  denseBias: normal('denseBias'),
  out: normal('out'),
  outBias: normal('outBias'),
};

/** Pictures uint8 [n, 28, 28, 1] to logits [n, 10]; the rate is that of the dropout on the dense layer. */
function net(pictures: Sym, dropoutRate: number): Sym {
  const x = ops.divide(ops.cast(pictures, 'float32'), 255);
  const conv1 = ops.relu(ops.add(ops.conv(x, weights.conv1, { padding: 'same' }), weights.conv1Bias));
  const pool1 = ops.maxPool(conv1, { poolSize: 2 });
  const conv2 = ops.relu(ops.add(ops.conv(pool1, weights.conv2, { padding: 'same' }), weights.conv2Bias));
  const pool2 = ops.maxPool(conv2, { poolSize: 2 });
  const flat = ops.reshape(pool2, [-1, 7 * 7 * 64]);
  const dense = ops.relu(ops.add(ops.matmul(flat, weights.dense), weights.denseBias));
  const kept = dropoutRate > 0 ? ops.dropout(dense, { rate: dropoutRate, seed }) : dense;
  return ops.add(ops.matmul(kept, weights.out), weights.outBias);
}

/** The share of rows whose largest logit is at the label. */
function accuracyOf(logits: Sym, labels: Sym): Sym {
  const hit = ops.equal(ops.argmax(logits, { axis: -1 }), ops.cast(labels, 'int32'));
  return ops.mean(ops.cast(hit, 'float32'));
}

const adam = optimizers.adam({ learningRate: 0.001 });
const trainStep = compile((pictures: Sym, labels: Sym) => {
  const logits = net(pictures, 0.25);
  const loss = ops.mean(ops.softmaxCrossEntropy(logits, ops.oneHot(labels, { depth: 10 })));
  return { loss, accuracy: accuracyOf(logits, labels), ...adam.minimize(loss, Object.values(weights)) };
});
const test = compile((pictures: Sym, labels: Sym) => ({ accuracy: accuracyOf(net(pictures, 0), labels) }));

const mnist = await datasets.mnist();
const steps = Math.floor(samples / batchSize);
let step = 0;
const losses: number[] = [];
for (const [pictures, labels] of batches(mnist.train.images, mnist.train.labels, batchSize, seed)) {
  if (step++ === steps) break;
  const { loss, accuracy } = await trainStep(pictures, labels);
  if (step % 10 === 0) {
    const [l, a] = [await loss.item(), await accuracy.item()];
    losses.push(l);
    console.log(`samples ${step * batchSize}   batch loss ${l.toFixed(4)}   batch accuracy ${a.toFixed(4)}`);
  }
}

const { accuracy } = await test(mnist.test.images.slice(0, 256), mnist.test.labels.slice(0, 256));
console.log(`Accuracy on 256 test images: ${(await accuracy.item()).toFixed(4)}`);
await visualization.plotLines(
  { loss: losses },
  { xLabel: '10 steps', yLabel: 'loss', path: out('loss.svg') },
);
figure('accuracy on 256 test images', await accuracy.item(), { atLeast: quick ? 0.6 : 0.9 });
