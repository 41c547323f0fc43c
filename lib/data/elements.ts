import { expected, isPlainObject, mismatch } from '../base/checks.js';
import { itemAt, sizeOf } from '../base/list.js';
import { shapeText } from '../base/errors.js';
import { NDArray, arrayKind } from '../core/ndarray.js';
import { type NestedArray, type NumericArray, Tensor, allocate, convert, read } from '../core/tensor.js';
import type { TypedArray } from '../engine/engine.js';

/** Numbers of one element, or strings: what is stacked when elements become a batch. */
type Numbers = number | boolean | NDArray | Tensor | NumericArray;

/** What a list or record holds of an element: lists of plain numbers are arrays here. */
type BatchedPart<T> = T extends Numbers | readonly NestedArray[]
  ? NDArray
  : T extends string
    ? string[]
    : T extends readonly string[]
      ? string[][]
      : { -readonly [K in keyof T]: BatchedPart<T[K]> };

/**
 * What elements become when they are stacked: numbers and arrays one NDArray with the samples first, strings a list; lists and records keep
 * their form.
 */
export type Batched<T> = T extends Numbers | string
  ? BatchedPart<T>
  : { -readonly [K in keyof T]: BatchedPart<T[K]> };

/** One row of arrays in each of their places, the counterpart of {@link Batched}. */
export type RowOf<T> = T extends NDArray | Tensor | NumericArray | readonly NestedArray[]
  ? NDArray
  : T extends readonly string[]
    ? string
    : { -readonly [K in keyof T]: RowOf<T[K]> };

type Numeric = ReturnType<typeof read>;

const isText = (value: unknown, depth: number): boolean =>
  typeof value === 'string' ||
  (depth > 0 && Array.isArray(value) && value.length > 0 && isText(value[0], depth));

/** Numbers, or below the top of an element lists of them: at the top a list is a tuple, as in [x, y]. */
const isNumeric = (value: unknown, depth: number): boolean =>
  typeof value === 'number' ||
  typeof value === 'boolean' ||
  value instanceof NDArray ||
  value instanceof Tensor ||
  arrayKind(value) !== undefined ||
  (depth > 0 && Array.isArray(value) && (value.length === 0 || isNested(value[0])));

const isNested = (value: unknown): boolean =>
  typeof value === 'number' ||
  typeof value === 'boolean' ||
  (Array.isArray(value) && (value.length === 0 || isNested(value[0])));

/** How many samples the first tensor in lists and records has; undefined where there is none. */
export function lengthOfTensor(arrays: unknown): number | undefined {
  if (arrays instanceof Tensor) return arrays.shape[0];
  const parts =
    Array.isArray(arrays) && !isNested(arrays) ? arrays : isPlainObject(arrays) ? Object.values(arrays) : [];
  for (const part of parts) {
    const length = lengthOfTensor(part);
    if (length !== undefined) return length;
  }
  return undefined;
}

/** An element without tensors: their numbers are read. A promise only where there are some. */
export function withoutTensors(element: unknown): unknown {
  if (element instanceof Tensor) return numbersOf(element as Tensor);
  if (Array.isArray(element))
    return isNested(element) ? element : settle(element.map(withoutTensors), (list) => list);
  if (!isPlainObject(element)) return element;
  const names = Object.keys(element);
  return settle(Object.values(element).map(withoutTensors), (values) =>
    Object.fromEntries(values.map((value, i) => [itemAt(names, i), value])),
  );
}

const numbersOf = async (tensor: Tensor): Promise<NDArray> =>
  new NDArray(await tensor.data(), tensor.shape, tensor.dtype);

const settle = (parts: unknown[], make: (parts: unknown[]) => unknown): unknown =>
  parts.some((part) => part instanceof Promise) ? Promise.all(parts).then(make) : make(parts);

/** The way to numbers within an element: the names and places in its records and lists. */
type Path = readonly (string | number)[];

const placeOf = (path: Path): string =>
  path.reduce<string>((text, key) => text + (typeof key === 'number' ? `[${key}]` : `.${key}`), 'element');

const partOf = (value: unknown, key: string | number): unknown =>
  (value as Readonly<Record<string | number, unknown>> | undefined)?.[key];

/**
 * Goes through elements of one structure at once.
 *
 * @param numbers Makes the result of numbers that have the same place in all elements.
 * @throws EngineError `ARGUMENT` where the structures differ, or hold what no batch can.
 */
