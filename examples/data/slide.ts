import { join } from 'node:path';
import { NDArray, utils } from 'nodegrad';
import sharp from 'sharp';
import { crop } from '../support/crop.js';
import { random } from '../support/random.js';
import { fetched } from './fetched.js';

/** What pens are made of. */
const INKS = ['#1d2a6b', '#14532d', '#111111', '#8b1a1a', '#1f6f9f'];

/** A piece of tissue stained with haematoxylin and eosin, uint8 [300, 500, 3]: from the Cancer Imaging Archive, in stardist 0.9 (BSD-3-Clause). */
export const loadSlide = (): Promise<NDArray> =>
  utils.loadImg(join(fetched('stardist'), 'stardist', 'data', 'images', 'histo.jpg'));

/** The columns from one to another of an image [height, width, channels]. */
export function columns(image: NDArray, from: number, to: number): NDArray {
  const [height, width, channels] = image.shape as [number, number, number];
  const data = new Uint8Array(height * (to - from) * channels);
  for (let y = 0; y < height; y++) {
    const row = image.data.subarray((y * width + from) * channels, (y * width + to) * channels);
    data.set(row, y * row.length);
  }
  return new NDArray(data, [height, to - from, channels]);
}

/**
 * A slide on which somebody has drawn with a pen, as pathologists do to mark what they have found.
 *
 * @returns The photo with three strokes, and where these are: uint8 [height, width, 1], 255 and 0.
 */
export async function inked(slide: NDArray, seed: number): Promise<{ photo: NDArray; ink: NDArray }> {
  const [height, width, channels] = slide.shape as [number, number, 3];
  const next = random(seed);
  const point = () => `${(next() * 1.2 - 0.1) * width} ${(next() * 1.2 - 0.1) * height}`;
  const strokes = Array.from({ length: 3 }, () => ({
    path: `M ${point()} Q ${point()} ${point()}`,
    color: INKS[Math.floor(next() * INKS.length)]!,
    thickness: 6 + 10 * next(),
    opacity: 0.55 + 0.4 * next(),
  }));
  const drawing = (how: (stroke: (typeof strokes)[number]) => string, paper = '') =>
    Buffer.from(
      `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${paper}${strokes
        .map((s) => `<path d="${s.path}" fill="none" stroke-width="${s.thickness}" ${how(s)}/>`)
        .join('')}</svg>`,
    );
  const photo = await sharp(slide.data as Uint8Array, { raw: { width, height, channels } })
    .composite([{ input: drawing((s) => `stroke="${s.color}" stroke-opacity="${s.opacity}"`) }])
    .removeAlpha()
    .raw()
    .toBuffer();
  const ink = await sharp(drawing(() => 'stroke="white"', '<rect width="100%" height="100%"/>'))
    .toColourspace('b-w')
    .removeAlpha()
    .raw()
    .toBuffer();
  return {
    photo: new NDArray(new Uint8Array(photo), [height, width, channels]),
    ink: new NDArray(new Uint8Array(ink), [height, width, 1]),
  };
}

/**
 * Patches of slides, every `stride` pixels.
 *
 * @returns Patches [n, size, size, 3], and the share of ink in each, [n].
 */
export function patches(slides: readonly { photo: NDArray; ink: NDArray }[], size: number, stride: number) {
  const images: NDArray[] = [];
  const shares: number[] = [];
  for (const { photo, ink } of slides) {
    const [height, width] = photo.shape as [number, number, number];
    for (let top = 0; top + size <= height; top += stride) {
      for (let left = 0; left + size <= width; left += stride) {
        images.push(crop(photo, top, left, size));
        const { data } = crop(ink, top, left, size);
        shares.push((data as Float32Array).reduce((sum, value) => sum + value / 255, 0) / data.length);
      }
    }
  }
  return { images, shares };
}
