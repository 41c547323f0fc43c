/**
 * How weights begin decides whether a deep net learns: zeros, small random numbers, Xavier, He.
 *
 * Ten layers of 100 ReLU units read handwritten digits. With zeros all units are alike and stay so. With small random numbers each layer
 * shrinks what comes through, and with it the gradients. Xavier's and He's keep its size, He's counting that ReLU lets half of it
 * through (K. He et al., Delving deep into rectifiers, 2015). The histograms show what comes out of layers 1, 5 and 10 before training.
 *
 *     npm run example initialisation -- --epochs 20
 */
import {
  Model,
  NDArray,
  Sequential,
  type Tensor,
  datasets,
  initializers,
  layers,
  optimizers,
  visualization,
} from 'nodegrad';
import { example } from './support/example.js';

const { quick, flags, out, figure } = example({ epochs: '' });
const epochs = Number(flags.epochs || (quick ? 5 : 20));
const { train, test } = await datasets.mnist();
const [images, labels] = [train.images.slice(0, 4000), train.labels.slice(0, 4000)];

const DEPTH = 10;
const kinds = {
  zeros: () => initializers.zeros(),
  'small random': (seed: number) => initializers.randomNormal({ stddev: 0.01, seed }),
  Xavier: (seed: number) => initializers.glorotNormal({ seed }),
  He: (seed: number) => initializers.heNormal({ seed }),
};

const losses: Record<string, readonly number[]> = {};
const accuracies: Record<string, number> = {};
for (const [name, initializer] of Object.entries(kinds)) {
  const hidden = Array.from({ length: DEPTH }, (_, n) =>
    layers.dense({
      units: 100,
      activation: 'relu',
      kernelInitializer: initializer(n),
      name: `hidden${n + 1}`,
    }),
  );
  const model = new Sequential(
    [
      layers.input({ shape: images.shape.slice(1) }),
      layers.rescaling({ scale: 1 / 255 }),
      layers.flatten(),
      ...hidden,
      layers.dense({ units: 10, activation: 'softmax', kernelInitializer: initializer(DEPTH) }),
    ],
    { seed: 1 },
  );
  const shown = [1, 5, 10].map((n) => model.getLayer(`hidden${n}`));
  const viewer = new Model({ inputs: model.inputs, outputs: shown.map(({ output }) => output as never) });
  const outputs = (await viewer.predict(images.slice(0, 500))) as unknown as Tensor[];
  await visualization.plotHistogram(
    Object.fromEntries(outputs.map((output, i) => [shown[i]!.name, output])),
    { title: name, path: out(`${name.replace(' ', '-')}.svg`) },
  );
  model.compile({
    optimizer: optimizers.sgd({ learningRate: 0.05 }),
    loss: 'sparseCategoricalCrossentropy',
    metrics: ['accuracy'],
  });
  const { history } = await model.fit(images, labels, { epochs, verbose: 0, seed: 1 });
  const { accuracy } = await model.evaluate(test.images, test.labels, { verbose: 0 });
  losses[name] = history['loss']!;
  accuracies[name] = accuracy!;
  console.log(`${name.padEnd(13)} test accuracy ${accuracy!.toFixed(3)}`);
}
const longest = new NDArray(
  Float32Array.from({ length: epochs }, (_, i) => i + 1),
  [epochs],
);
await visualization.plotLines(losses, {
  x: longest,
  xLabel: 'epoch',
  yLabel: 'loss',
  path: out('losses.svg'),
});
figure('test accuracy with He’s', accuracies['He']!, { atLeast: quick ? 0.8 : 0.9 });
figure('test accuracy with zeros', accuracies['zeros']!, { atMost: 0.2 });
