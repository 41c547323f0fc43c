import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { type NDArray, Sequential, layers, utils } from 'nodegrad';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { rejectionOf } from './support/run.js';

const root = mkdtempSync(join(tmpdir(), 'nodegrad-folders-'));
const images = join(root, 'images');
const texts = join(root, 'texts');
const sounds = join(root, 'sounds');
const quiet = { verbose: false, shuffle: false } as const;

/** A picture of one colour. */
const picture = (r: number, width = 8, height = 4) =>
  sharp({ create: { width, height, channels: 3, background: { r, g: 100, b: 200 } } });

/** A WAV file of integers with 16 bits. */
function wav(samples: readonly number[], channels = 1, rate = 8000): Uint8Array {
  const data = Buffer.from(Int16Array.from(samples).buffer);
  const head = Buffer.alloc(44);
  head.write('RIFF', 0, 'latin1');
  head.writeUInt32LE(36 + data.length, 4);
  head.write('WAVEfmt ', 8, 'latin1');
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(channels, 22);
  head.writeUInt32LE(rate, 24);
  head.writeUInt32LE(rate * channels * 2, 28);
  head.writeUInt16LE(channels * 2, 32);
  head.writeUInt16LE(16, 34);
  head.write('data', 36, 'latin1');
  head.writeUInt32LE(data.length, 40);
  return Buffer.concat([head, data]);
}

beforeAll(async () => {
  for (const name of ['cat', 'dog/deep', '.hidden']) mkdirSync(join(images, name), { recursive: true });
  // The red of each picture tells its place in the sorted list.
  for (let i = 0; i < 4; i++)
    await picture(i * 10)
      .png()
      .toFile(join(images, 'cat', `${i}.png`));
  for (let i = 4; i < 9; i++)
    await picture(i * 10)
      .png()
      .toFile(join(images, 'dog', `${i}.PNG`));
  await picture(90).png().toFile(join(images, 'dog/deep/a.png'));
  writeFileSync(join(images, 'cat', 'notes.txt'), 'no picture');
  for (const [folder, text] of [
    ['a', 'foo bar'],
    ['a', 'bär'],
    ['b', 'baz'],
  ] as const) {
    mkdirSync(join(texts, folder), { recursive: true });
    writeFileSync(join(texts, folder, `${text.slice(0, 2)}.txt`), text);
  }
  mkdirSync(join(sounds, 'a'), { recursive: true });
  writeFileSync(join(sounds, 'a', '1.wav'), wav([0, 16384, -32768]));
  writeFileSync(join(sounds, 'a', '2.wav'), wav([32767]));
});
afterAll(() => {
  rmSync(root, { recursive: true });
});

const reds = ({ data, shape: [n = 0] }: NDArray) => {
  const size = data.length / n;
  return Array.from({ length: n }, (_, i) => data[i * size]);
};

