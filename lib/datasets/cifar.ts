import path from 'node:path';
import { type OptionNames, oneOf } from '../base/checks.js';
import { PickledArray, parsePickle } from '../base/pickle.js';
import { tarMembers } from '../base/tar.js';
import { fileError, readWhole } from '../base/wholeFile.js';
import { NDArray } from '../core/ndarray.js';
import { unzip } from '../data/files/idx.js';
import type { LabelledImages, Mnist } from './mnist.js';
import {
  type Published,
  type PublishedOptions,
  kerasPlace,
  kindOf,
  publishedNames,
  publishedOptions,
  readPublished,
} from './published.js';

/** What `datasets.cifar100` takes. */
export interface Cifar100Options extends PublishedOptions {
  /** Which labels: one of 100 classes, or of the 20 groups that they are in. Default `fine`. */
  labelMode?: 'fine' | 'coarse';
}

const cifar100Names = { ...publishedNames, labelMode: 'optional' } satisfies OptionNames<Cifar100Options>;

/** A version of CIFAR: its archive, the folder in that, and the files. */
interface Version {
  readonly archive: Published;
  /** Of the files of Python, and of the binary ones. */
  readonly folders: readonly [python: string, binary: string];
  readonly train: readonly string[];
  readonly test: string;
  /** The labels of a pickle by this name; of the binary version by their place in front of each image. */
  readonly labels: string;
  readonly labelAt: number;
  /** How many labels are in front of each image of the binary version. */
  readonly labelBytes: number;
}

const SIDE = 32;
const PIXELS = SIDE * SIDE;
const CHANNELS = 3;
const IMAGE = PIXELS * CHANNELS;

const archive = (name: string, hash: string): Published => ({
  name,
  url: `https://www.cs.toronto.edu/~kriz/${name}`,
  hash,
});

/**
 * CIFAR-10: 50,000 colour pictures to train with and 10,000 to test with, 32 × 32 pixels, of ten classes (airplane, automobile, bird, cat,
 * deer, dog, frog, horse, ship, truck). https://keras.io/api/datasets/cifar10/
 *
 * `path` may be the archive (`cifar-10-python.tar.gz` or `cifar-10-binary.tar.gz`, also unzipped) or a folder with the archive or its
 * files. Without it, Keras's cache and the own one are looked through, and the archive is downloaded, checked by SHA-256.
 *
 * @returns Images as uint8 `[n, 32, 32, 3]` and labels as uint8 `[n, 1]`.
 * @throws EngineError `IO` for a file that is missing, damaged or cut, named; `ABORTED` where `signal` fires; `ARGUMENT`.
 * @example
 *     const { train, test } = await datasets.cifar10();
 */
export async function cifar10(options: PublishedOptions = {}): Promise<Mnist> {
  const who = 'datasets.cifar10';
  publishedOptions(who, options, publishedNames);
  return cifar(who, options, {
    archive: archive(
      'cifar-10-python.tar.gz',
      '6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce',
    ),
    folders: ['cifar-10-batches-py', 'cifar-10-batches-bin'],
    train: [1, 2, 3, 4, 5].map((n) => `data_batch_${n}`),
    test: 'test_batch',
    labels: 'labels',
    labelAt: 0,
    labelBytes: 1,
  });
}

/**
 * CIFAR-100: pictures as those of {@link cifar10}, of 100 classes in 20 groups. https://keras.io/api/datasets/cifar100/
 *
 * `path` may be the archive (`cifar-100-python.tar.gz` or `cifar-100-binary.tar.gz`, also unzipped) or a folder with the archive or its
 * files; without it as {@link cifar10}.
 *
 * @returns Images as uint8 `[n, 32, 32, 3]` and labels as uint8 `[n, 1]`.
 * @throws EngineError `IO` for a file that is missing, damaged or cut, named; `ABORTED` where `signal` fires; `ARGUMENT`.
 * @example
 *     const { train, test } = await datasets.cifar100({ labelMode: 'coarse' });
 */
export async function cifar100(options: Cifar100Options = {}): Promise<Mnist> {
  const who = 'datasets.cifar100';
  publishedOptions(who, options, cifar100Names);
  const labelMode = oneOf(who, 'labelMode', options.labelMode ?? 'fine', ['fine', 'coarse']);
  return cifar(who, options, {
    archive: archive(
      'cifar-100-python.tar.gz',
      '85cd44d02ba6437773c5bbd22e183051d648de2e7d6b014e1ef29b855ba677a7',
    ),
    folders: ['cifar-100-python', 'cifar-100-binary'],
    train: ['train'],
    test: 'test',
    labels: `${labelMode}_labels`,
    labelAt: labelMode === 'coarse' ? 0 : 1,
    labelBytes: 2,
  });
}

/** A file of a version, packed or not; undefined where it is not there. */
type Member = (name: string) => Promise<{ place: string; bytes: Uint8Array } | undefined>;

async function cifar(who: string, options: PublishedOptions, version: Version): Promise<Mnist> {
  const member = await membersOf(who, options, version);
  const read = (name: string) => readBatch(who, name, member, version);
  const parts: LabelledImages[] = [];
  for (const name of version.train) parts.push(await read(name));
  return { train: joined(parts), test: await read(version.test) };
}

