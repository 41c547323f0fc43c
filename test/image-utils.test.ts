import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { NDArray, tensor, utils } from 'nodegrad';
import { errorOf, rejectionOf } from './support/run.js';

const folder = mkdtempSync(join(tmpdir(), 'nodegrad-images-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});
const at = (name: string) => join(folder, name);
const codeOf = async (run: () => Promise<unknown>) =>
  run().then(
    () => 'nothing',
    (error: unknown) => (error as { code: string }).code,
  );

/** 2 × 3 pixels of red, green and blue. */
const pixels = new NDArray(
  Uint8Array.from({ length: 18 }, (_, i) => i * 15),
  [2, 3, 3],
  'uint8',
);

describe('imgToArray', () => {
  it('gives float32 with the channels where they are wanted', () => {
    const last = utils.imgToArray(pixels);
    expect([last.dtype, last.shape, Array.from(last.data)]).toEqual([
      'float32',
      [2, 3, 3],
      Array.from(pixels.data),
    ]);
    const first = utils.imgToArray(pixels, { dataFormat: 'channelsFirst', dtype: 'int32' });
    expect([first.dtype, first.shape]).toEqual(['int32', [3, 2, 3]]);
    expect(Array.from(first.data).slice(0, 6)).toEqual([0, 45, 90, 135, 180, 225]);
    expect(utils.imgToArray(tensor([[1, 2]])).shape).toEqual([1, 2, 1]);
    expect(errorOf(() => utils.imgToArray([1])).code).toBe('SHAPE');
    expect(errorOf(() => utils.imgToArray(pixels, { dataFormat: 'last' as never })).code).toBe('ARGUMENT');
  });
});

describe('arrayToImg', () => {
  it('scales to bytes, or cuts', () => {
    const x = [[[-1], [0], [1]]];
    const scaled = utils.arrayToImg(x);
    // 127.5 is cut to 127, as NumPy does.
    expect([scaled.dtype, scaled.shape, Array.from(scaled.data)]).toEqual([
      'uint8',
      [1, 3, 1],
      [0, 127, 255],
    ]);
    expect(Array.from(utils.arrayToImg([[[-3], [7.9], [300]]], { scale: false }).data)).toEqual([0, 7, 255]);
    expect(Array.from(utils.arrayToImg([[[5], [5]]]).data)).toEqual([0, 0]);
    const first = utils.imgToArray(pixels, { dataFormat: 'channelsFirst' });
    expect(utils.arrayToImg(first, { dataFormat: 'channelsFirst', scale: false })).toEqual(pixels);
    expect(errorOf(() => utils.arrayToImg([[1]])).code).toBe('SHAPE');
    expect(errorOf(() => utils.arrayToImg([[[1, 2]]])).code).toBe('SHAPE');
  });
});

describe('saveImg and loadImg', () => {
  it('give the same image by a format that loses nothing', async () => {
    for (const [name, options] of [
      ['a.png', {}],
      ['b.bin', { fileFormat: 'png' }],
      ['c.TIFF', {}],
    ] as const) {
      await utils.saveImg(at(name), pixels, { scale: false, ...options });
      expect(await utils.loadImg(at(name))).toEqual(pixels);
    }
    const gray = await utils.loadImg(at('a.png'), { colorMode: 'grayscale' });
    expect([gray.dtype, gray.shape]).toEqual(['uint8', [2, 3, 1]]);
    const rgba = await utils.loadImg(at('a.png'), { colorMode: 'rgba' });
    expect([rgba.shape, rgba.data[3]]).toEqual([[2, 3, 4], 255]);
    await utils.saveImg(at('d.jpg'), rgba, { scale: false });
    expect((await utils.loadImg(at('d.jpg'))).shape).toEqual([2, 3, 3]);
  });

  it('bring it to a size, stretched or cut', async () => {
    await utils.saveImg(at('e.png'), [[[0], [255]]]);
    const options = { colorMode: 'grayscale', targetSize: [2, 2] } as const;
    expect(Array.from((await utils.loadImg(at('e.png'), options)).data)).toEqual([0, 255, 0, 255]);
    await utils.saveImg(at('f.png'), [[[0], [100], [200]]], { scale: false });
    const cut = await utils.loadImg(at('f.png'), { ...options, targetSize: [1, 1], keepAspectRatio: true });
    expect(Array.from(cut.data)).toEqual([100]);
  });

  it('refuse other options and what is no image', async () => {
    writeFileSync(at('text.png'), 'no image');
    expect(await codeOf(() => utils.loadImg(at('text.png')))).toBe('IO');
    expect(await codeOf(() => utils.loadImg(at('missing.png')))).toBe('IO');
    // A GIF that promises 65535 × 65535 pixels.
    const gif = Buffer.from('R0lGODlh/////4AAAAAAAP///ywAAAAA/////wAAAkQBADs=', 'base64');
    writeFileSync(at('large.gif'), gif);
    expect(await rejectionOf(utils.loadImg(at('large.gif')))).toMatchObject({
      code: 'IO',
      message: expect.stringMatching(/large.gif: expected at most 80\d+ pixels in \d+ bytes/) as string,
    });
    expect(await codeOf(() => utils.loadImg(at('a.png'), { targetSize: [0, 2] }))).toBe('ARGUMENT');
    expect(await codeOf(() => utils.loadImg(at('a.png'), { interpolation: 'box' as never }))).toBe(
      'ARGUMENT',
    );
    expect(await codeOf(() => utils.saveImg(at('a.txt'), pixels))).toBe('ARGUMENT');
    expect(await codeOf(() => utils.saveImg(join(folder, 'no', 'a.png'), pixels))).toBe('IO');
  });
});
