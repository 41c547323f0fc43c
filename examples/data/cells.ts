import { join } from 'node:path';
import { File, ready } from 'h5wasm/node';
import { Dataset, type NDArray, ops, utils } from 'nodegrad';
import { crop } from '../support/crop.js';
import { skimageFolder } from './skimage.js';

/** What each stain takes from red, green and blue light: haematoxylin, eosin, diaminobenzidine (A. C. Ruifrok and D. A. Johnston, 2001). */
const STAINS = [
  [0.65, 0.7, 0.29],
  [0.07, 0.99, 0.11],
  [0.27, 0.57, 0.78],
];
/** A crop is 32 pixels wide and is enlarged to 64. */
const HALF = 16;
const SIDE = 64;
/** Cells above this row of the slide are there to train with. */
const BORDER = 288;

/** The classes of {@link writeCells}. */
export const cellClasses = ['tissue', 'gland'];

/**
 * Cuts cells out of scikit-image's slide of a colon (`ihc.png`) and writes them to an HDF5 file: `images`, uint8 [n, 64, 64, 3], gzipped, and
 * `labels`, uint8 [n].
 *
 * Nobody has labelled the slide. Nuclei are where the blue stain has its peaks; a cell is one of the gland (1) where there is brown stain
 * around it, else one of the tissue around the glands (0); those with a little of it are left out. Every third row is from the lower part
 * of the slide, and shares no pixel with the others: to test with.
 */
export async function writeCells(file: string): Promise<void> {
  const photo = await utils.loadImg(join(skimageFolder(), 'ihc.png'));
  const density = ops.negative(ops.log(ops.divide(ops.add(ops.cast(photo, 'float32'), 1), 256)));
  const [blue, , brown] = ops.split(ops.matmul(density, ops.inv(STAINS)), 3, { axis: -1 });
  const nuclei = ops.image.gaussianBlur(blue!, { kernelSize: [13, 13], sigma: [2.5, 2.5] });
  const peaks = ops.maxPool(ops.expandDims(nuclei, 0), { poolSize: 11, strides: 1, padding: 'same' });
  const around = ops.image.gaussianBlur(brown!, { kernelSize: [25, 25], sigma: [4, 4] });
  const [height, width] = photo.shape as [number, number];
  const [at, highest, stain] = await Promise.all([nuclei.data(), peaks.data(), around.data()]);

  const upper: [NDArray, number][] = [];
  const lower: [NDArray, number][] = [];
  for (let y = HALF; y <= height - HALF; y++) {
    for (let x = HALF; x <= width - HALF; x++) {
      const i = y * width + x;
      const isCell = at[i]! > 0.25 && at[i] === highest[i] && (stain[i]! < 0.25 || stain[i]! > 0.5);
      const part = y < BORDER ? upper : y >= BORDER + 2 * HALF ? lower : undefined;
      if (isCell) part?.push([crop(photo, y - HALF, x - HALF, 2 * HALF), Number(stain[i]! > 0.5)]);
    }
  }
  const pairs = Math.floor(upper.length / 2);
  const rows = lower.slice(0, pairs).flatMap((row, i) => [...upper.slice(2 * i, 2 * i + 2), row]);
  const crops = ops.stack(rows.map(([image]) => image));
  const images = ops.image.resize(crops, [SIDE, SIDE], { interpolation: 'bilinear' });

  await ready;
  const target = new File(file, 'w');
  target.create_dataset({
    name: 'images',
    data: Uint8Array.from(await images.data(), Math.round),
    shape: [rows.length, SIDE, SIDE, 3],
    chunks: [16, SIDE, SIDE, 3],
    compression: 'gzip',
  });
  target.create_dataset({ name: 'labels', data: Uint8Array.from(rows, ([, label]) => label) });
  target.close();
}

/**
 * Two classes of images in an HDF5 file, a few in memory at a time: every third row to test with, the others to train with.
 *
 * @param names Of the arrays of images, bytes [n, height, width, 3], and classes, 0 or 1, [n].
 * @returns Elements [image, the class as one-hot].
 */
export function readCells(file: string, names: readonly [string, string]) {
  const rows = Dataset.hdf5(file, names).map(
    ([image, label]) => [image, Float32Array.of(1 - label.data[0]!, label.data[0]!)] as const,
  );
  return {
    train: rows.filter((_, i) => i % 3 !== 2),
    test: rows.filter((_, i) => i % 3 === 2),
  };
}