function joined(
  who: string,
  elements: readonly unknown[],
  numbers: (parts: readonly Numeric[], path: Path) => unknown,
  path: Path = [],
): unknown {
  const first = elements[0];
  const depth = path.length;
  const checkAll = (what: string, fits: (element: unknown) => boolean) => {
    const other = elements.findIndex((element) => !fits(element));
    if (other >= 0)
      throw expected(who, `${what} at ${placeOf(path)} as in the first element`, elements[other]);
  };
  const inner = (key: string | number) => {
    const parts = elements.map((element) => partOf(element, key));
    return joined(who, parts, numbers, [...path, key]);
  };
  if (isText(first, depth)) {
    checkAll('text', (element) => isText(element, depth));
    return [...elements];
  }
  if (isNumeric(first, depth)) {
    checkAll('numbers', (element) => isNumeric(element, depth));
    const parts = elements.map((element) => read(element as NDArray));
    const { dtype } = itemAt(parts, 0);
    const other = parts.find((part) => part.dtype !== dtype);
    if (other)
      throw expected(who, `${dtype} at ${placeOf(path)} as in the first element`, other.dtype, 'DTYPE');
    return numbers(parts, path);
  }
  if (Array.isArray(first)) {
    const { length } = first;
    checkAll(`a list of ${length}`, (element) => Array.isArray(element) && element.length === length);
    return first.map((_, i) => inner(i));
  }
  if (!isPlainObject(first))
    throw expected(who, `numbers, arrays, text, or lists or records of them at ${placeOf(path)}`, first);
  const names = Object.keys(first);
  const hasNames = (element: unknown) =>
    isPlainObject(element) &&
    Object.keys(element).length === names.length &&
    names.every((name) => Object.hasOwn(element, name));
  checkAll(`the names ${names.join(', ')}`, hasNames);
  return Object.fromEntries(names.map((name) => [name, inner(name)]));
}

/** Elements of one structure as a batch. @throws EngineError `ARGUMENT`; `SHAPE` or `DTYPE` where arrays of one place differ. */
export const stacked = (who: string, elements: readonly unknown[]): unknown =>
  joined(who, elements, (parts, path) => {
    const { shape, dtype } = itemAt(parts, 0);
    const differs = (part: Numeric) =>
      part.shape.length !== shape.length || part.shape.some((n, i) => n !== shape[i]);
    const other = parts.find(differs);
    if (other)
      throw mismatch(
        who,
        `arrays of shape ${shapeText(shape)} at ${placeOf(path)} as in the first element`,
        `${shapeText(other.shape)}: paddedBatch makes them alike`,
        'SHAPE',
      );
    const size = sizeOf(shape);
    const all = allocate(who, dtype, parts.length * size);
    parts.forEach(({ data }, i) => {
      all.set(data, i * size);
    });
    return new NDArray(all, [parts.length, ...shape], dtype);
  });

/** How {@link padded} fills arrays up. */
export interface Padding {
  /** The shape of each place, in the structure of the elements; -1 for the longest of the batch. */
  readonly shapes: unknown;
  /** What fills the room: a number for all places, or the structure of the elements with one for each. */
  readonly values: unknown;
}

/** Elements of one structure as a batch, arrays filled up to one shape. */
export const padded = (who: string, elements: readonly unknown[], { shapes, values }: Padding): unknown =>
  joined(who, elements, (parts, path) => {
    const { shape: first, dtype } = itemAt(parts, 0);
    const place = placeOf(path);
    const other = parts.find(({ shape }) => shape.length !== first.length);
    if (other) throw expected(who, `arrays of ${first.length} axes at ${place}`, other.shape, 'SHAPE');
    const longest = first.map((_, axis) => Math.max(...parts.map(({ shape }) => itemAt(shape, axis))));
    const shape = paddedShape(who, place, path.reduce<unknown>(partOf, shapes), longest);
    const value = path.reduce(
      (value, key) => (typeof value === 'number' ? value : partOf(value, key)),
      values,
    );
    if (typeof value !== 'number') throw expected(who, `a number as paddingValues of ${place}`, value);
    const size = sizeOf(shape);
    const all = allocate(who, dtype, parts.length * size).fill(value);
    parts.forEach((part, i) => {
      copyInto(all, i * size, shape, part.data, 0, part.shape);
    });
    return new NDArray(all, [parts.length, ...shape], dtype);
  });

function paddedShape(
  who: string,
  place: string,
  spec: unknown,
  longest: readonly number[],
): readonly number[] {
  if (spec === undefined) return longest;
  const fits = (n: unknown, axis: number) =>
    n === -1 || (Number.isSafeInteger(n) && (n as number) >= itemAt(longest, axis));
  if (!Array.isArray(spec) || spec.length !== longest.length || !spec.every(fits))
    throw expected(who, `room for ${shapeText(longest)}, or -1, as paddedShapes of ${place}`, spec, 'SHAPE');
  return (spec as readonly number[]).map((n, axis) => (n === -1 ? itemAt(longest, axis) : n));
}

