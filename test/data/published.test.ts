import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { parsePickle } from '../../lib/base/pickle.js';
import { tarMembers } from '../../lib/base/tar.js';
import type { NDArray } from '../../lib/core/ndarray.js';
import * as datasets from '../../lib/datasets/index.js';
import { idxBytes } from './idx-bytes.js';

const fixtures = fileURLToPath(new URL('../fixtures/datasets/', import.meta.url));
interface Case {
  options: object;
  values: unknown[];
}
interface Images {
  train: string;
  trainLabels: number[];
  test: string;
  testLabels: number[];
}
const keras = JSON.parse(await readFile(path.join(fixtures, 'expected.json'), 'utf8')) as {
  cifar10: Images;
  cifar100: { fine: Images; coarse: Images };
  imdb: Case[];
  reuters: Case[];
  bostonHousing: Case[];
  californiaHousing: Case[];
};

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'nodegrad-published-'));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  vi.unstubAllGlobals();
  await rm(folder, { recursive: true });
});

const hashOf = ({ data }: NDArray) =>
  createHash('sha256')
    .update(data as Uint8Array)
    .digest('hex');
const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => {
      throw new Error('expected a failure');
    },
    (error: unknown) => error as { code: string; message: string },
  );

const seen = ({ train, test }: datasets.Mnist) => ({
  train: hashOf(train.images),
  trainLabels: Array.from(train.labels.data),
  test: hashOf(test.images),
  testLabels: Array.from(test.labels.data),
});

describe('cifar', () => {
  it.each(['cifar-10-python.tar.gz', 'cifar-10-binary.tar.gz'])(
    'cifar10 as Keras reads it, of %s',
    async (name) => {
      const loaded = await datasets.cifar10({ path: fixtures + name });
      expect(loaded.train.images.shape).toEqual([15, 32, 32, 3]);
      expect(loaded.test.labels.shape).toEqual([3, 1]);
      expect(seen(loaded)).toEqual(keras.cifar10);
    },
  );

  it.each([
    ['cifar-100-python.tar.gz', 'fine'],
    ['cifar-100-python.tar.gz', 'coarse'],
    ['cifar-100-binary.tar.gz', 'fine'],
    ['cifar-100-binary.tar.gz', 'coarse'],
  ] as const)('cifar100 as Keras reads it, of %s, %s', async (name, labelMode) => {
    expect(seen(await datasets.cifar100({ path: fixtures + name, labelMode }))).toEqual(
      keras.cifar100[labelMode],
    );
  });

  async function unpack(name: string, into: string) {
    const members = tarMembers('test', name, gunzipSync(await readFile(fixtures + name)));
    for (const [member, bytes] of members) {
      await mkdir(path.dirname(path.join(into, member)), { recursive: true });
      await writeFile(path.join(into, member), bytes);
    }
    return members;
  }

  it('reads a folder of unpacked files, one above it, and one with the archive', async () => {
    await unpack('cifar-10-python.tar.gz', folder);
    for (const place of [folder, path.join(folder, 'cifar-10-batches-py'), fixtures])
      expect(seen(await datasets.cifar10({ path: place }))).toEqual(keras.cifar10);
  });

  it("reads what Keras unpacked, from Keras's folder", async () => {
    await unpack('cifar-100-binary.tar.gz', path.join(folder, 'datasets/cifar-100-python-target'));
    vi.stubEnv('KERAS_HOME', folder);
    vi.resetModules(); // variables are read once
    const fresh = await import('../../lib/datasets/index.js');
    expect(seen(await fresh.cifar100())).toEqual(keras.cifar100.fine);
  });

  it('names the file that is missing, cut or damaged', async () => {
    await unpack('cifar-10-python.tar.gz', folder);
    const inside = path.join(folder, 'cifar-10-batches-py');
    const file = path.join(inside, 'data_batch_3');
    const whole = await readFile(file);
    await writeFile(file, whole.subarray(0, whole.length - 100));
    expect(await failure(datasets.cifar10({ path: inside }))).toMatchObject({
      code: 'IO',
      message: expect.stringContaining(file) as string,
    });
    await rm(file);
    expect((await failure(datasets.cifar10({ path: inside }))).message).toContain('data_batch_3');
    const cut = path.join(folder, 'cut.tar.gz');
    const packed = gunzipSync(await readFile(`${fixtures}cifar-10-binary.tar.gz`));
    await writeFile(cut, gzipSync(packed.subarray(0, 5000)));
    expect((await failure(datasets.cifar10({ path: cut }))).message).toMatch(
      /cut\.tar\.gz: .*damaged or cut one at byte/,
    );
    await writeFile(cut, gzipSync(packed.subarray(0, 10752)));
    expect((await failure(datasets.cifar10({ path: cut }))).code).toBe('IO');
  });

  it('refuses other options', async () => {
    expect((await failure(datasets.cifar100({ labelMode: 'all' as never }))).code).toBe('ARGUMENT');
    expect((await failure(datasets.cifar10({ labelMode: 'fine' } as never))).code).toBe('ARGUMENT');
  });
});

