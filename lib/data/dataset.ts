import { expected, integer, isPlainObject, knownOptions, seedOf } from '../base/checks.js';
import { itemAt } from '../base/list.js';
import type { NDArray } from '../core/ndarray.js';
import { nextSeed } from '../core/seed.js';
import {
  type BatchOptions,
  type GeneratorOptions,
  type InterleaveOptions,
  type MapOptions,
  type PaddedBatchOptions,
  type ShuffleOptions,
  type WindowOptions,
  batchNames,
  generatorNames,
  interleaveNames,
  mapNames,
  paddedBatchNames,
  shuffleNames,
  windowNames,
} from './datasetOptions.js';
import { type Batched, type RowOf, padded, stacked } from './elements.js';
import { csv } from './files/csvDataset.js';
import { linesOf } from './files/lines.js';
import { filesOf } from './files/open.js';
import type { CsvOptions, RowsOptions, TableElement, TableOptions } from './files/options.js';
import { arrays, arrow, hdf5, npz, parquet } from './files/tables.js';
import type { Names } from './files/whole.js';
import { batch } from './stages/batch.js';
import { cacheInFile, cacheInMemory } from './stages/cache.js';
import { concatenate } from './stages/concatenate.js';
import { filter } from './stages/filter.js';
import { fromArrays } from './stages/fromArrays.js';
import { type Source, fromGenerator } from './stages/fromGenerator.js';
import { interleave } from './stages/interleave.js';
import { list } from './stages/list.js';
import { type MapFunction, map } from './stages/map.js';
import { parallel, workerFunction } from './stages/parallel.js';
import { prefetch } from './stages/prefetch.js';
import { repeat } from './stages/repeat.js';
import { shuffle } from './stages/shuffle.js';
import type { Elements, Stage } from './stages/stage.js';
import { skip, take } from './stages/takeSkip.js';
import { unbatch } from './stages/unbatch.js';
import { windows } from './stages/window.js';
import { zip } from './stages/zip.js';

/** A place in the data, as plain numbers that JSON keeps. */
export interface DatasetState {
  /** The form of the state. */
  readonly version: 1;
  /** The number of the pass. */
  readonly pass: number;
  /** How many elements of the pass were given. */
  readonly position: number;
  /** The seeds of all that is random, in their order from the source on. */
  readonly seeds: readonly number[];
}

/** What is read at names, in their structure. */
type ArraysAt<P> = P extends string ? NDArray : { -readonly [K in keyof P]: NDArray };

/** Datasets in a list or record, whose elements {@link Dataset.zip} puts together. */
type Zipped<D> = { -readonly [K in keyof D]: D[K] extends Dataset<infer T> ? T : never };

/**
 * Elements one after another, read and made when they are needed: data that need not fit into memory. An element is a number, an array,
 * text, or a list or record of these, such as `[x, y]`. Each method gives a new dataset and reads nothing; `for await` reads a pass, and
 * `fit`, `evaluate` and `predict` take a dataset of batches. The names and meanings are those of TensorFlow's tf.data.
 * https://www.tensorflow.org/api_docs/python/tf/data/Dataset
 *
 * The order of shuffled elements depends on the seed and the number of the pass alone. `fit` reads the pass of its epoch's number, or the
 * next one that it has not read.
 *
 * @example
 *     const pairs = Dataset.fromArrays(new Float32Array([1, 2, 3, 4]), [0, 1, 0, 1]);
 *     for await (const [x, y] of pairs.shuffle(4, { seed: 1 }).batch(2)) console.log(x.shape, y.shape); // [2] [2], twice
 */
export class Dataset<T = unknown> implements AsyncIterable<T> {
  readonly #stage: Stage<T>;
  /** Where the latest pass is: what comes next. */
  #pass = 0;
  #position = 0;
  /** Whether the next pass begins within, since {@link restore} said so. */
  #isRestored = false;
  /** How many passes were begun: an earlier one that still goes on tells nothing of the place. */
  #begun = 0;

  /** @internal */
  constructor(stage: Stage<T>) {
    this.#stage = stage;
  }

