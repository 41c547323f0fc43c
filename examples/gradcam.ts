/**
 * What does a net look at? Grad-CAM and saliency, and all that its layers make of a picture.
 *
 * A net learns six textures by small patches. Then it sees pictures of which the left half is of one texture and the right half of another.
 * Grad-CAM asks for the slope of one class's score with respect to the maps of the last convolution: the mean slope of a map is its weight, and
 * the weighted sum of the maps, where it is above 0, tells which places speak for the class. Saliency is the slope with respect to
 * the pixels. The figure is how much of the heat is in the half that is of the class; by chance it would be 0.5.
 *
 *     npm run example gradcam -- --epochs 30
 */
import {
  Model,
  Sequential,
  type Sym,
  compile,
  grad,
  layers,
  losses,
  ops,
  optimizers,
  utils,
  visualization,
} from 'nodegrad';
import { textureNames, writeTextures } from './data/textures.js';
import { example } from './support/example.js';

const { quick, flags, out, figure } = example({ epochs: '', seed: '1' });
const epochs = Number(flags.epochs || (quick ? 12 : 30));
const seed = Number(flags.seed);
const side = 32;
const each = 20;
const classes = textureNames.length;
await writeTextures(out('train'), { count: 40, side, half: 'left', seed });
await writeTextures(out('test'), { count: each, side, half: 'right', seed: 1 });
const options = { imageSize: side, colorMode: 'grayscale', verbose: false } as const;
const train = await utils.imageDatasetFromDirectory(out('train'), { ...options, seed });
const test = await utils.imageDatasetFromDirectory(out('test'), {
  ...options,
  shuffle: false,
  batchSize: classes * each,
});

const block = (filters: number) => [
  layers.conv2d({ filters, kernelSize: 3, padding: 'same', useBias: false }),
  layers.batchNormalization({ momentum: 0.9 }),
  layers.relu(),
];
// Of any size: after the convolutions comes their mean.
const model = new Sequential(
  [
    layers.input({ shape: [null, null, 1] }),
    layers.rescaling({ scale: 1 / 127.5, offset: -1 }),
    ...block(16),
    layers.maxPooling2d({ poolSize: 2 }),
    ...block(32),
    layers.maxPooling2d({ poolSize: 2 }),
    ...block(32),
    layers.globalAveragePooling2d(),
    layers.dense({ units: classes }),
  ],
  { seed },
);
model.compile({
  optimizer: optimizers.adam({ learningRate: 0.003 }),
  loss: losses.sparseCategoricalCrossentropy({ fromLogits: true }),
  metrics: ['accuracy'],
});
await model.fit(train.cache(), undefined, { epochs, verbose: 0, seed });
const { accuracy } = await model.evaluate(test, { verbose: 0 });

const [pooling, scores] = model.layers.slice(-2);
const convolutions = new Model({ inputs: model.inputs, outputs: pooling!.input as layers.KerasTensor });

/** The heat of a class, from 0 to 1 in each picture, the slopes of its score by the pixels, and how much heat is in each half. */
const explain = compile((pictures: Sym, labels: Sym) => {
  const maps = convolutions.apply(pictures);
  const logits = scores!.apply(pooling!.apply(maps));
  const score = ops.sum(ops.multiply(logits, ops.oneHot(labels, { depth: classes })));
  const [byMaps, byPixels] = grad(score, [maps, pictures]);
  const weights = ops.mean(byMaps!, { axis: [1, 2], keepDims: true });
  const sum = ops.relu(ops.sum(ops.multiply(weights, maps), { axis: -1, keepDims: true }));
  const scaled = (x: Sym) => ops.divide(x, ops.add(ops.max(x, { axis: [1, 2, 3], keepDims: true }), 1e-6));
  const heat = scaled(sum);
  const halves = ops.sum(ops.reshape(heat, [-1, side / 4, 2, side / 4]), { axis: [0, 1, 3] });
  return { heat, halves, saliency: scaled(ops.abs(byPixels!)) };
});

// Each patch on the left; on the right one of the texture before it.
const [batch] = await test.toArray();
const leftPatches = ops.cast(batch![0], 'float32');
const pictures = ops.concatenate([leftPatches, ops.roll(leftPatches, each, { axis: 0 })], { axis: 2 });
const left = await explain(pictures, batch![1]);
const right = await explain(pictures, ops.roll(batch![1], each));
const [inLeft, inRight] = [await left.halves.data(), await right.halves.data()];
const all = inLeft[0]! + inLeft[1]! + inRight[0]! + inRight[1]!;

/** One picture of each texture, in colours: heat is red. */
function shown(x: typeof pictures, heat: typeof pictures | number) {
  const some = (of: typeof pictures) =>
    ops.take(
      of,
      Array.from({ length: classes }, (_, i) => i * each),
      { axis: 0 },
    );
  const large = typeof heat === 'number' ? heat : ops.image.resize(some(heat), [side, 2 * side]);
  const rest = ops.multiply(some(x), ops.subtract(1, large));
  return ops.concatenate([ops.add(rest, ops.multiply(255, large)), rest, rest], { axis: -1 });
}
const rows = [
  shown(pictures, 0),
  shown(pictures, left.heat),
  shown(pictures, right.heat),
  shown(ops.multiply(255, left.saliency), 0),
];
const title = 'picture, heat of left class, of right, saliency';
await visualization.plotImageGallery(ops.concatenate(rows, { axis: 0 }), {
  cols: classes,
  title,
  path: out('gradcam.png'),
});
const convs = model.layers.filter((layer) => layer instanceof layers.Conv2D);
for (const [i, conv] of convs.entries())
  await visualization.plotFilters(conv, { path: out(`filters-${i + 1}.png`) });
await visualization.plotFeatureMaps(model, pictures.slice(0, 1), { path: out('layers.png') });
figure('accuracy on unseen patches', accuracy!, { atLeast: 0.7 });
figure('share of the heat in the half of the class', (inLeft[0]! + inRight[1]!) / all, { atLeast: 0.65 });
