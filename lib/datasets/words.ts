import { type OptionNames, integer, isPlainObject, share } from '../base/checks.js';
import { EngineError } from '../base/errors.js';
import { Mt19937 } from '../base/mt19937.js';
import { fileError } from '../base/wholeFile.js';
import { NDArray } from '../core/ndarray.js';
import { NpzReader } from '../data/files/npz.js';
import { shuffleSeed } from './housing.js';
import {
  KERAS_FILES,
  type Published,
  type PublishedOptions,
  publishedNames,
  publishedOptions,
  readPublished,
} from './published.js';

/** What `datasets.imdb` takes. */
export interface ImdbOptions extends PublishedOptions {
  /** Numbers of words from this one on become `oovChar`. Default: that of the rarest word, as in Keras. */
  numWords?: number;
  /** Numbers of words below this one become `oovChar`. Default 0. */
  skipTop?: number;
  /** Texts of this many words, the first mark included, and longer ones are left out. Default: none. */
  maxlen?: number;
  /** Of the order of the texts: the same as Keras's. Default 113. */
  seed?: number;
  /** What each text begins with; null for nothing. Default 1. */
  startChar?: number | null;
  /** What stands for a word that is left out; null to leave no trace. Default 2. */
  oovChar?: number | null;
  /** What is added to the numbers of words. Default 3. */
  indexFrom?: number;
}

/** What `datasets.reuters` takes. */
export interface ReutersOptions extends ImdbOptions {
  /** Which share of the texts is in the test part, from 0 up to, not including, 1. Default 0.2. */
  testSplit?: number;
}

const imdbNames = {
  ...publishedNames,
  numWords: 'optional',
  skipTop: 'optional',
  maxlen: 'optional',
  seed: 'optional',
  startChar: 'optional',
  oovChar: 'optional',
  indexFrom: 'optional',
} satisfies OptionNames<ImdbOptions>;
const reutersNames = { ...imdbNames, testSplit: 'optional' } satisfies OptionNames<ReutersOptions>;

/** Texts as numbers of words. */
export interface LabelledTexts {
  /** A list of the numbers of its words for each text; `utils.padSequences` makes an array of them. */
  x: number[][];
  /** int32 `[n]`, the class of each text. */
  y: NDArray;
}

/** Texts in two parts. */
export interface SplitTexts {
  /** The texts to train with. */
  train: LabelledTexts;
  /** The texts to test with. */
  test: LabelledTexts;
}

const published = (name: string, hash: string): Published => ({ name, url: `${KERAS_FILES}/${name}`, hash });

const IMDB = published('imdb.npz', '69664113be75683a8fe16e3ed0ab59fda8886cb3cd7ada244f7d9544e4676b9f');
const REUTERS = published('reuters.npz', 'd6586e694ee56d7a4e65172e12b3e987c03096cb01eab99753921ef915959916');

/**
 * Film reviews: 25,000 to train with and 25,000 to test with, 0 for bad ones and 1 for good ones. Words are numbers, the more frequent the
 * smaller. https://keras.io/api/datasets/imdb/
 *
 * @param options `path`: `imdb.npz` or its folder; without it the caches, then a download that is checked by SHA-256.
 * @returns Keras's numbers and order for the same options.
 * @throws EngineError `IO` for a file that is missing or damaged, `ABORTED`, `ARGUMENT`, also where `maxlen` leaves no text.
 * @example
 *     const { train, test } = await datasets.imdb({ numWords: 10000 });
 *     const x = utils.padSequences(train.x, { maxLen: 200 });
 */
export async function imdb(options: ImdbOptions = {}): Promise<SplitTexts> {
  const who = 'datasets.imdb';
  publishedOptions(who, options, imdbNames);
  const cleaner = new Cleaner(who, options);
  const { place, bytes } = await readPublished(who, IMDB, options);
  const archive = NpzReader.of(who, place, bytes);
  const [train, test] = ['train', 'test'].map((part) =>
    cleaner.marked(place, archive, `x_${part}`, `y_${part}`),
  );
  return cleaner.cleaned([train ?? [], test ?? []]);
}

/**
 * News of Reuters of 1987: 11,228 texts of 46 topics. Words are numbers, the more frequent the smaller.
 * https://keras.io/api/datasets/reuters/
 *
 * @param options `path`: `reuters.npz` or its folder; without it the caches, then a download that is checked by SHA-256.
 * @returns Keras's numbers, split and order for the same options.
 * @throws EngineError `IO` for a file that is missing or damaged, `ABORTED`, `ARGUMENT`, also where `maxlen` leaves no text.
 * @example
 *     const { train, test } = await datasets.reuters({ numWords: 10000, testSplit: 0.2 });
 */
export async function reuters(options: ReutersOptions = {}): Promise<SplitTexts> {
  const who = 'datasets.reuters';
  publishedOptions(who, options, reutersNames);
  const testSplit = share(who, 'testSplit', options.testSplit ?? 0.2);
  const cleaner = new Cleaner(who, options);
  const { place, bytes } = await readPublished(who, REUTERS, options);
  const texts = cleaner.marked(place, NpzReader.of(who, place, bytes), 'x', 'y');
  const cut = Math.floor(texts.length * (1 - testSplit));
  return cleaner.cleaned([texts.slice(0, cut), texts.slice(cut)]);
}