  /**
   * The samples of arrays in memory, one element each.
   *
   * @param arrays One array with the samples first, or a list or record of several of one length. A list of numbers, lists or text is
   *   one array. Several arguments are a list: `fromArrays(x, y)` has elements `[x, y]`.
   * @returns Arrays of one axis less than what they are taken from, in its dtype, on the same memory; text as it is.
   * @throws EngineError `SHAPE` for arrays of different lengths, `ARGUMENT` or `DTYPE` for what is no array.
   * @example Dataset.fromArrays({ image: new NDArray(new Uint8Array(24), [2, 3, 4]), name: ['a', 'b'] });
   */
  static fromArrays<const A>(arrays: A): Dataset<RowOf<A>>;
  /** The same with a list of arrays as the arguments: elements are lists of their samples. */
  static fromArrays<const A extends readonly unknown[]>(
    ...arrays: A
  ): Dataset<{ -readonly [K in keyof A]: RowOf<A[K]> }>;
  static fromArrays(...arrays: unknown[]): Dataset {
    return new Dataset(fromArrays(arrays));
  }

  /**
   * What a generator function gives, plain or asynchronous. It is called for each pass, and its generator is closed where a pass ends
   * early.
   *
   * @param make Is called with the number of the pass; may also give another iterable, or a promise of one.
   * @throws EngineError `ARGUMENT` where make is no function, and in a pass where it gives no iterable. What the function throws is
   *   thrown to whoever reads.
   * @example Dataset.fromGenerator(function* () { for (let i = 0; i < 3; i++) yield [i, 2 * i]; }, { cardinality: 3 });
   */
  static fromGenerator<T>(
    make: (pass: number) => Source<T> | Promise<Source<T>>,
    options: GeneratorOptions = {},
  ): Dataset<T> {
    const who = 'Dataset.fromGenerator';
    knownOptions(who, options, generatorNames);
    const { cardinality } = options;
    if (cardinality !== undefined && cardinality !== Infinity) integer(who, 'cardinality', cardinality, 0);
    return new Dataset(fromGenerator(functionOf(who, make), cardinality));
  }

  /**
   * The rows of CSV files, read in parts, off the main thread: text in columns (RFC 4180), fields in quotes where they hold separators,
   * line breaks or quotes.
   *
   * @param files A path, or several of files with the same columns, which are read one after the other.
   * @returns A record by the columns' names, or with `features: 'array'` one float32 array of the columns; with a label
   *   `[features, label]`. With `batchSize` each element is a batch of rows.
   * @throws EngineError in a pass: `IO` that names the file, row (from 1, without the header) and column of what is wrong;
   *   `ARGUMENT` for columns that are not there.
   * @example Dataset.csv('wine.csv', { label: 'quality', features: 'array', batchSize: 32 });
   */
  static csv<const O extends CsvOptions = CsvOptions>(
    files: string | readonly string[],
    options?: O,
  ): Dataset<TableElement<O>> {
    return new Dataset(csv(files, options ?? {})) as Dataset<TableElement<O>>;
  }

  /**
   * The rows of arrays in an HDF5 file (compressed by gzip or not), a few at a time. Needs the package `h5wasm`.
   *
   * @param paths Where the arrays are in the file: one path, or a list or record of them, for elements in that form.
   * @returns Numbers as float32, int32 or uint8; text as it is.
   * @throws EngineError in a pass: `STATE` where the package is missing, `IO` for files and arrays that cannot be read, `SHAPE` for
   *   arrays of different lengths.
   * @example Dataset.hdf5('malaria.h5', ['images', 'labels'], { batchSize: 32 });
   */
  static hdf5<const P extends Names>(
    file: string,
    paths: P,
    options: RowsOptions = {},
  ): Dataset<ArraysAt<P>> {
    return new Dataset(hdf5(file, paths, options)) as Dataset<ArraysAt<P>>;
  }

  /**
   * The rows of Parquet files, a row group at a time. Needs the package `hyparquet`, and `hyparquet-compressors` for other codecs than
   * Snappy.
   *
   * @returns As of {@link csv}. Integers of 64 bits become int32, lists of one length arrays, missing floats NaN.
   * @throws EngineError in a pass: `STATE` where a package is missing, `IO` that names the file and column, `ARGUMENT` for columns that
   *   are not there.
   * @example Dataset.parquet('flights.parquet', { label: 'delay', features: 'array', batchSize: 256 });
   */
  static parquet<const O extends TableOptions = TableOptions>(
    files: string | readonly string[],
    options?: O,
  ): Dataset<TableElement<O>> {
    return new Dataset(parquet(files, options ?? {})) as Dataset<TableElement<O>>;
  }

