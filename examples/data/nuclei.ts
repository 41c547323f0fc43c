import { join } from 'node:path';
import sharp from 'sharp';
import { fetched } from './fetched.js';

/** A photo of nuclei that glow, and who is who in it (Caicedo et al., 2019: the Data Science Bowl of 2018), both TIFF, in stardist 0.9. */
export const nucleiFiles = () => {
  const folder = join(fetched('stardist'), 'stardist', 'data', 'images');
  return { images: join(folder, 'img2d.tif'), masks: join(folder, 'mask2d.tif') };
};

/** All pages of a TIFF file of gray pictures, of 8 or 16 bits: uint16 numbers as they are, [pages, height, width]. */
export async function readStack(
  file: string,
): Promise<{ data: Uint16Array; shape: [number, number, number] }> {
  const { pages = 1, width, height } = await sharp(file).metadata();
  const data = new Uint16Array(pages * height * width);
  for (let page = 0; page < pages; page++) {
    const image = sharp(file, { page });
    const { depth } = await image.metadata();
    const bytes =
      depth === 'ushort'
        ? await image.toColourspace('grey16').raw({ depth: 'ushort' }).toBuffer()
        : await image.toColourspace('b-w').raw({ depth: 'uchar' }).toBuffer();
    const numbers =
      depth === 'ushort' ? new Uint16Array(new Uint8Array(bytes).buffer) : new Uint8Array(bytes);
    data.set(numbers, page * height * width);
  }
  return { data, shape: [pages, height, width] };
}

/** The pages from 0 to 1 (the brightest thousandth is 1 or more), float32. */
export function brightness({ data, shape: [pages, height, width] }: Awaited<ReturnType<typeof readStack>>) {
  const result = new Float32Array(data.length);
  for (let page = 0; page < pages; page++) {
    const numbers = data.subarray(page * height * width, (page + 1) * height * width);
    const sorted = numbers.slice().sort();
    const [low, high] = [sorted[0]!, sorted[Math.floor(0.999 * sorted.length)]!];
    numbers.forEach((value, i) => (result[page * height * width + i] = (value - low) / (high - low)));
  }
  return result;
}

/** 1 within a thing, 0 around it and where it touches another one: of masks with a number for each thing, or 0 and 255. */
export function insides({ data, shape: [, height, width] }: Awaited<ReturnType<typeof readStack>>) {
  return Float32Array.from(data, (label, i) => {
    const [y, x] = [Math.floor(i / width) % height, i % width];
    const isOther = (near: number, isThere: boolean) => isThere && data[near] !== 0 && data[near] !== label;
    const touches =
      isOther(i - 1, x > 0) ||
      isOther(i + 1, x < width - 1) ||
      isOther(i - width, y > 0) ||
      isOther(i + width, y < height - 1);
    return Number(label > 0 && !touches);
  });
}
