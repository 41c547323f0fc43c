import { type OptionNames, integer, oneOf, share } from '../base/checks.js';
import { Mt19937 } from '../base/mt19937.js';
import { fileError } from '../base/wholeFile.js';
import { NDArray } from '../core/ndarray.js';
import { NpzReader } from '../data/files/npz.js';
import {
  KERAS_FILES,
  type Published,
  type PublishedOptions,
  publishedNames,
  publishedOptions,
  readPublished,
} from './published.js';

/** What `datasets.bostonHousing` takes. */
export interface HousingOptions extends PublishedOptions {
  /** Which share of the rows is in the test part, from 0 up to, not including, 1. Default 0.2. */
  testSplit?: number;
  /** Of the order of the rows: the same as Keras's. Default 113. */
  seed?: number;
}

/** What `datasets.californiaHousing` takes. */
export interface CaliforniaHousingOptions extends HousingOptions {
  /** All 20,640 rows, or the first 600. Default `large`. */
  version?: 'large' | 'small';
}

const housingNames = {
  ...publishedNames,
  testSplit: 'optional',
  seed: 'optional',
} satisfies OptionNames<HousingOptions>;
const californiaNames = {
  ...housingNames,
  version: 'optional',
} satisfies OptionNames<CaliforniaHousingOptions>;

/** Rows of numbers with a target each. */
export interface Rows {
  /** float32 `[n, features]`. */
  x: NDArray;
  /** float32 `[n]`. */
  y: NDArray;
}

/** Rows in two parts. */
export interface SplitRows {
  /** The rows to train with. */
  train: Rows;
  /** The rows to test with. */
  test: Rows;
}

/**
 * House prices in Boston's suburbs in the 1970s, in thousands of dollars: 506 rows of 13 numbers. One of them, `B`, takes for granted that
 * where black people live changes prices: use the data for nothing but to show that fault. https://keras.io/api/datasets/boston_housing/
 *
 * @param options `path`: `boston_housing.npz` or its folder; without it the caches, then a download that is checked by SHA-256.
 * @returns Keras's split and order for the same `testSplit` and `seed`.
 * @throws EngineError `IO` for a file that is missing or damaged, `ABORTED`, `ARGUMENT`.
 * @example
 *     const { train, test } = await datasets.bostonHousing({ testSplit: 0.1 });
 */
export async function bostonHousing(options: HousingOptions = {}): Promise<SplitRows> {
  const who = 'datasets.bostonHousing';
  publishedOptions(who, options, housingNames);
  const name = 'boston_housing.npz';
  const hash = 'f553886a1f8d56431e820c5b82552d9d95cfcb96d1e678153f8839538947dff5';
  return housing(who, { name, url: `${KERAS_FILES}/${name}`, hash }, options);
}

/**
 * House prices in California's districts in 1990, in dollars: 20,640 rows of 8 numbers (median income, age of the houses, rooms, bedrooms,
 * population, people per house, latitude, longitude). https://keras.io/api/datasets/california_housing/
 *
 * @param options `path`: `california_housing.npz` or its folder; without it the caches, then a download that is checked by SHA-256.
 * @returns Keras's split and order for the same `version`, `testSplit` and `seed`.
 * @throws EngineError `IO` for a file that is missing or damaged, `ABORTED`, `ARGUMENT`.
 * @example
 *     const { train, test } = await datasets.californiaHousing({ version: 'small' });
 */
export async function californiaHousing(options: CaliforniaHousingOptions = {}): Promise<SplitRows> {
  const who = 'datasets.californiaHousing';
  publishedOptions(who, options, californiaNames);
  const version = oneOf(who, 'version', options.version ?? 'large', ['large', 'small']);
  const name = 'california_housing.npz';
  const hash = '1a2e3a52e0398de6463aebe6f4a8da34fb21fbb6b934cf88c3425e766f2a1a6f';
  const file = { name, url: `${KERAS_FILES}/${name}`, hash };
  return housing(who, file, options, version === 'small' ? 600 : Infinity);
}

async function housing(
  who: string,
  file: Published,
  options: HousingOptions,
  most = Infinity,
): Promise<SplitRows> {
  const testSplit = share(who, 'testSplit', options.testSplit ?? 0.2);
  const seed = shuffleSeed(who, options.seed);
  const { place, bytes } = await readPublished(who, file, options);
  const archive = NpzReader.of(who, place, bytes);
  const [x, y] = [archive.read('x'), archive.read('y')];
  const [rows = 0, width = 0] = x.shape;
  if (x.shape.length !== 2 || y.shape.length !== 1 || y.length !== rows)
    throw fileError(
      who,
      place,
      'x of rows and y of a number for each',
      `[${x.shape.join()}] and [${y.shape.join()}]`,
    );
  const order = new Mt19937(seed).permutation(Math.min(rows, most));
  const part = (from: number, to: number): Rows => {
    const chosen = order.subarray(from, to);
    const values = new Float32Array(chosen.length * width);
    chosen.forEach((row, i) => values.set(x.data.subarray(row * width, (row + 1) * width), i * width));
    return {
      x: new NDArray(values, [chosen.length, width]),
      y: new NDArray(
        Float32Array.from(chosen, (row) => y.data[row] ?? 0),
        [chosen.length],
      ),
    };
  };
  const cut = Math.floor(order.length * (1 - testSplit));
  return { train: part(0, cut), test: part(cut, order.length) };
}

/** A seed as NumPy's RandomState takes it. */
export function shuffleSeed(who: string, seed: number | undefined): number {
  const value = integer(who, 'seed', seed ?? 113, 0);
  return integer(who, 'seed up to 2^32 - 1', value > 0xffffffff ? NaN : value, 0);
}