/** Copies an array of this shape into room of another, from its first corner on. */
function copyInto(
  target: TypedArray,
  at: number,
  room: readonly number[],
  data: ArrayLike<number>,
  from: number,
  shape: readonly number[],
): void {
  const [rows = 1, ...rest] = shape;
  const inner = room.slice(1);
  if (rest.length === 0) {
    for (let i = 0; i < rows; i++) target[at + i] = data[from + i]!;
    return;
  }
  for (let i = 0; i < rows; i++)
    copyInto(target, at + i * sizeOf(inner), inner, data, from + i * sizeOf(rest), rest);
}

/** Arrays with the samples first as their rows. */
export interface Rows {
  readonly length: number;
  /** The row of a number, a view on the same memory. */
  readonly at: (row: number) => unknown;
  /** The rows from one number up to, not including, another, in the form of the arrays. */
  readonly slice: (from: number, to: number) => unknown;
}

/**
 * The rows of arrays in lists and records.
 *
 * @throws EngineError `SHAPE` for arrays of different lengths and for scalars; `ARGUMENT` for what is no array.
 */
export function rowsOf(who: string, arrays: unknown): Rows {
  const lengths: { place: string; length: number }[] = [];
  const { at, slice } = rowReader(who, arrays, 0, 'data', lengths);
  const [first = { place: '', length: 0 }] = lengths;
  const other = lengths.find(({ length }) => length !== first.length);
  if (other)
    throw expected(
      who,
      `as many samples at ${other.place} as at ${first.place} (${first.length})`,
      other.length,
      'SHAPE',
    );
  return { length: first.length, at, slice };
}

function rowReader(
  who: string,
  arrays: unknown,
  depth: number,
  place: string,
  lengths: { place: string; length: number }[],
): Omit<Rows, 'length'> {
  if (isText(arrays, depth) && typeof arrays !== 'string') {
    const list = arrays as readonly unknown[];
    lengths.push({ place, length: list.length });
    return { at: (row) => list[row], slice: (from, to) => list.slice(from, to) };
  }
  if (isNumeric(arrays, depth)) {
    const { data: numbers, shape, dtype } = read(arrays as NDArray);
    const [length, ...rest] = shape;
    if (length === undefined)
      throw mismatch(who, `samples along the first axis of ${place}`, 'a scalar', 'SHAPE');
    lengths.push({ place, length });
    const data = convert(numbers, dtype);
    const size = sizeOf(rest);
    return {
      at: (row) => new NDArray(data.subarray(row * size, (row + 1) * size), rest, dtype),
      slice: (from, to) => new NDArray(data.subarray(from * size, to * size), [to - from, ...rest], dtype),
    };
  }
  if (Array.isArray(arrays) && arrays.length > 0) {
    const readers = arrays.map((part: unknown, i) =>
      rowReader(who, part, depth + 1, `${place}[${i}]`, lengths),
    );
    return {
      at: (row) => readers.map(({ at }) => at(row)),
      slice: (from, to) => readers.map(({ slice }) => slice(from, to)),
    };
  }
  if (!isPlainObject(arrays) || Object.keys(arrays).length === 0)
    throw expected(who, `arrays, or lists or records of them, at ${place}`, arrays);
  const readers = Object.entries(arrays).map(
    ([name, part]) => [name, rowReader(who, part, depth + 1, `${place}.${name}`, lengths)] as const,
  );
  const record = (value: (reader: Omit<Rows, 'length'>) => unknown) =>
    Object.fromEntries(readers.map(([name, reader]) => [name, value(reader)]));
  return {
    at: (row) => record(({ at }) => at(row)),
    slice: (from, to) => record(({ slice }) => slice(from, to)),
  };
}

/** Batches of one structure one after another, as one batch. */
export function concatenated(who: string, batches: readonly unknown[], depth = 0): unknown {
  const [first] = batches;
  if (batches.length === 1) return first;
  const inner = (key: string | number) => {
    const parts = batches.map((batch) => partOf(batch, key));
    return concatenated(who, parts, depth + 1);
  };
  if (first instanceof NDArray) {
    const arrays = batches as readonly NDArray[];
    const rows = arrays.reduce((sum, { length }) => sum + length, 0);
    const shape = [rows, ...first.shape.slice(1)];
    const all = allocate(who, first.dtype, sizeOf(shape));
    let at = 0;
    for (const { data } of arrays) {
      all.set(data, at);
      at += data.length;
    }
    return new NDArray(all, shape, first.dtype);
  }
  if (isText(first, depth + 1)) return (batches as readonly (readonly unknown[])[]).flat();
  if (Array.isArray(first)) return first.map((_, i) => inner(i));
  return Object.fromEntries(Object.keys(first as object).map((name) => [name, inner(name)]));
}
