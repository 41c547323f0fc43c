/**
 * Image to image: a learned edge filter, against Sobel's.
 *
 * Sobel's windows measure how fast a picture changes; noise changes fast too, so in a noisy picture they find edges everywhere. A small
 * net sees noisy pieces of photos and is asked for the edges that Sobel finds in the clean ones. The figure is its error over that of Sobel's
 * windows after the best blur, on a photo that it has not seen.
 *
 *     npm run example edges -- --epochs 20 --noise 0.1
 */
import { join } from 'node:path';
import {
  type NDArray,
  Sequential,
  type Tensor,
  layers,
  ops,
  optimizers,
  random as draws,
  utils,
  visualization,
} from 'nodegrad';
import { skimageFolder } from './data/skimage.js';
import { crop } from './support/crop.js';
import { example } from './support/example.js';

const { quick, flags, out, figure } = example({ epochs: '', noise: '0.1', seed: '1' });
const epochs = Number(flags.epochs || (quick ? 5 : 20));
const seed = Number(flags.seed);
const SIDE = 64;

/** All pieces of a photo that are whole, from 0 to 1. */
async function pieces(name: string): Promise<NDArray[]> {
  const photo = await utils.loadImg(join(skimageFolder(), `${name}.png`), { colorMode: 'grayscale' });
  const [height, width] = photo.shape as [number, number];
  const found: NDArray[] = [];
  for (let top = 0; top + SIDE <= height; top += SIDE)
    for (let left = 0; left + SIDE <= width; left += SIDE) found.push(crop(photo, top, left, SIDE));
  return found;
}
/** How strong edges are, by Sobel's windows for both directions; the border, where zeros begin, has none. */
function sobel(images: Tensor): Tensor {
  const inner = ops.slice(images, [0, 0, 0, 0], [images.shape[0]!, SIDE, SIDE, 1]);
  const both = ops.squeeze(ops.image.sobelEdges(inner), 3);
  const strength = ops.sqrt(ops.sum(ops.square(both), { axis: -1, keepDims: true }));
  const shape = [0, 2, 2, 0].map((n) => [n, n] as const);
  return ops.pad(ops.slice(strength, [0, 2, 2, 0], [images.shape[0]!, SIDE - 4, SIDE - 4, 1]), shape);
}
async function pairs(names: readonly string[], from: number) {
  const clean = ops.divide(ops.stack((await Promise.all(names.map(pieces))).flat()), 255);
  const noise = draws.normal(clean.shape, { stddev: Number(flags.noise), seed: from });
  return { noisy: ops.add(clean, noise), edges: sobel(clean) };
}
const seen = await pairs(['chelsea', 'coins', 'motorcycle_left', 'astronaut', 'brick'], seed);
const unseen = await pairs(['camera'], seed + 1000);

const conv = (filters: number) =>
  layers.conv2d({ filters, kernelSize: 3, padding: 'same', activation: 'relu' });
const model = new Sequential(
  [
    layers.input({ shape: [SIDE, SIDE, 1] }),
    layers.conv2d({ filters: 16, kernelSize: 5, padding: 'same', activation: 'relu' }),
    conv(16),
    conv(16),
    layers.conv2d({ filters: 1, kernelSize: 3, padding: 'same' }),
  ],
  { seed },
);
model.compile({ optimizer: optimizers.adam({ learningRate: 0.003 }), loss: 'meanSquaredError' });
const history = await model.fit(seen.noisy, seen.edges, { epochs, batchSize: 4, seed, verbose: 2 });
await visualization.plotHistory(history, { path: out('history.svg') });
const error = await model.evaluate(unseen.noisy, unseen.edges, { verbose: 0 });

const errorOf = (answer: Tensor) => ops.mean(ops.square(ops.subtract(answer, unseen.edges))).item();
const blurs = [0.5, 0.8, 1, 1.3, 1.6, 2].map((sigma) =>
  sobel(ops.image.gaussianBlur(unseen.noisy, { kernelSize: [9, 9], sigma: [sigma, sigma] })),
);
const errors = await Promise.all(blurs.map(errorOf));
const best = errors.indexOf(Math.min(...errors));

const shown = [10, 18, 19, 20, 27, 28];
const rows = [
  unseen.noisy,
  ops.divide(sobel(unseen.noisy), 4),
  ops.divide(blurs[best]!, 4),
  ops.divide(await model.predict(unseen.noisy), 4),
  ops.divide(unseen.edges, 4),
];
await visualization.plotImageGallery(
  ops.concatenate(
    rows.map((row) => ops.clip(ops.take(row, shown, { axis: 0 }), 0, 1)),
    { axis: 0 },
  ),
  {
    cols: shown.length,
    valueRange: [0, 1],
    title: 'noisy; edges by Sobel, after a blur, by the net; those without noise',
    path: out('edges.png'),
  },
);
await visualization.plotFilters(model.getLayer({ index: 0 }), { path: out('filters.png') });
console.log(
  `squared error of Sobel: ${(await errorOf(sobel(unseen.noisy))).toFixed(4)}, after the best blur ${errors[best]!.toFixed(4)}`,
);
figure('squared error over that of Sobel after the best blur', error['loss']! / errors[best]!, {
  atMost: quick ? 0.9 : 0.65,
});
