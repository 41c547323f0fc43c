import { isPlainObject } from '../base/checks.js';
import type { DType, Shape } from '../engine/engine.js';
import { EngineError, type ErrorCode, describe, shapeText } from '../base/errors.js';
import { firstOf, itemAt, sizeOf } from '../base/list.js';
import { reshape } from '../ops/shape.js';
import { stridedSlice } from '../ops/slice.js';
import { Tensor, type TensorData, convert, read, tensor } from '../core/tensor.js';
import { NDArray } from '../core/ndarray.js';

/** One array of samples: a tensor or what one is made of. A flat typed array is read as [n, ...shape of one sample]. */
export type ArrayData = Tensor | TensorData;

/** What a model takes: one array, or for several inputs or outputs a list in their order or a record by their names. */
export type Data = ArrayData | readonly ArrayData[] | Readonly<Record<string, ArrayData>>;

/** One batch: the input, the target, and a weight for each sample. `predict` reads the input alone. */
export type Batch = readonly [x: Data, y?: Data, sampleWeight?: Data] | readonly Data[];

/** Batches one after another, as a generator or a stream gives them. An object that starts anew each time serves several epochs. */
export type Batches = Iterable<Batch> | AsyncIterable<Batch>;

/** An input or output that data is for. */
export interface ArraySpec {
  readonly name: string;
  /** The batch (-1) first. */
  readonly shape: Shape;
}

/** Samples in memory, the batch first. Host memory is only copied when {@link tensor} takes it to the engine. */
export class Samples {
  readonly shape: Shape;
  readonly dtype: DType;
  readonly #data: ArrayLike<number> | Tensor;
  readonly #isTemporary: boolean;

  /** @param isTemporary Of a tensor: whether it was made for the purpose and may be disposed. */
  constructor(data: ArrayLike<number> | Tensor, shape: Shape, dtype: DType, isTemporary = false) {
    this.#data = data;
    this.#isTemporary = isTemporary;
    this.shape = shape;
    this.dtype = dtype;
  }

  /** How many samples. */
  get length(): number {
    return firstOf(this.shape);
  }