describe('texts', () => {
  const values = ({ train, test }: datasets.SplitTexts) => [
    train.x,
    Array.from(train.y.data),
    test.x,
    Array.from(test.y.data),
  ];
  it.each(keras.imdb)('imdb as Keras gives it: $options', async ({ options, values: wanted }) => {
    const loaded = await datasets.imdb({ path: fixtures, ...options });
    expect(values(loaded)).toEqual(wanted);
    expect(loaded.train.y.dtype).toBe('int32');
  });
  it.each(keras.reuters)('reuters as Keras gives it: $options', async ({ options, values: wanted }) => {
    expect(values(await datasets.reuters({ path: fixtures, ...options }))).toEqual(wanted);
  });

  it('refuses what Keras refuses, and options that are none', async () => {
    const path_ = { path: fixtures };
    expect((await failure(datasets.imdb({ ...path_, maxlen: 1 }))).message).toContain(
      'maxlen 1 left no text',
    );
    for (const wrong of [{ seed: -1 }, { seed: 2 ** 32 }, { numWords: 0 }, { skipTop: 0.5 }, { nunWords: 5 }])
      expect((await failure(datasets.imdb({ ...path_, ...wrong }))).code).toBe('ARGUMENT');
    expect((await failure(datasets.reuters({ ...path_, testSplit: 1 }))).code).toBe('ARGUMENT');
  });

  it('gives the index of words and the names of topics', async () => {
    const file = path.join(folder, 'imdb_word_index.json');
    await writeFile(file, '{"the": 1, "constructor": 2, "__proto__": 3}');
    const words = await datasets.imdb.getWordIndex({ path: folder });
    expect([...words]).toEqual([
      ['the', 1],
      ['constructor', 2],
      ['__proto__', 3],
    ]);
    await writeFile(file, '{"the": 1, "con');
    expect((await failure(datasets.imdb.getWordIndex({ path: folder }))).message).toContain(
      `${file}: expected JSON`,
    );
    const names = datasets.reuters.getLabelNames();
    expect([names.length, names[3], names[45]]).toEqual([46, 'earn', 'lead']);
  });
});

describe('houses', () => {
  it.each(keras.bostonHousing)('bostonHousing as Keras gives it: $options', async ({ options, values }) => {
    const { train, test } = await datasets.bostonHousing({
      path: `${fixtures}boston_housing.npz`,
      ...options,
    });
    const rows = ({ data }: NDArray) =>
      Array.from({ length: data.length / 13 }, (_, i) => Array.from(data.subarray(i * 13, i * 13 + 13)));
    expect([rows(train.x), Array.from(train.y.data), rows(test.x), Array.from(test.y.data)]).toEqual(values);
    expect(train.x.dtype).toBe('float32');
  });
  it.each(keras.californiaHousing)(
    'californiaHousing as Keras gives it: $options',
    async ({ options, values }) => {
      const { train, test } = await datasets.californiaHousing({ path: fixtures, ...options });
      const begin = ({ data }: NDArray) => [Array.from(data.subarray(0, 20)), data.length];
      expect([...begin(train.y), ...begin(test.y)]).toEqual(values);
      expect(train.x.shape).toEqual([train.y.length, 8]);
      // Row i of the file has 8 i, 8 i + 1, … and the target 100 i.
      expect(train.x.data[0]).toBe(((train.y.data[0] ?? 0) / 100) * 8);
    },
  );
});

describe('fashionMnist and digits', () => {
  it('reads the files of a folder', async () => {
    for (const [part, n] of [
      ['train', 3],
      ['t10k', 2],
    ] as const) {
      const images = idxBytes('uint8', [n, 2, 2], [...Array(n * 4).keys()]);
      await writeFile(path.join(folder, `${part}-images-idx3-ubyte.gz`), gzipSync(images));
      await writeFile(
        path.join(folder, `${part}-labels-idx1-ubyte.gz`),
        gzipSync(idxBytes('uint8', [n], Array(n).fill(n))),
      );
    }
    const { train, test } = await datasets.fashionMnist({ folder });
    expect([train.images.shape, test.images.shape]).toEqual([
      [3, 2, 2, 1],
      [2, 2, 2, 1],
    ]);
    expect(Array.from(train.labels.data)).toEqual([3, 3, 3]);
    // The cache holds the published files alone: others are told by their checksum.
    expect((await failure(datasets.fashionMnist({ cacheFolder: folder }))).message).toMatch(
      /train-images-idx3-ubyte\.gz: expected contents with md5 8d4fb7e6/,
    );
    const none = await failure(datasets.fashionMnist({ folder: path.join(folder, 'none') }));
    expect(none.message).toContain('[datasets.fashionMnist] expected one of train-images-idx3-ubyte');
  });

  it('reads digits and names the line of what is none', async () => {
    const row = (digit: number) => [...Array.from({ length: 64 }, (_, i) => i % 17), digit].join(',');
    const file = path.join(folder, 'digits.csv.gz');
    await writeFile(file, gzipSync(`${row(3)}\n${row(9)}\n`));
    const { images, labels } = await datasets.digits({ path: folder });
    expect([images.shape, images.data[16], Array.from(labels.data)]).toEqual([[2, 8, 8, 1], 16, [3, 9]]);
    await writeFile(file, gzipSync(`${row(3)}\n${row(10)}\n`));
    expect((await failure(datasets.digits({ path: file }))).message).toContain(`${file}, line 2: expected`);
  });
});