  /** The rows of Arrow files (IPC, as files or streams), a record batch at a time; else as {@link parquet}. Needs `apache-arrow`. */
  static arrow<const O extends TableOptions = TableOptions>(
    files: string | readonly string[],
    options?: O,
  ): Dataset<TableElement<O>> {
    return new Dataset(arrow(files, options ?? {})) as Dataset<TableElement<O>>;
  }

  /**
   * The rows of arrays in files of NumPy (`.npy`, gzipped or not), which are read as a whole.
   *
   * @param files A path, or a list or record of them, for elements in that form.
   * @throws EngineError in a pass: `IO` for files that cannot be read; `SHAPE` for arrays of different lengths.
   * @example Dataset.npy(['x.npy', 'y.npy']).shuffle(1000).batch(32);
   */
  static npy<const P extends Names>(files: P, options: RowsOptions = {}): Dataset<ArraysAt<P>> {
    return new Dataset(arrays('Dataset.npy', files, options)) as Dataset<ArraysAt<P>>;
  }

  /**
   * The rows of arrays in an archive of NumPy (`.npz`, compressed or not), which are read as a whole.
   *
   * @param names Which arrays: one name, or a list or record of them, for elements in that form.
   * @throws EngineError in a pass: `IO` for a file that cannot be read and arrays that are not there; `SHAPE` for arrays of different
   *   lengths.
   * @example Dataset.npz('mnist.npz', ['x_train', 'y_train'], { batchSize: 32 });
   */
  static npz<const P extends Names>(file: string, names: P, options: RowsOptions = {}): Dataset<ArraysAt<P>> {
    return new Dataset(npz(file, names, options)) as Dataset<ArraysAt<P>>;
  }

  /** The rows of arrays in IDX files (that of MNIST), gzipped or not; else as {@link npy}. */
  static idx<const P extends Names>(files: P, options: RowsOptions = {}): Dataset<ArraysAt<P>> {
    return new Dataset(arrays('Dataset.idx', files, options)) as Dataset<ArraysAt<P>>;
  }

  /**
   * The lines of text files (UTF-8), without their ends.
   *
   * @param files A path, or several, which are read one after the other.
   * @throws EngineError in a pass: `IO` for a file that cannot be read.
   * @example Dataset.lines('reviews.txt').filter((line) => line !== '');
   */
  static lines(files: string | readonly string[]): Dataset<string> {
    const paths = filesOf('Dataset.lines', files);
    return new Dataset(fromGenerator(() => linesOf(paths), undefined));
  }

  /**
   * One element of each dataset together, as many as the shortest has.
   *
   * @param datasets A list, for elements in a list, or a record.
   * @throws EngineError `ARGUMENT` for anything else.
   * @example Dataset.zip([Dataset.fromArrays([1, 2]), Dataset.fromArrays(['a', 'b'])]);
   */
  static zip<const D extends readonly Dataset[] | Readonly<Record<string, Dataset>>>(
    datasets: D,
  ): Dataset<Zipped<D>> {
    const who = 'Dataset.zip';
    const isList = Array.isArray(datasets);
    if (!isList && !isPlainObject(datasets)) throw expected(who, 'a list or record of datasets', datasets);
    const names = Object.keys(datasets);
    if (names.length === 0) throw expected(who, 'at least one dataset', datasets);
    const stages = (Object.values(datasets) as Dataset[]).map((dataset) => stageOf(who, dataset));
    const join = (parts: readonly unknown[]) =>
      isList ? [...parts] : Object.fromEntries(parts.map((part, i) => [itemAt(names, i), part]));
    return new Dataset(zip(stages, join)) as Dataset<Zipped<D>>;
  }