describe('imageDatasetFromDirectory', () => {
  it('gives images with the numbers of their folders, sorted', async () => {
    const dataset = await utils.imageDatasetFromDirectory(images, {
      ...quiet,
      imageSize: [2, 3],
      batchSize: 4,
    });
    expect(dataset.classNames).toEqual(['cat', 'dog']);
    expect(dataset.filePaths).toHaveLength(10);
    const batches = await dataset.toArray();
    expect(batches.map(([x]) => x.shape)).toEqual([
      [4, 2, 3, 3],
      [4, 2, 3, 3],
      [2, 2, 3, 3],
    ]);
    expect(batches.flatMap(([x]) => reds(x))).toEqual([0, 10, 20, 30, 40, 50, 60, 70, 80, 90]);
    expect(batches.flatMap(([, y]) => [...y.data])).toEqual([0, 0, 0, 0, 1, 1, 1, 1, 1, 1]);
    expect([...(batches[0]?.[0].data.subarray(0, 3) ?? [])]).toEqual([0, 100, 200]);
    expect(batches[0]?.[1].dtype).toBe('int32');
  });

  it('takes the forms of labels and colours', async () => {
    const first = async (options: Parameters<typeof utils.imageDatasetFromDirectory>[1]) => {
      const dataset = await utils.imageDatasetFromDirectory(images, { ...quiet, imageSize: 2, ...options });
      return (await dataset.take(1).toArray())[0]!;
    };
    const [gray, oneHot] = await first({
      colorMode: 'grayscale',
      labelMode: 'categorical',
      classNames: ['dog', 'cat'],
    });
    expect([gray.shape, oneHot.shape, [...oneHot.data.subarray(0, 2)]]).toEqual([
      [10, 2, 2, 1],
      [10, 2],
      [1, 0],
    ]);
    const [rgba, binary] = await first({ colorMode: 'rgba', labelMode: 'binary' });
    expect([rgba.shape, binary.shape, binary.dtype]).toEqual([[10, 2, 2, 4], [10, 1], 'float32']);
    const [planes] = await first({ dataFormat: 'channelsFirst' });
    expect([planes.shape, [...planes.data.subarray(0, 12)]]).toEqual([
      [10, 3, 2, 2],
      [0, 0, 0, 0, 100, 100, 100, 100, 200, 200, 200, 200],
    ]);
    const [, given] = await first({ labels: [3, 1, 4, 1, 5, 9, 2, 6, 5, 3] });
    expect([...given.data]).toEqual([3, 1, 4, 1, 5, 9, 2, 6, 5, 3]);
    const alone = await utils.imageDatasetFromDirectory(images, {
      ...quiet,
      labels: null,
      batchSize: null,
      imageSize: 2,
    });
    expect((await alone.toArray()).map(({ shape }) => shape)).toEqual(Array(10).fill([2, 2, 3]));
  });

  it('keeps proportions where it is told to', async () => {
    const options = { ...quiet, labels: null, imageSize: [8, 8], batchSize: 1 } as const;
    // 8 × 4 pixels in 8 × 8: two rows of black above and below.
    const padded = await utils.imageDatasetFromDirectory(images, { ...options, padToAspectRatio: true });
    const [image] = await padded.take(1).toArray();
    expect([0, 1, 2, 5, 6, 7].map((row) => image?.data[row * 24 + 2])).toEqual([0, 0, 200, 200, 0, 0]);
    const cropped = await utils.imageDatasetFromDirectory(images, { ...options, cropToAspectRatio: true });
    expect((await cropped.take(1).toArray())[0]?.data.every((v, i) => v === [0, 100, 200][i % 3])).toBe(true);
  });

  it('splits and shuffles by the seed', async () => {
    const options = { verbose: false, imageSize: 2, seed: 3, validationSplit: 0.3, batchSize: 10 } as const;
    const read = async (dataset: utils.FolderDataset<[NDArray, NDArray]>) =>
      (await dataset.toArray()).flatMap(([x]) => reds(x));
    const [train, validation] = await utils.imageDatasetFromDirectory(images, { ...options, subset: 'both' });
    const orders = [await read(train), await read(train), await read(validation), await read(validation)];
    expect(orders.map((order) => order.length)).toEqual([7, 7, 3, 3]);
    expect(orders[1]).not.toEqual(orders[0]);
    expect(orders[3]).toEqual(orders[2]);
    const numbers = [...(orders[0] ?? []), ...(orders[2] ?? [])].map(Number).sort((a, b) => a - b);
    expect(numbers).toEqual([0, 10, 20, 30, 40, 50, 60, 70, 80, 90]);
    const alone = await utils.imageDatasetFromDirectory(images, { ...options, subset: 'validation' });
    expect((await read(alone)).sort()).toEqual(orders[2]?.sort());
  });

  it('says how many files there are, and follows links where it is told to', async () => {
    const written = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    const linked = join(root, 'linked');
    mkdirSync(join(linked, 'a'), { recursive: true });
    symlinkSync(join(images, 'cat'), join(linked, 'a', 'cat'));
    await utils.imageDatasetFromDirectory(images);
    const followed = await utils.imageDatasetFromDirectory(linked, { followLinks: true });
    expect(written.mock.calls.map(([text]) => text)).toEqual([
      'Found 10 files belonging to 2 classes.\n',
      'Found 4 files belonging to 1 classes.\n',
    ]);
    written.mockRestore();
    expect(followed.cardinality()).toBe(1);
    expect(await rejectionOf(utils.imageDatasetFromDirectory(linked, { verbose: false }))).toMatchObject({
      code: 'IO',
    });
  });

  it('names a link that leads nowhere, unless it is of no use', async () => {
    const dangling = join(root, 'dangling');
    const lock = join(dangling, 'a', '.#notes.txt');
    for (const name of ['a', 'b']) {
      mkdirSync(join(dangling, name), { recursive: true });
      writeFileSync(join(dangling, name, '1.png'), await picture(1).png().toBuffer());
    }
    // As editors lock files.
    symlinkSync('user@host.1', lock);
    symlinkSync('user@host.1', join(dangling, '.#lock'));
    for (const followLinks of [false, true])
      expect(
        (await utils.imageDatasetFromDirectory(dangling, { verbose: false, followLinks })).filePaths,
      ).toHaveLength(2);
    for (const link of [join(dangling, 'c'), join(dangling, 'b', '2.png')]) {
      symlinkSync(join(root, 'nowhere'), link);
      const { code, message } = await rejectionOf(
        utils.imageDatasetFromDirectory(dangling, { verbose: false }),
      );
      expect(code).toBe('IO');
      expect(message).toContain(`[imageDatasetFromDirectory] ${link}: `);
      rmSync(link);
    }
  });

  it('names the file that is no picture, and refuses options', async () => {
    const broken = join(root, 'broken');
    mkdirSync(join(broken, 'a'), { recursive: true });
    writeFileSync(join(broken, 'a', 'x.png'), 'no picture');
    const dataset = await utils.imageDatasetFromDirectory(broken, quiet);
    expect(await rejectionOf(dataset.toArray())).toMatchObject({
      code: 'IO',
      message: expect.stringContaining('x.png'),
    });
    for (const options of [
      { imageSize: 0 },
      { imageSize: [1] },
      { interpolation: 'area' },
      { colorMode: 'bgr' },
      { labelMode: 'both' },
      { labels: [1, 2] },
      { classNames: ['cow'] },
      { labels: null, classNames: ['cat'] },
      { validationSplit: 0.2 },
      { subset: 'training' },
      { validationSplit: 0.2, subset: 'training', shuffle: true },
      { validationSplit: 1.2, subset: 'both' },
      { cropToAspectRatio: true, padToAspectRatio: true },
      { batchSize: 0 },
      { size: 3 },
    ])
      expect(
        await rejectionOf(utils.imageDatasetFromDirectory(images, { ...quiet, ...options } as never)),
        JSON.stringify(options),
      ).toMatchObject({ code: 'ARGUMENT' });
    expect(await rejectionOf(utils.imageDatasetFromDirectory(join(root, 'none'), quiet))).toMatchObject({
      code: 'IO',
    });
  });

  it('is data for fit', async () => {
    const [train, validation] = await utils.imageDatasetFromDirectory(images, {
      verbose: false,
      imageSize: 4,
      seed: 1,
      validationSplit: 0.2,
      subset: 'both',
    });
    const model = new Sequential([
      layers.input({ shape: [4, 4, 3] }),
      layers.rescaling({ scale: 1 / 255 }),
      layers.flatten(),
      layers.dense({ units: 2, activation: 'softmax' }),
    ]);
    model.compile({ optimizer: 'sgd', loss: 'sparseCategoricalCrossentropy' });
    const { history } = await model.fit(train, undefined, {
      epochs: 2,
      verbose: 0,
      validationData: validation,
    });
    expect(history['val_loss']).toHaveLength(2);
  });
});

