/**
 * Face or no face: a net of several layers from scratch, with backpropagation by hand, and the same net of layers.
 *
 * Forward: z = a·W + b, a = relu(z), at the end the sigmoid. Backward, from the last layer to the first: dz = (a − y)/n at the end, where
 * sigmoid and cross-entropy cancel; dW = aᵀ·dz, db = the sum of dz, and dz·Wᵀ times relu's slope goes to the layer before. The
 * gradients by hand are compared with those of `grad`; then both nets are trained by gradient descent.
 *
 *     npm run example faces -- --layers 20,7,5 --steps 1500
 */
import {
  type Sym,
  type Variable,
  Sequential,
  compile,
  grad,
  initializers,
  layers,
  losses,
  ops,
  optimizers,
  variable,
  visualization,
} from 'nodegrad';
import { loadFaces } from './data/skimage.js';
import { example } from './support/example.js';

const { quick, flags, out, figure } = example({ layers: '20,7,5', steps: '', rate: '0.1' });
const steps = Number(flags.steps || (quick ? 400 : 1500));
const { images, labels } = await loadFaces();
const [train, test] = [images.slice(0, 150), images.slice(150)];
const [truth, unseen] = [labels.slice(0, 150), labels.slice(150)];

const units = [25 * 25, ...flags.layers.split(',').map(Number), 1];
const weights = units.slice(1).map((n, i) => ({
  w: variable(initializers.heNormal({ seed: i }).tensor([units[i]!, n])),
  b: variable(initializers.zeros().tensor([n])),
}));
const all: Variable[] = weights.flatMap(({ w, b }) => [w, b]);

/** What each layer puts out, the input first; of the last one the logits. */
function forward(x: Sym): Sym[] {
  const outputs: Sym[] = [ops.reshape(x, [-1, units[0]!])];
  for (const [i, { w, b }] of weights.entries()) {
    const z = ops.add(ops.matmul(outputs.at(-1)!, w), b);
    outputs.push(i === weights.length - 1 ? z : ops.relu(z));
  }
  return outputs;
}

/** The gradients of all weights, worked out by hand. */
function backward(outputs: readonly Sym[], y: Sym): Sym[] {
  const gradients: Sym[] = [];
  let dz = ops.divide(ops.subtract(ops.sigmoid(outputs.at(-1)!), y), train.length);
  for (let i = weights.length - 1; i >= 0; i--) {
    const a = outputs[i]!;
    gradients.unshift(ops.matmul(a, dz, { transposeA: true }), ops.sum(dz, { axis: 0 }));
    const slope = ops.cast(ops.greater(a, 0), 'float32');
    dz = ops.multiply(ops.matmul(dz, weights[i]!.w, { transposeB: true }), slope);
  }
  return gradients;
}

const lossOf = (logits: Sym, y: Sym) => ops.mean(ops.sigmoidCrossEntropy(logits, y));
const compareGradients = compile((x: Sym, y: Sym) => {
  const outputs = forward(x);
  const byHand = backward(outputs, y);
  const byEngine = grad(lossOf(outputs.at(-1)!, y), all);
  return byHand
    .map((one, i) => ops.max(ops.abs(ops.subtract(one, byEngine[i]!))))
    .reduce((a, b) => ops.maximum(a, b));
});
const apart = await (await compareGradients(train, truth)).item();

const rate = Number(flags.rate);
const step = compile((x: Sym, y: Sym) => {
  const outputs = forward(x);
  for (const [i, gradient] of backward(outputs, y).entries())
    all[i]!.assign(ops.subtract(all[i]!, ops.multiply(rate, gradient)));
  return { loss: lossOf(outputs.at(-1)!, y) };
});
const accuracyOf = compile((x: Sym, y: Sym) => {
  const answer = ops.cast(ops.greater(forward(x).at(-1)!, 0), 'float32');
  return ops.mean(ops.cast(ops.equal(answer, y), 'float32'));
});

const model = new Sequential([
  layers.input({ shape: [25, 25, 1] }),
  layers.flatten(),
  ...units
    .slice(1, -1)
    .map((n, i) =>
      layers.dense({ units: n, activation: 'relu', kernelInitializer: initializers.heNormal({ seed: i }) }),
    ),
  layers.dense({ units: 1, kernelInitializer: initializers.heNormal({ seed: units.length - 2 }) }),
]);
model.compile({
  optimizer: optimizers.sgd({ learningRate: rate }),
  loss: losses.binaryCrossentropy({ fromLogits: true }),
});
const { history } = await model.fit(train, truth, {
  batchSize: 150,
  epochs: steps,
  shuffle: false,
  verbose: 0,
});

const byHand: number[] = [];
for (let i = 0; i < steps; i++) byHand.push(await (await step(train, truth)).loss.item());
await visualization.plotLines(
  { 'from scratch': byHand, 'with layers': history['loss']! },
  { xLabel: 'step', yLabel: 'loss', path: out('losses.svg') },
);
const predicted = ops.cast(ops.greater(await model.predict(test), 0), 'int32');
await visualization.plotImageGallery(test, {
  valueRange: [0, 1],
  yTrue: unseen,
  yPred: predicted,
  labelMap: ['other', 'face'],
  cols: 10,
  scale: 0.8,
  path: out('faces.png'),
});

figure('largest distance of gradients by hand from those of grad', apart, { atMost: 1e-6 });
const ratio = Math.max(...byHand.slice(0, 100).map((loss, i) => Math.abs(loss / history['loss']![i]! - 1)));
figure('relative distance of the losses of both nets in 100 steps', ratio, { atMost: 1e-3 });
figure('accuracy on unseen pictures', await (await accuracyOf(test, unseen)).item(), { atLeast: 0.85 });