  /**
   * What a function makes of each element.
   *
   * @param make Is called with the element, its number in the pass, and the number of the pass; may give a promise.
   * @example Dataset.fromArrays([1, 2, 3]).map((x) => x.data[0] * 2);
   */
  map<U>(make: MapFunction<T, U>, options: MapOptions = {}): Dataset<Awaited<U>> {
    const who = 'Dataset.map';
    knownOptions(who, options, mapNames);
    const calls = integer(who, 'numParallelCalls', options.numParallelCalls ?? 1);
    return new Dataset(map(this.#stage, functionOf(who, make), calls)) as Dataset<Awaited<U>>;
  }

  /**
   * What a function in worker threads makes of each element, in the order of the elements whatever the number of workers: for work that
   * takes long. Each pass starts the workers and ends them.
   *
   * @param workers How many.
   * @param module The address of a module that exports the function, such as `new URL('./augment.js', import.meta.url)`: workers cannot
   *   take functions. It is called with the element, its number in the pass, and the number of the pass; may give a promise.
   *   Arrays come as records { data, shape, dtype } with their own copy of the numbers; such records, also without dtype, and
   *   NDArrays become NDArrays, their memory moved and not copied.
   * @param name What the module exports the function as. Default `default`.
   * @throws EngineError `ARGUMENT` for what is no address, and in a pass where the module exports no such function; what the function
   *   throws is thrown to whoever reads.
   */
  parallel<U = unknown>(workers: number, module: string | URL, name: string = 'default'): Dataset<U> {
    const who = 'Dataset.parallel';
    const where = workerFunction(who, module, name);
    return new Dataset(parallel(this.#stage, integer(who, 'workers', workers), where)) as Dataset<U>;
  }

  /**
   * The elements that a function wants.
   *
   * @param wants Is called with the element and its number in the pass; gives true or false, or a promise of that.
   */
  filter(wants: (element: T, index: number) => boolean | PromiseLike<boolean>): Dataset<T> {
    return new Dataset(filter(this.#stage, functionOf('Dataset.filter', wants)));
  }

  /**
   * The elements in a random order: each is drawn from a buffer with those that come next.
   *
   * @param bufferSize How many elements are in memory; as many as there are for an even shuffle.
   * @example Dataset.fromArrays([1, 2, 3]).shuffle(3, { seed: 7 });
   */
  shuffle(bufferSize: number, options: ShuffleOptions = {}): Dataset<T> {
    const who = 'Dataset.shuffle';
    knownOptions(who, options, shuffleNames);
    const { seed, reshuffleEachEpoch = true } = options;
    const size = integer(who, 'bufferSize', bufferSize);
    const chosen = seed === undefined ? nextSeed() : seedOf(who, seed);
    return new Dataset(shuffle(this.#stage, size, chosen, reshuffleEachEpoch));
  }

  /**
   * Every `size` elements as one, their arrays stacked along a new first axis; numbers become float32, text becomes lists.
   *
   * @throws EngineError in a pass: `SHAPE`, `DTYPE` or `ARGUMENT` where elements of a batch differ.
   */
  batch(size: number, options: BatchOptions = {}): Dataset<Batched<T>> {
    const who = 'Dataset.batch';
    knownOptions(who, options, batchNames);
    const join = (elements: readonly unknown[]) => stacked(who, elements) as Batched<T>;
    return new Dataset(batch(this.#stage, integer(who, 'size', size), options.dropRemainder ?? false, join));
  }

  /**
   * {@link batch} for arrays of different sizes, which are filled up at their ends.
   *
   * @example
   *     const texts = Dataset.fromGenerator(function* () { yield new Int32Array([1, 2, 3]); yield new Int32Array([4]); });
   *     for await (const batch of texts.paddedBatch(2)) console.log(batch.data); // [1, 2, 3, 4, 0, 0]
   */
  paddedBatch(size: number, options: PaddedBatchOptions = {}): Dataset<Batched<T>> {
    const who = 'Dataset.paddedBatch';
    knownOptions(who, options, paddedBatchNames);
    const { dropRemainder = false, paddedShapes: shapes, paddingValues: values = 0 } = options;
    const join = (elements: readonly unknown[]) => padded(who, elements, { shapes, values }) as Batched<T>;
    return new Dataset(batch(this.#stage, integer(who, 'size', size), dropRemainder, join));
  }

  /** The samples of batches, one element each: what {@link batch} has stacked. */
  unbatch(): Dataset<RowOf<T>> {
    return new Dataset(unbatch(this.#stage)) as Dataset<RowOf<T>>;
  }

  /**
   * Keeps the elements: they are made by the first pass that gets to its end, and not again. What comes before has no other order then.
   *
   * @param file Where to keep them, also for later programs, which read a file that is there as it is. Default: memory.
   * @throws EngineError in a pass: `IO` for a file that cannot be written, is cut or none of these.
   */
  cache(file?: string): Dataset<T> {
    if (file === undefined) return new Dataset(cacheInMemory(this.#stage));
    if (typeof file !== 'string' || file === '') throw expected('Dataset.cache', 'the path of a file', file);
    return new Dataset(cacheInFile(this.#stage, file));
  }

  /** Makes elements before they are asked for, up to `count` of them, while the program does something else. `fit` does so by itself. */
  prefetch(count: number): Dataset<T> {
    return new Dataset(prefetch(this.#stage, integer('Dataset.prefetch', 'count', count)));
  }

  /** The first `count` elements. */
  take(count: number): Dataset<T> {
    return new Dataset(take(this.#stage, integer('Dataset.take', 'count', count, 0)));
  }

  /** The elements after the first `count`. */
  skip(count: number): Dataset<T> {
    return new Dataset(skip(this.#stage, integer('Dataset.skip', 'count', count, 0)));
  }

  /** All elements `count` times, each time as in another pass. Default: without end, for a `fit` with `stepsPerEpoch`. */
  repeat(count: number = Infinity): Dataset<T> {
    if (count !== Infinity) integer('Dataset.repeat', 'count', count, 0);
    return new Dataset(repeat(this.#stage, count));
  }

  /** The elements of this dataset, then those of another. */
  concatenate<U>(other: Dataset<U>): Dataset<T | U> {
    return new Dataset(concatenate<T | U>([this.#stage, stageOf('Dataset.concatenate', other)]));
  }

  /**
   * The elements of the datasets that a function makes of each element, interleaved.
   *
   * @param make Is called with the element and its number in the pass; may give a promise. Give the shuffles within a seed each: only
   *   then do later programs repeat their orders.
   * @throws EngineError in a pass: `ARGUMENT` where make gives no dataset.
   * @example
   *     const files = Dataset.fromArrays(['a.txt', 'b.txt']);
   *     files.interleave((file) => Dataset.fromArrays([`first line of ${file}`]), { cycleLength: 2 });
   */
  interleave<U>(
    make: (element: T, index: number) => Dataset<U> | Promise<Dataset<U>>,
    options: InterleaveOptions = {},
  ): Dataset<U> {
    const who = 'Dataset.interleave';
    knownOptions(who, options, interleaveNames);
    functionOf(who, make);
    const cycleLength = integer(who, 'cycleLength', options.cycleLength ?? 1);
    const blockLength = integer(who, 'blockLength', options.blockLength ?? 1);
    const stage = async (element: T, index: number) => stageOf(who, await make(element, index));
    return new Dataset(interleave(this.#stage, stage, { cycleLength, blockLength }));
  }

  /** The elements of the datasets that a function makes of each element, one dataset after the other. */
  flatMap<U>(make: (element: T, index: number) => Dataset<U> | Promise<Dataset<U>>): Dataset<U> {
    return this.interleave(make);
  }

  /**
   * Windows over the elements, each a dataset.
   *
   * @param size How many elements a window has.
   * @example
   *     const series = Dataset.fromArrays(new Float32Array([1, 2, 3, 4]));
   *     const windows = series.window(2, { shift: 1, dropRemainder: true }).flatMap((window) => window.batch(2)); // [1, 2], [2, 3], [3, 4]
   */
  window(size: number, options: WindowOptions = {}): Dataset<Dataset<T>> {
    const who = 'Dataset.window';
    knownOptions(who, options, windowNames);
    const spec = {
      size: integer(who, 'size', size),
      shift: integer(who, 'shift', options.shift ?? size),
      stride: integer(who, 'stride', options.stride ?? 1),
      dropRemainder: options.dropRemainder ?? false,
    };
    return new Dataset(map(windows(this.#stage, spec), (elements) => new Dataset(list(elements)), 1));
  }

  /** The elements with their number in the pass: `[number, element]`. @param start The first number. Default 0. */
  enumerate(start: number = 0): Dataset<[number, T]> {
    const first = integer('Dataset.enumerate', 'start', start, Number.MIN_SAFE_INTEGER);
    return new Dataset(map(this.#stage, (element, index): [number, T] => [first + index, element], 1));
  }

  /** How many elements a pass has: Infinity where it has no end, undefined where only reading tells. */
  cardinality(): number | undefined {
    return this.#stage.size();
  }

  /** All elements of a pass in a list. */
  async toArray(): Promise<T[]> {
    const all: T[] = [];
    for await (const element of this) all.push(element);
    return all;
  }

  /**
   * The place after the element that was given last, by `for await` or a step of `fit`: to be kept with what was made of the data so
   * far, and given to {@link restore} by a later program.
   */
  state(): DatasetState {
    const isOver = this.#position > 0 && this.#position === this.#stage.size();
    const [pass, position] = isOver ? [this.#pass + 1, 0] : [this.#pass, this.#position];
    return { version: 1, pass, position, seeds: seeded(this.#stage).map(({ seed }) => seed) };
  }

  /**
   * Has the next pass begin at a place, with the elements that would have come there, each the same bit for bit. What the place does not
   * tell, such as the elements in the buffer of a shuffle, is read again from the source.
   *
   * @param state What {@link Dataset.state} of a dataset made in the same way has given.
   * @returns This dataset.
   * @throws EngineError `ARGUMENT` for a state that is none, or of a dataset made in another way.
   */
  restore(state: DatasetState): this {
    const who = 'Dataset.restore';
    const stages = seeded(this.#stage);
    const { version, pass, position, seeds }: Partial<DatasetState> = isPlainObject(state) ? state : {};
    if (version !== 1 || !Array.isArray(seeds)) throw expected(who, 'what state() has given', state);
    if (seeds.length !== stages.length)
      throw expected(who, `the state of a dataset with ${stages.length} shuffles`, state);
    const given = (seeds as readonly unknown[]).map((seed) => seedOf(who, seed));
    this.#pass = integer(who, 'pass', pass, 0);
    this.#position = integer(who, 'position', position, 0);
    stages.forEach((stage, i) => {
      stage.seed = itemAt(given, i);
    });
    this.#isRestored = true;
    return this;
  }

  /** Reads a pass: the one that was restored, else the next. */
  [Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    return this.begin(0, 0);
  }

  /**
   * Begins a pass, which {@link state} tells of.
   *
   * @param least The least number that the pass may have, unless a place was restored.
   * @param ahead How many elements are asked for before they are needed.
   * @internal
   */
  begin(least: number, ahead: number): AsyncGenerator<T, void, undefined> {
    if (!this.#isRestored) {
      this.#pass = Math.max(least, this.#position > 0 ? this.#pass + 1 : this.#pass);
      this.#position = 0;
    }
    this.#isRestored = false;
    return this.#tracked(this.measure(ahead, this.#pass, this.#position));
  }

  /** How many elements are left of the pass; undefined where only reading tells. @internal */
  get left(): number | undefined {
    const size = this.#stage.size();
    return size === undefined ? undefined : size - this.#position;
  }

  /** Begins a pass of which {@link state} tells nothing. @internal */
  measure(ahead: number, pass = 0, from = 0): AsyncGenerator<T, void, undefined> {
    const stage = ahead > 0 ? prefetch(this.#stage, ahead) : this.#stage;
    return stage.open(pass, from);
  }

  async *#tracked(elements: Elements<T>): Elements<T> {
    const begun = ++this.#begun;
    const isLatest = () => begun === this.#begun;
    for await (const element of elements) {
      if (isLatest()) this.#position++;
      yield element;
    }
    if (!isLatest()) return;
    this.#pass++;
    this.#position = 0;
  }

  /** The stage of a dataset. @internal */
  static stageOf<T>(who: string, dataset: Dataset<T>): Stage<T> {
    if (!(dataset instanceof Dataset)) throw expected(who, 'a Dataset', dataset);
    return dataset.#stage;
  }
}

const stageOf = <T>(who: string, dataset: Dataset<T>): Stage<T> => Dataset.stageOf(who, dataset);

function functionOf<F>(who: string, given: F): F {
  if (typeof given !== 'function') throw expected(who, 'a function', given);
  return given;
}

/** The stages with a seed, from the sources on. */
function seeded(stage: Stage<unknown>): (Stage<unknown> & { seed: number })[] {
  const within = stage.sources.flatMap(seeded);
  return stage.seed === undefined ? within : [...within, stage as Stage<unknown> & { seed: number }];
}