describe('textDatasetFromDirectory', () => {
  it('gives texts', async () => {
    const dataset = await utils.textDatasetFromDirectory(texts, quiet);
    const [[x, y] = []] = await dataset.toArray();
    expect([x, [...(y?.data ?? [])]]).toEqual([
      ['bär', 'foo bar', 'baz'],
      [0, 0, 1],
    ]);
    const cut = await utils.textDatasetFromDirectory(texts, {
      ...quiet,
      maxLength: 2,
      labels: null,
      batchSize: null,
    });
    expect((await cut.toArray()).slice(1)).toEqual(['fo', 'ba']);
  });
});

describe('audioDatasetFromDirectory', () => {
  it('gives sounds, filled up or cut', async () => {
    const dataset = await utils.audioDatasetFromDirectory(sounds, { ...quiet, samplingRate: 8000 });
    const [[x] = []] = await dataset.toArray();
    expect([x?.shape, [...(x?.data ?? [])]]).toEqual([
      [2, 3, 1],
      [0, 0.5, -1, 32767 / 32768, 0, 0],
    ]);
    const cut = await utils.audioDatasetFromDirectory(sounds, {
      ...quiet,
      outputSequenceLength: 2,
      labels: null,
    });
    expect((await cut.toArray()).map(({ shape }) => shape)).toEqual([[2, 2, 1]]);
  });

  it('names files that are wrong', async () => {
    const wrong = await utils.audioDatasetFromDirectory(sounds, { ...quiet, samplingRate: 16000 });
    expect(await rejectionOf(wrong.toArray())).toMatchObject({
      message: expect.stringContaining('received 8000'),
    });
    const broken = join(root, 'broken sounds');
    mkdirSync(join(broken, 'a'), { recursive: true });
    for (const bytes of [
      wav([1, 2, 3]).subarray(0, 46),
      wav([1]).subarray(0, 36),
      Buffer.from('RIFFxxxxWAVE'),
      Buffer.from('text'),
    ]) {
      writeFileSync(join(broken, 'a', 'x.wav'), bytes);
      const dataset = await utils.audioDatasetFromDirectory(broken, quiet);
      expect(await rejectionOf(dataset.toArray())).toMatchObject({
        code: 'IO',
        message: expect.stringContaining('x.wav'),
      });
    }
  });
});