/**
 * The words of {@link imdb}'s reviews with their numbers, before `indexFrom` is added.
 *
 * @param options `path`: `imdb_word_index.json` or its folder; without it the caches, then a download that is checked by MD5.
 * @throws EngineError `IO` for a file that is missing or damaged, `ABORTED`, `ARGUMENT`.
 */
imdb.getWordIndex = (options: PublishedOptions = {}): Promise<Map<string, number>> =>
  wordIndex(
    'datasets.imdb.getWordIndex',
    published('imdb_word_index.json', 'bfafd718b763782e994055a2d397834f'),
    options,
  );

/** The words of {@link reuters}'s texts with their numbers, as `imdb.getWordIndex`; the file is `reuters_word_index.json`. */
reuters.getWordIndex = (options: PublishedOptions = {}): Promise<Map<string, number>> =>
  wordIndex(
    'datasets.reuters.getWordIndex',
    published('reuters_word_index.json', '4d44cc38712099c9e383dc6e5f11a921'),
    options,
  );

/** The names of {@link reuters}'s 46 topics, in the order of their numbers. */
reuters.getLabelNames = (): string[] =>
  (
    'cocoa grain veg-oil earn acq wheat copper housing money-supply coffee sugar trade reserves ship cotton carcass crude nat-gas cpi ' +
    'money-fx interest gnp meal-feed alum oilseed gold tin strategic-metal livestock retail ipi iron-steel rubber heat jobs lei bop zinc ' +
    'orange pet-chem dlr gas silver wpi hog lead'
  ).split(' ');

async function wordIndex(
  who: string,
  file: Published,
  options: PublishedOptions,
): Promise<Map<string, number>> {
  publishedOptions(who, options, publishedNames);
  const { place, bytes } = await readPublished(who, file, options);
  let words: unknown;
  try {
    words = JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw fileError(who, place, 'JSON', String(cause), cause);
  }
  // A Map: 'constructor' is a word as others are.
  const entries = isPlainObject(words) ? Object.entries(words) : [];
  if (entries.length === 0 || !entries.every(([, n]) => Number.isSafeInteger(n)))
    throw fileError(who, place, 'words with their numbers', 'something else');
  return new Map(entries as [string, number][]);
}

interface Text {
  readonly words: number[];
  readonly label: number;
}

/** What the options make of the texts of a file. */
class Cleaner {
  readonly #who: string;
  /** The test part goes on where the train part ended. */
  readonly #random: Mt19937;
  readonly #numWords: number | undefined;
  readonly #skipTop: number;
  readonly #maxlen: number;
  readonly #startChar: number | null;
  readonly #oovChar: number | null;
  readonly #indexFrom: number;

  constructor(who: string, options: ImdbOptions) {
    const orNull = (name: string, value: number | null) =>
      value === null ? null : integer(who, name, value, 0);
    this.#who = who;
    this.#random = new Mt19937(shuffleSeed(who, options.seed));
    this.#numWords = options.numWords === undefined ? undefined : integer(who, 'numWords', options.numWords);
    this.#skipTop = integer(who, 'skipTop', options.skipTop ?? 0, 0);
    this.#maxlen = options.maxlen === undefined ? Infinity : integer(who, 'maxlen', options.maxlen);
    this.#startChar = orNull('startChar', options.startChar === undefined ? 1 : options.startChar);
    this.#oovChar = orNull('oovChar', options.oovChar === undefined ? 2 : options.oovChar);
    this.#indexFrom = integer(who, 'indexFrom', options.indexFrom ?? 3, 0);
  }

  /** The texts of a part in their order, with the first marks, without those that are too long. */
  marked(place: string, archive: NpzReader, x: string, y: string): Text[] {
    const lists = archive.readObjects(x);
    const labels = archive.read(y);
    if (labels.shape.join() !== String(lists.length))
      throw fileError(
        this.#who,
        place,
        `a label for each of ${lists.length} texts in ${y}`,
        `[${labels.shape.join()}]`,
      );
    const start = this.#startChar === null ? [] : [this.#startChar];
    const texts: Text[] = [];
    for (const i of this.#random.permutation(lists.length)) {
      const list = lists[i];
      if (!Array.isArray(list) || !list.every((n) => Number.isSafeInteger(n)))
        throw fileError(this.#who, `${place}, ${x}, row ${i}`, 'a list of whole numbers', typeof list);
      if (list.length + start.length >= this.#maxlen) continue;
      const words = start.concat((list as number[]).map((word) => word + this.#indexFrom));
      texts.push({ words, label: labels.data[i] ?? 0 });
    }
    return texts;
  }

  /** The two parts without rare and frequent words. */
  cleaned([train, test]: readonly [Text[], Text[]]): SplitTexts {
    if (this.#maxlen < Infinity && train.length + test.length === 0)
      throw new EngineError(
        'ARGUMENT',
        `[${this.#who}] maxlen ${this.#maxlen} left no text: choose a larger one`,
      );
    const largest = (most: number, { words }: Text) => words.reduce((a, b) => Math.max(a, b), most);
    const limit = this.#numWords ?? test.reduce(largest, train.reduce(largest, 0));
    const isKept = (word: number) => word >= this.#skipTop && word < limit;
    const oov = this.#oovChar;
    const part = (texts: readonly Text[]): LabelledTexts => ({
      x: texts.map(({ words }) =>
        oov === null ? words.filter(isKept) : words.map((word) => (isKept(word) ? word : oov)),
      ),
      y: new NDArray(
        Int32Array.from(texts, ({ label }) => label),
        [texts.length],
      ),
    });
    return { train: part(train), test: part(test) };
  }
}