  /** The same numbers in another shape. */
  reshape(shape: Shape): Samples {
    return new Samples(this.#data, shape, this.dtype, this.#isTemporary);
  }

  /** The samples from `from` up to, not including, `to`. */
  slice(from: number, to: number): Samples {
    const shape = [to - from, ...this.shape.slice(1)];
    const data = this.#data;
    if (data instanceof Tensor) return new Samples(stridedSlice(data, from, to), shape, this.dtype, true);
    const row = sizeOf(this.shape.slice(1));
    const part = ArrayBuffer.isView(data)
      ? (data as unknown as Uint8Array).subarray(from * row, to * row)
      : (Array.prototype.slice.call(data, from * row, to * row) as number[]);
    return new Samples(part, shape, this.dtype);
  }

  /** The numbers, row after row. */
  numbers(): ArrayLike<number> {
    return this.#data instanceof Tensor ? this.#data.dataSync() : this.#data;
  }

  /** A tensor of the samples; `isTemporary` where it was made for the purpose and may be disposed. */
  tensor(): { tensor: Tensor; isTemporary: boolean } {
    const data = this.#data;
    if (!(data instanceof Tensor))
      return { tensor: tensor(convert(data, this.dtype), this.shape, this.dtype), isTemporary: true };
    if (data.shape.length === this.shape.length) return { tensor: data, isTemporary: this.#isTemporary };
    const reshaped = reshape(data, this.shape);
    if (this.#isTemporary) data.dispose();
    return { tensor: reshaped, isTemporary: true };
  }
}

/** Whether data comes as batches and not as arrays. @internal */
export function isBatches(data: unknown): data is Batches {
  if (typeof data !== 'object' || data === null || Array.isArray(data) || ArrayBuffer.isView(data))
    return false;
  return Symbol.iterator in data || Symbol.asyncIterator in data;
}

/**
 * What inputs data is made for, where the model does not say.
 *
 * @returns For each input, the shape of one sample and the dtype; by name where the data is a record.
 * @throws EngineError `ARGUMENT`, `SHAPE` or `DTYPE` for what is no data.
 * @internal
 */
export function inputsOf(data: Data, argument: string): { name?: string; shape: Shape; dtype: DType }[] {
  const one = (item: ArrayData, name?: string) => {
    const { shape, dtype } = readArray(item, name === undefined ? argument : `${argument} '${name}'`, [-1]);
    return { name, shape: shape.slice(1), dtype };
  };
  if (
    Array.isArray(data) &&
    data.length > 0 &&
    data.every((item) => item instanceof Tensor || item instanceof NDArray)
  )
    return data.map((item) => one(item));
  if (isArrayData(data) || typeof data !== 'object' || data === null) return [one(data as ArrayData)];
  return Object.entries(data as Readonly<Record<string, ArrayData>>).map(([name, item]) => one(item, name));
}

/**
 * Reads a model's inputs.
 *
 * @param argument For messages, as in `[fit] x`.
 * @throws EngineError `ARGUMENT` for missing or unknown names, wrong counts and no samples; `SHAPE`, `DTYPE`.
 * @internal
 */
export function readInputs(data: Data, specs: readonly ArraySpec[], argument: string): Samples[] {
  const list = spread(data, specs, argument).map((item, i) => {
    const spec = itemAt(specs, i);
    const what = describeSpec(argument, spec);
    return fitted(readArray(item, what, spec.shape), spec, what);
  });
  return checkedCounts(list, specs, argument);
}

/**
 * Reads targets: for each output one array with as many samples as the inputs have. Their shapes are for the loss to judge.
 *
 * @internal
 */
export function readTargets(
  data: Data,
  specs: readonly ArraySpec[],
  argument: string,
  count: number,
): Samples[] {
  return spread(data, specs, argument).map((item, i) => {
    const spec = itemAt(specs, i);
    const what = describeSpec(argument, spec);
    const size = sizeOf(spec.shape.slice(1));
    // A flat array of the samples' number holds one target each; a longer one is cut in the output's shape.
    const flat = isFlat(item) && item.length === count ? [-1] : spec.shape;
    if (isFlat(item) && size > 1 && item.length !== count && item.length !== count * size) {
      throw misfit(what, `${count} numbers, one for each sample of x, or ${count} × ${size}`, item.length);
    }
    const samples = readArray(item, what, flat);
    if (samples.length !== count) {
      throw misfit(what, `${count} samples as x has`, samples.length);
    }
    return samples;
  });
}

/**
 * Reads the weights of samples, or of their steps or places. Whether they fit the losses is for these to judge.
 *
 * @returns float32 [count, ...] for each output; one array alone, [count] or [count, 1], is for all of them.
 * @internal
 */
export function readWeights(
  data: Data,
  specs: readonly ArraySpec[],
  argument: string,
  count: number,
): Samples[] {
  const shared = specs.length > 1 && isArrayData(data) && !isListOf(data, specs.length);
  const wanted = shared ? specs.slice(0, 1) : specs;
  const list = spread(data, wanted, argument).map((item, i) => {
    const spec = itemAt(wanted, i);
    const what = shared ? argument : describeSpec(argument, spec);
    const flat = isFlat(item) && item.length !== count ? spec.shape.slice(0, -1) : [-1];
    const samples = readArray(item, what, flat);
    if (samples.length !== count || (shared && sizeOf(samples.shape) !== count)) {
      const remedy = shared ? ': give a list or record of weights for several outputs' : '';
      const received = `shape ${shapeText(samples.shape)}${remedy}`;
      throw misfit(what, `one weight for each of ${count} samples`, received);
    }
    return samples;
  });
  return shared ? specs.map(() => firstOf(list)) : list;
}

/**
 * Where the validation's samples begin: the last `share` of all.
 *
 * @throws EngineError `ARGUMENT` where the share is not between 0 and 1, or one of the parts would be empty.
 * @internal
 */
export function splitPoint(count: number, share: number): number {
  if (typeof share !== 'number' || !(share > 0 && share < 1)) {
    throw misfit('[fit] validationSplit', 'a number between 0 and 1', describe(share), 'ARGUMENT');
  }
  const at = Math.floor(count * (1 - share));
  if (at === 0 || at === count) {
    const received = `${count} with a share of ${share}`;
    throw misfit('[fit] validationSplit', 'enough samples for both parts', received, 'ARGUMENT');
  }
  return at;
}

/** The error of data that do not fit; `argument` is the call and its argument, as in `[fit] x`. */
const misfit = (argument: string, what: string, received: string | number, code: ErrorCode = 'SHAPE') =>
  new EngineError(code, `${argument}: expected ${what}, received ${received}`);

const describeSpec = (argument: string, spec: ArraySpec) => `${argument} for '${spec.name}'`;

const isFlat = (data: unknown): data is ArrayLike<number> =>
  ArrayBuffer.isView(data) && !(data instanceof DataView);

const isArrayData = (data: unknown): boolean =>
  data instanceof Tensor || data instanceof NDArray || isFlat(data) || Array.isArray(data);

/** A list of whole arrays, as against the rows of one. */
const isListOf = (data: unknown, count: number): data is readonly ArrayData[] =>
  Array.isArray(data) && data.length === count && (data as unknown[]).every((item) => isArrayData(item));

/** One array for each place. */
function spread(data: Data, specs: readonly ArraySpec[], argument: string): ArrayData[] {
  if (isArrayData(data)) {
    if (specs.length > 1 && isListOf(data, specs.length)) return [...data];
    if (specs.length === 1) {
      // [tensor] is a list of one array; rows of numbers are the array itself.
      const alone =
        Array.isArray(data) && data.length === 1 && !Array.isArray(data[0]) && isArrayData(data[0]);
      return [(alone ? (data as readonly ArrayData[])[0] : data) as ArrayData];
    }
    const received = Array.isArray(data) ? `a list of ${data.length}` : 'one array';
    throw misfit(argument, `${specs.length} arrays (${names(specs)})`, received, 'ARGUMENT');
  }
  if (!isPlainObject(data)) {
    const received = data === undefined ? 'nothing' : Object.prototype.toString.call(data);
    const what = `a tensor, NDArray, typed array or nested arrays for ${names(specs)}`;
    throw misfit(argument, what, received, 'ARGUMENT');
  }
  const record = data;
  const unknown = Object.keys(record).find((key) => !specs.some(({ name }) => name === key));
  const missing = specs.find(({ name }) => !(name in record));
  if (unknown !== undefined || missing) {
    const received = Object.keys(record).join(', ') || 'none';
    throw misfit(argument, `the names ${names(specs)}`, received, 'ARGUMENT');
  }
  return specs.map(({ name }) => record[name] as ArrayData);
}

const names = (specs: readonly ArraySpec[]) => specs.map(({ name }) => `'${name}'`).join(', ');

/** One array as samples; a flat one is cut in the wanted shape. */
function readArray(data: ArrayData, what: string, wanted: Shape): Samples {
  let samples: Samples;
  if (data instanceof Tensor) {
    samples = new Samples(data, data.shape, data.dtype);
  } else {
    const { data: numbers, shape, dtype } = readNumbers(data, what);
    samples = new Samples(numbers, isFlat(data) ? cut(numbers.length, wanted, what) : shape, dtype);
  }
  if (samples.shape.length === 0) throw misfit(what, 'samples along the first axis', 'a scalar');
  if (samples.length === 0) throw misfit(what, 'at least one sample', 'none', 'ARGUMENT');
  return samples;
}

function readNumbers(data: TensorData, what: string): ReturnType<typeof read> {
  try {
    return read(stacked(data));
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    throw new EngineError(error.code, `${what}: ${error.message}`, { cause: error });
  }
}

/** Rows that are typed arrays, as nested arrays. */
function stacked(data: TensorData): TensorData {
  if (!Array.isArray(data) || !data.some(isFlat)) return data;
  return (data as readonly ArrayLike<number>[]).map((row) => (isFlat(row) ? Array.from(row) : row));
}

/** [n, ...shape of one sample] for a flat array. */
function cut(length: number, wanted: Shape, what: string): Shape {
  const sample = wanted.slice(1);
  const size = sizeOf(sample);
  if (sample.some((n) => n < 0)) {
    const array = `an array with a shape (an NDArray or a tensor), since the model does not fix [${sample.join(', ')}]`;
    throw misfit(what, array, 'a flat one');
  }
  if (length % size !== 0) {
    throw misfit(what, `a multiple of ${size} numbers for samples of shape ${shapeText(sample)}`, length);
  }
  return [length / size, ...sample];
}

/** An axis of size 1 at the end may be missing or too many, as in Keras. */
function fitted(samples: Samples, { shape: wanted }: ArraySpec, what: string): Samples {
  const fits = (shape: Shape) =>
    shape.length === wanted.length &&
    shape.every((n, i) => i === 0 || itemAt(wanted, i) < 0 || n === wanted[i]);
  const { shape } = samples;
  if (fits(shape)) return samples;
  if (fits([...shape, 1])) return samples.reshape([...shape, 1]);
  if (shape[shape.length - 1] === 1 && fits(shape.slice(0, -1))) return samples.reshape(shape.slice(0, -1));
  const rest = wanted.slice(1).map((n) => (n < 0 ? '?' : n));
  throw misfit(what, `shape [${['n', ...rest].join(', ')}]`, shapeText(shape));
}

function checkedCounts(list: Samples[], specs: readonly ArraySpec[], argument: string): Samples[] {
  const other = list.findIndex((samples) => samples.length !== firstOf(list).length);
  if (other > 0) {
    const [name, first] = [itemAt(specs, other).name, firstOf(specs).name];
    const what = `as many samples for '${name}' as for '${first}' (${firstOf(list).length})`;
    throw misfit(argument, what, itemAt(list, other).length);
  }
  return list;
}
