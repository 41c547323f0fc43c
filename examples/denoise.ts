/**
 * Image to image: a net that takes noise away.
 *
 * It sees digits with noise on them and is asked for the clean ones. An encoder makes the pictures smaller and their channels more, so that it
 * has to say what is there; a decoder draws that again. The figure is the error over that of the best blur by hand.
 *
 *     npm run example denoise -- --epochs 5
 */
import { NDArray, Sequential, datasets, layers, ops, random, visualization } from 'nodegrad';
import { example } from './support/example.js';

const { quick, flags, out, figure } = example({ epochs: '' });
const epochs = Number(flags.epochs || (quick ? 2 : 5));
const { train, test } = await datasets.mnist();

/** Clean pictures from 0 to 1, and the same with noise. */
async function pictures(images: NDArray, seed: number) {
  const clean = new NDArray(
    Float32Array.from(images.data, (byte) => byte / 255),
    images.shape,
  );
  const noise = random.normal(images.shape, { stddev: 0.4, seed });
  const noisy = ops.clip(ops.add(clean, noise), 0, 1);
  return { clean, noisy: new NDArray(Float32Array.from(await noisy.data()), images.shape) };
}
const seen = await pictures(train.images.slice(0, quick ? 2000 : 20_000), 1);
const unseen = await pictures(test.images.slice(0, 1000), 2);

const conv = (filters: number, strides = 1) =>
  layers.conv2d({ filters, kernelSize: 3, strides, padding: 'same', activation: 'relu' });
const model = new Sequential(
  [
    layers.input({ shape: [28, 28, 1] }),
    conv(32),
    conv(64, 2),
    conv(64),
    layers.conv2dTranspose({ filters: 32, kernelSize: 3, strides: 2, padding: 'same', activation: 'relu' }),
    layers.conv2d({ filters: 1, kernelSize: 3, padding: 'same', activation: 'sigmoid' }),
  ],
  { seed: 1 },
);
model.compile({ optimizer: 'adam', loss: 'binaryCrossentropy', metrics: ['meanSquaredError'] });
await model.fit(seen.noisy, seen.clean, { epochs, batchSize: 64, verbose: 0, seed: 1 });
const { meanSquaredError: error } = await model.evaluate(unseen.noisy, unseen.clean, { verbose: 0 });

const errors: number[] = [];
for (const sigma of [0.4, 0.6, 0.8, 1]) {
  const blurred = ops.image.gaussianBlur(unseen.noisy, { kernelSize: [5, 5], sigma: [sigma, sigma] });
  errors.push(await ops.mean(ops.square(ops.subtract(blurred, unseen.clean))).item());
}
const cleaned = await model.predict(unseen.noisy.slice(0, 10));
await visualization.plotImageGallery(
  ops.concatenate([unseen.noisy.slice(0, 10), cleaned, unseen.clean.slice(0, 10)], { axis: 0 }),
  {
    cols: 10,
    valueRange: [0, 1],
    scale: 0.8,
    title: 'with noise, cleaned, as it was',
    path: out('digits.png'),
  },
);
await visualization.plotFilters(model.getLayer({ index: 0 }), { path: out('filters.png') });
console.log(`squared error: net ${error!.toFixed(4)}, best blur ${Math.min(...errors).toFixed(4)}`);
figure('squared error over that of the best blur', error! / Math.min(...errors), {
  atMost: quick ? 0.7 : 0.4,
});