async function membersOf(who: string, options: PublishedOptions, version: Version): Promise<Member> {
  const folder = await folderOf(options, version);
  if (folder !== undefined) {
    return async (name) => {
      const place = path.join(folder, name);
      return (await kindOf(place)) === 'file' ? { place, bytes: await readWhole(who, place) } : undefined;
    };
  }
  const { place, bytes } = await readPublished(who, version.archive, options);
  const members = tarMembers(who, place, await unzip(bytes, place, who));
  const byName = new Map([...members].map(([name, held]) => [path.posix.basename(name), held]));
  return (name) => {
    const held = byName.get(name);
    return Promise.resolve(held && { place: `${place}, ${name}`, bytes: held });
  };
}

/** The folder that has a version's files unpacked. */
async function folderOf(options: PublishedOptions, version: Version): Promise<string | undefined> {
  const { path: given, cacheFolder } = options;
  const keras = cacheFolder === undefined ? kerasPlace('') : undefined;
  const roots =
    given !== undefined
      ? [given]
      : keras === undefined
        ? []
        : [path.join(keras, `${version.folders[0]}-target`), keras];
  for (const root of roots) {
    for (const folder of [root, ...version.folders.map((name) => path.join(root, name))]) {
      for (const name of [version.test, `${version.test}.bin`])
        if ((await kindOf(path.join(folder, name))) === 'file') return folder;
    }
  }
  return undefined;
}

async function readBatch(
  who: string,
  name: string,
  member: Member,
  version: Version,
): Promise<LabelledImages> {
  const pickled = await member(name);
  if (pickled !== undefined) return ofPickle(who, pickled.place, pickled.bytes, version.labels);
  const binary = await member(`${name}.bin`);
  if (binary !== undefined) return ofBinary(who, binary.place, binary.bytes, version);
  throw fileError(who, version.archive.name, `a file ${name} or ${name}.bin`, 'none');
}

function ofPickle(who: string, place: string, bytes: Uint8Array, key: string): LabelledImages {
  const batch = parsePickle(who, place, bytes);
  const data: unknown = batch instanceof Map ? batch.get('data') : undefined;
  const labels: unknown = batch instanceof Map ? batch.get(key) : undefined;
  const isLabel = (n: unknown) => Number.isInteger(n) && (n as number) >= 0 && (n as number) < 256;
  if (!Array.isArray(labels) || !labels.every(isLabel))
    throw fileError(who, place, `labels in ${key}`, 'none');
  const wanted = `${labels.length},${IMAGE}`;
  const pixels = data instanceof PickledArray && data.shape.join() === wanted ? data : undefined;
  const held = pixels?.data;
  if (
    pixels?.dtype !== 'u1' ||
    pixels.isFortranOrder ||
    !(held instanceof Uint8Array) ||
    held.length !== labels.length * IMAGE
  )
    throw fileError(who, place, `data of uint8 [${wanted}] for ${labels.length} labels`, 'another array');
  return labelled(held, Uint8Array.from(labels as number[]), 0, IMAGE);
}

/** Records of labels and pixels, one after another. */
function ofBinary(
  who: string,
  place: string,
  bytes: Uint8Array,
  { labelAt, labelBytes }: Version,
): LabelledImages {
  const record = labelBytes + IMAGE;
  if (bytes.length === 0 || bytes.length % record !== 0)
    throw fileError(who, place, `records of ${record} bytes`, `${bytes.length} bytes: the file was cut`);
  const labels = Uint8Array.from(
    { length: bytes.length / record },
    (_, i) => bytes[i * record + labelAt] ?? 0,
  );
  return labelled(bytes, labels, labelBytes, record);
}

/** Images whose channels come one after another, made into images whose channels are innermost. */
function labelled(bytes: Uint8Array, labels: Uint8Array, from: number, stride: number): LabelledImages {
  const images = new Uint8Array(labels.length * IMAGE);
  for (let i = 0; i < labels.length; i++)
    for (let channel = 0; channel < CHANNELS; channel++)
      for (let pixel = 0; pixel < PIXELS; pixel++)
        images[i * IMAGE + pixel * CHANNELS + channel] =
          bytes[from + i * stride + channel * PIXELS + pixel] ?? 0;
  return {
    images: new NDArray(images, [labels.length, SIDE, SIDE, CHANNELS]),
    labels: new NDArray(labels, [labels.length, 1]),
  };
}

function joined(parts: readonly LabelledImages[]): LabelledImages {
  const join = (arrays: readonly NDArray[]) => {
    const [first] = arrays;
    const data = new Uint8Array(arrays.reduce((sum, { data }) => sum + data.length, 0));
    let at = 0;
    for (const array of arrays) {
      data.set(array.data, at);
      at += array.data.length;
    }
    const length = arrays.reduce((sum, array) => sum + (array.shape[0] ?? 0), 0);
    return new NDArray(data, [length, ...(first?.shape.slice(1) ?? [])]);
  };
  return { images: join(parts.map(({ images }) => images)), labels: join(parts.map(({ labels }) => labels)) };
}
