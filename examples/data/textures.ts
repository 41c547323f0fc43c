import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { random } from '../support/random.js';
import { skimageFolder } from './skimage.js';

/** The photographs of scikit-image that textures are cut from, and the part of each that has one: left, top, width, height. */
const SOURCES: Record<string, readonly [file: string, number, number, number, number]> = {
  brick: ['brick.png', 0, 0, 512, 512],
  fur: ['chelsea.png', 90, 10, 200, 75],
  grass: ['grass.png', 0, 0, 512, 512],
  gravel: ['gravel.png', 0, 0, 512, 512],
  print: ['page.png', 0, 0, 384, 140],
  tissue: ['ihc.png', 0, 0, 512, 512],
};

/** The classes, in the order of their numbers. */
export const textureNames: readonly string[] = Object.keys(SOURCES);

/** How patches are cut. */
export interface PatchOptions {
  /** Of each texture. */
  readonly count: number;
  /** Pixels a side. */
  readonly side: number;
  /** The half of each photograph that they come from: nothing of the left one is in the right one. */
  readonly half: 'left' | 'right';
  /** Degrees that a patch is turned by at most. Default 0. */
  readonly turn?: number;
  /** By what share it is brighter or darker at most. Default 0. */
  readonly light?: number;
  readonly seed: number;
}

/** Writes gray patches of textures as files `FOLDER/CLASS/NUMBER.png`; what was in the folder is removed. */
export async function writeTextures(folder: string, options: PatchOptions): Promise<void> {
  const { count, side, half, turn = 0, light = 0, seed } = options;
  await rm(folder, { recursive: true, force: true });
  const next = random(seed);
  const between = (low: number, high: number) => low + next() * (high - low);
  // What is turned is cut out larger, so that no corner is empty.
  const outer = turn === 0 ? side : Math.ceil(side * Math.SQRT2);
  const photos = skimageFolder();
  for (const [name, [file, left, top, width, height]] of Object.entries(SOURCES)) {
    await mkdir(join(folder, name), { recursive: true });
    const middle = Math.floor(width / 2);
    const region = { left: half === 'left' ? left : left + middle, top, width: middle, height };
    const photo = await pixels(sharp(join(photos, file)).extract(region));
    for (let i = 0; i < count; i++) {
      const place = {
        left: Math.floor(between(0, middle - outer + 1)),
        top: Math.floor(between(0, height - outer + 1)),
      };
      const cut = sharp(photo.data, photo.options).extract({ ...place, width: outer, height: outer });
      const turned = await pixels(cut.rotate(between(-turn, turn)));
      const inset = Math.floor((turned.options.raw.width - side) / 2);
      await sharp(turned.data, turned.options)
        .extract({ left: inset, top: inset, width: side, height: side })
        .linear(1 + between(-light, light), 0)
        .toColourspace('b-w')
        .toFile(join(folder, name, `${i}.png`));
    }
  }
}

/** Gray pixels, in the form that sharp takes. */
async function pixels(picture: ReturnType<typeof sharp>) {
  const { data, info } = await picture.toColourspace('b-w').raw().toBuffer({ resolveWithObject: true });
  return { data, options: { raw: info } };
}