describe('the cache', () => {
  it('keeps what was downloaded and checked, and nothing else', async () => {
    const bytes = await readFile(`${fixtures}reuters.npz`);
    const fetched = vi.fn(() => Promise.resolve(new Response(new Uint8Array(bytes))));
    vi.stubGlobal('fetch', fetched);
    const error = await failure(datasets.reuters({ cacheFolder: folder }));
    expect(error.message).toMatch(/expected contents with sha256 d6586e69/);
    expect(fetched).toHaveBeenCalledWith(
      'https://storage.googleapis.com/tensorflow/tf-keras-datasets/reuters.npz',
      expect.anything(),
    );
    // A file that stands there under the name is checked, too.
    await writeFile(path.join(folder, 'reuters.npz'), bytes);
    expect((await failure(datasets.reuters({ cacheFolder: folder }))).message).toMatch(/sha256 d6586e69/);
  });

  it('ends at a signal', async () => {
    const signal = AbortSignal.abort();
    for (const load of [datasets.cifar10, datasets.imdb, datasets.bostonHousing, datasets.digits])
      expect((await failure(load({ cacheFolder: folder, signal }))).code).toBe('ABORTED');
  });
});

describe('pickles', () => {
  const pickle = (...parts: (string | number[])[]) =>
    Uint8Array.from(
      parts.flatMap((part) => (typeof part === 'string' ? [...Buffer.from(part, 'latin1')] : part)),
    );
  const parsed = (...parts: (string | number[])[]) => parsePickle('test', 'x.pkl', pickle(...parts));

  it('never names what could run', () => {
    expect(() => parsed([0x80, 2], 'cposix\nsystem\n', [0x8c, 4], 'ls /', [0x85, 0x52], '.')).toThrow(
      /x\.pkl: expected a pickle of numbers.*posix\.system: not read/,
    );
    expect(() => parsed([0x80, 4, 0x8c, 8], 'builtins', [0x8c, 4], 'eval', [0x93], '.')).toThrow(
      /builtins\.eval/,
    );
    expect(() => parsed('cnumpy\nndarray\n)R.')).toThrow(/a call that makes an array/);
  });

  it.each([
    ['a text longer than the file', [0x58, 0xff, 0xff, 0xff, 0x7f, 0x61]],
    ['bytes of 2^63', [0x8e, 0, 0, 0, 0, 0, 0, 0, 0x80]],
    ['no end', [0x4e]],
    ['nothing', []],
    ['an empty stack', [0x2e]],
    ['a mark that is missing', [0x5d, 0x65, 0x2e]],
    ['a slot that is empty', [0x68, 3, 0x2e]],
    ['a name without an end', [0x63, 0x61, 0x62]],
    ['another instruction', [0xff]],
  ])('refuses %s', (_, bytes) => {
    expect(() => parsed(bytes)).toThrow(expect.objectContaining({ code: 'IO' }) as Error);
  });

  it('reads numbers of all widths', () => {
    expect(
      parsed('(', [0x4b, 255, 0x4d, 1, 2, 0x4a, 254, 255, 255, 255, 0x8a, 3, 0, 0, 0x80, 0x8a, 0], 't.'),
    ).toEqual([255, 513, -2, -8388608, 0]);
  });

  it('ends for each cut and each changed byte, with a value or an error', async () => {
    const whole = gunzipSync(await readFile(`${fixtures}cifar-100-python.tar.gz`));
    const bytes = [...tarMembers('test', 'x', whole).values()][0] ?? new Uint8Array();
    const ends = (changed: Uint8Array) => {
      try {
        parsePickle('test', 'x', changed);
      } catch (error) {
        expect(error).toMatchObject({ code: 'IO' });
      }
    };
    // The pixels in the middle are one text: what is before and after them is the program.
    const places = [...Array(200).keys(), ...Array.from({ length: 60 }, (_, i) => bytes.length - 60 + i)];
    for (const at of places) {
      ends(bytes.subarray(0, at));
      for (const byte of [0, 0x28, 0x2e, 0x52, 0x62, 0x75, 0x8e, 0x94, 0xff]) {
        const changed = bytes.slice();
        changed[at] = byte;
        ends(changed);
      }
    }
  });
});
