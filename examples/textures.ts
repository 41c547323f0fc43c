/**
 * Brick, fur, grass, gravel, print and tissue: a convolutional net on pictures in folders, with and without augmentation.
 *
 * There are few pictures to learn from, all upright and in one light; those to test with come from other parts of the photographs, turned
 * by any angle, brighter or darker. Layers at the begin of the net turn, flip and shade each picture anew in each epoch, on the fly, while
 * it is trained; when it is asked they do nothing. So the net learns what stays the same.
 *
 *     npm run example textures -- --pictures 40 --epochs 60
 */
import { Sequential, layers, optimizers, utils, visualization } from 'nodegrad';
import { textureNames, writeTextures } from './data/textures.js';
import { example } from './support/example.js';

const { quick, flags, out, figure } = example({ pictures: '', epochs: '', seed: '1' });
const epochs = Number(flags.epochs || (quick ? 20 : 60));
const count = Number(flags.pictures || (quick ? 30 : 60));
const seed = Number(flags.seed);
const side = 32;
await writeTextures(out('train'), { count, side, half: 'left', seed });
await writeTextures(out('test'), { count: 40, side, half: 'right', turn: 180, light: 0.4, seed: 1 });

const options = { imageSize: side, colorMode: 'grayscale', verbose: false } as const;
const train = await utils.imageDatasetFromDirectory(out('train'), { ...options, seed });
const test = await utils.imageDatasetFromDirectory(out('test'), { ...options, shuffle: false });
// Decoded once, and then kept.
const [seen, unseen] = [train.cache(), test.cache()];

const changes = () => [
  layers.randomFlip({ seed: 1 }),
  layers.randomRotation({ factor: 0.5, fillMode: 'reflect', seed: 2 }),
  layers.randomBrightness({ factor: 0.2, seed: 3 }),
  layers.randomContrast({ factor: 0.4, seed: 4 }),
];
const block = (filters: number) => [
  layers.conv2d({ filters, kernelSize: 3, padding: 'same', useBias: false }),
  layers.batchNormalization({ momentum: 0.9 }),
  layers.relu(),
];
const shrink = () => layers.maxPooling2d({ poolSize: 2 });

const curves: Record<string, readonly number[]> = {};
const accuracies: Record<string, number> = {};
for (const name of ['without', 'with']) {
  const model = new Sequential(
    [
      layers.input({ shape: [side, side, 1] }),
      ...(name === 'with' ? changes() : []),
      layers.rescaling({ scale: 1 / 127.5, offset: -1 }),
      ...block(16),
      shrink(),
      ...block(32),
      shrink(),
      ...block(64),
      layers.globalAveragePooling2d(),
      layers.dropout({ rate: 0.25 }),
      layers.dense({ units: textureNames.length, activation: 'softmax' }),
    ],
    { seed },
  );
  model.compile({
    optimizer: optimizers.adam({ learningRate: 0.003 }),
    loss: 'sparseCategoricalCrossentropy',
    metrics: ['accuracy'],
  });
  const { history } = await model.fit(seen, undefined, { epochs, verbose: 0, seed });
  curves[name] = history['loss']!;
  const { accuracy } = await model.evaluate(unseen, { verbose: 0 });
  accuracies[name] = accuracy!;
  await visualization.plotConfusionMatrix(
    (await unseen.toArray()).flatMap(([, labels]) => [...labels.data]),
    await model.predict(unseen),
    { displayLabels: textureNames, path: out(`confusion-${name}.svg`) },
  );
  console.log(
    `${name} augmentation: accuracy ${history['accuracy']!.at(-1)!.toFixed(3)}, of unseen pictures ${accuracy!.toFixed(3)}`,
  );
}
await visualization.plotLines(curves, { xLabel: 'epoch', yLabel: 'loss', path: out('losses.svg') });
figure('accuracy with augmentation', accuracies['with']!, { atLeast: 0.6 });
figure('what augmentation adds', accuracies['with']! - accuracies['without']!, {
  atLeast: 0.02,
});
