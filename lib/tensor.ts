import { expected, shapeOf } from './checks.js';
import { NDArray, arrayKind } from './data/ndarray.js';
import { dispose } from './disposable.js';
import { type DType, type NativeTensor, type Shape, type TypedArray, engine } from './engine.js';
import { EngineError, describe } from './errors.js';
import { stridedSlice } from './ops/slice.js';

/** Numbers in nested arrays, all of one length at each depth. */
export type NestedArray = number | boolean | readonly NestedArray[];

/** The typed arrays that are taken as they are, widened (small integers to int32) or narrowed (float64 to float32). */
export type NumericArray =
  | Float32Array
  | Float64Array
  | Int32Array
  | Int16Array
  | Int8Array
  | Uint16Array
  | Uint8Array
  | Uint8ClampedArray;

/** What a tensor can be made of. */
export type TensorData = NestedArray | NumericArray | NDArray;

/**
 * Numbers in native memory, with a dtype and a shape, never changed once made. Its numbers may still be on their way:
 * `data` and `dataSync` wait for them, and report the error of the op that failed to make them.
 *
 * The memory goes with the object, or earlier with `dispose` (also through `using`).
 *
 * @example
 *     const t = tensor([[1, 2], [3, 4]]);
 *     await t.data(); // Float32Array [1, 2, 3, 4]
 */
export class Tensor implements Disposable {
  readonly dtype: DType;
  readonly shape: readonly number[];
  #handle: NativeTensor | null;

  /** @internal */
  constructor(handle: NativeTensor, dtype: DType, shape: readonly number[]) {
    this.#handle = handle;
    this.dtype = dtype;
    this.shape = shape;
  }

  /** @internal */
  get handle(): NativeTensor {
    if (this.#handle === null) {
      throw new EngineError(
        'DISPOSED',
        `[Tensor] expected a live tensor, received a disposed ${this.toString()}`,
      );
    }
    return this.#handle;
  }

  get isDisposed(): boolean {
    return this.#handle === null;
  }

  get rank(): number {
    return this.shape.length;
  }

  /** The number of elements; 1 for a scalar. */
  get size(): number {
    return sizeOf(this.shape);
  }

  /**
   * The numbers, row-major: a Float32Array, Int32Array, or Uint8Array (uint8, and bool as 0 and 1). A copy.
   *
   * @throws EngineError of the op that failed to make them; `DISPOSED`.
   */
  async data(): Promise<TypedArray> {
    return ofThisRealm(await engine().readTensor(this.handle));
  }

  /** As {@link data}, but blocks the event loop until the numbers are there. */
  dataSync(): TypedArray {
    return ofThisRealm(engine().readTensorSync(this.handle));
  }

  /**
   * The number of a tensor with one element.
   *
   * @throws EngineError `SHAPE` where it has more or fewer.
   */
  async item(): Promise<number> {
    this.#checkOne();
    return (await this.data())[0];
  }

  /** As {@link item}, but blocks the event loop. */
  itemSync(): number {
    this.#checkOne();
    return this.dataSync()[0];
  }

  /** The numbers in nested arrays, a plain number for a scalar. */
  async array(): Promise<NestedArray> {
    return nest(await this.data(), this.shape);
  }

  /** As {@link array}, but blocks the event loop. */
  arraySync(): NestedArray {
    return nest(this.dataSync(), this.shape);
  }

  /**
   * A part of the tensor, as a copy: from `begin` up to, not including, `end`, on the first axis or on the first axes
   * of a list. Negative places count from the end; a missing `end` is the end.
   *
   * @throws EngineError `SHAPE` for more places than axes.
   * @example
   *     images.slice(0, 16); // the first 16 samples
   *     images.slice([0, 2], [16, -2]);
   */
  slice(begin: number | readonly number[], end?: number | readonly number[]): Tensor {
    return stridedSlice<Tensor>(this, begin, end);
  }

  /** Frees the memory as soon as nothing that is queued needs it. Later uses throw `DISPOSED`; twice is allowed. */
  dispose(): void {
    if (this.#handle === null) return;
    engine().disposeTensor(this.#handle);
    this.#handle = null;
  }

  [dispose](): void {
    this.dispose();
  }

  toString(): string {
    return `Tensor(${this.dtype} [${this.shape.join(', ')}])`;
  }

  #checkOne(): void {
    if (this.size !== 1) {
      throw new EngineError(
        'SHAPE',
        `[Tensor.item] expected one element, received shape [${this.shape.join(', ')}]`,
      );
    }
  }
}

/**
 * Makes a tensor.
 *
 * @param data A number, nested arrays, a typed array, or an NDArray.
 * @param shape Of a flat array: its shape. By default what the nesting or the NDArray says, [length] for a typed array.
 * @param dtype By default the array's own: numbers are float32, booleans bool, Int8/16 and Uint16 int32, Float64
 *   float32.
 * @throws EngineError `SHAPE` where rows differ in length or shape and length disagree, `DTYPE` for other data.
 * @example
 *     tensor([[1, 2], [3, 4]]);
 *     tensor(new Uint8Array(784), [28, 28, 1]);
 *     tensor([0, 2, 1], undefined, 'int32');
 */
export function tensor(data: TensorData, shape?: Shape, dtype?: DType): Tensor {
  const given = read(data);
  const wanted = dtype ?? given.dtype;
  const dims = shape === undefined ? given.shape : shapeOf('tensor', shape);
  if (sizeOf(dims) !== given.data.length) {
    throw new EngineError(
      'SHAPE',
      `[tensor] expected ${sizeOf(dims)} numbers for shape [${dims.join(', ')}], received ${given.data.length}`,
    );
  }
  return new Tensor(engine().createTensor(wanted, dims, convert(given.data, wanted)), wanted, dims);
}

/** A tensor of zeros (of false, for bool). */
export function zeros(shape: Shape, dtype: DType = 'float32'): Tensor {
  const dims = shapeOf('zeros', shape);
  return new Tensor(engine().createTensor(dtype, dims, null), dtype, dims);
}

/** A tensor of ones (of true, for bool). */
export function ones(shape: Shape, dtype: DType = 'float32'): Tensor {
  return full(shape, 1, dtype);
}

/** A tensor filled with one value. */
export function full(shape: Shape, value: number, dtype: DType = 'float32'): Tensor {
  if (typeof value !== 'number' && typeof value !== 'boolean') throw expected('full', 'a number', value);
  const dims = shapeOf('full', shape);
  const data = allocate('full', dtype, sizeOf(dims)).fill(dtype === 'bool' ? Number(value !== 0) : value);
  return new Tensor(engine().createTensor(dtype, dims, data), dtype, dims);
}

/**
 * Numbers from `start` up to, not including, `stop`, as a tensor of rank 1.
 *
 * @param step Not 0; negative counts down.
 * @example arange(0, 1, 0.25); // [0, 0.25, 0.5, 0.75]
 */
export function arange(start: number, stop: number, step = 1, dtype: DType = 'float32'): Tensor {
  for (const n of [start, stop, step]) if (typeof n !== 'number') throw expected('arange', 'numbers', n);
  const length = Math.max(0, Math.ceil((stop - start) / step));
  if (!Number.isFinite(length)) {
    throw new EngineError(
      'ARGUMENT',
      `[arange] expected finite numbers and a step that is not 0, received ${start}, ${stop}, ${step}`,
    );
  }
  const data = allocate('arange', dtype, length);
  for (let i = 0; i < length; i++) data[i] = start + i * step;
  return tensor(data, [length], dtype);
}

/** @internal */
export function sizeOf(shape: Shape): number {
  let size = 1;
  for (const n of shape) size *= n;
  return size;
}

/** The engine makes arrays of Node's own realm. In another one (Jest, a vm context) they become those that its code knows. */
function ofThisRealm(data: TypedArray): TypedArray {
  if (data instanceof Float32Array || data instanceof Int32Array || data instanceof Uint8Array) return data;
  const foreign = data as TypedArray;
  const { buffer, byteOffset, length } = foreign;
  switch (arrayKind(foreign)) {
    case 'Int32Array':
      return new Int32Array(buffer, byteOffset, length);
    case 'Uint8Array':
      return new Uint8Array(buffer, byteOffset, length);
    default:
      return new Float32Array(buffer, byteOffset, length);
  }
}

/** The numbers of a tensor-like as the engine takes them. @internal */
export function convert(data: ArrayLike<number>, dtype: DType): TypedArray {
  if (dtype === 'float32')
    return arrayKind(data) === 'Float32Array' ? (data as Float32Array) : Float32Array.from(data);
  if (dtype === 'int32')
    return arrayKind(data) === 'Int32Array' ? (data as Int32Array) : Int32Array.from(data);
  if (dtype === 'uint8')
    return arrayKind(data) === 'Uint8Array' ? (data as Uint8Array) : Uint8Array.from(data);
  if (dtype === 'bool') return Uint8Array.from(data, (n) => Number(n !== 0));
  throw new EngineError(
    'DTYPE',
    `[tensor] expected float32, int32, uint8 or bool, received ${describe(dtype)}`,
  );
}

/** What each kind of typed array becomes. */
const DTYPES: Readonly<Record<string, DType | undefined>> = {
  Float32Array: 'float32',
  Float64Array: 'float32',
  Int32Array: 'int32',
  Int16Array: 'int32',
  Int8Array: 'int32',
  Uint16Array: 'int32',
  Uint8Array: 'uint8',
  Uint8ClampedArray: 'uint8',
};

/** Deeper nesting is an array that holds itself. */
const DEEPEST = 64;

/** Flat numbers with the dtype and shape that the data suggests. @internal */
export function read(data: TensorData): { data: ArrayLike<number>; shape: readonly number[]; dtype: DType } {
  if (typeof data === 'number') return { data: [data], shape: [], dtype: 'float32' };
  if (typeof data === 'boolean') return { data: [Number(data)], shape: [], dtype: 'bool' };
  if (data instanceof NDArray) return data;
  if (Array.isArray(data)) return flatten(data as readonly NestedArray[]);
  const dtype = DTYPES[arrayKind(data) ?? ''];
  if (dtype !== undefined)
    return { data: data as NumericArray, shape: [(data as NumericArray).length], dtype };
  throw new EngineError(
    'DTYPE',
    `[tensor] expected a number, nested arrays, a typed array of up to 32 bits (or Float64Array) or an NDArray, ` +
      `received ${Object.prototype.toString.call(data)}`,
  );
}

function flatten(data: readonly NestedArray[]): { data: number[]; shape: number[]; dtype: DType } {
  const shape: number[] = [];
  for (let level: NestedArray = data; Array.isArray(level); level = (level as readonly NestedArray[])[0]!)
    if (shape.push((level as readonly NestedArray[]).length) > DEEPEST)
      throw new EngineError(
        'SHAPE',
        `[tensor] expected arrays nested ${DEEPEST} deep at most, received deeper ones, or one that holds itself`,
      );
  const flat: number[] = [];
  let booleans = 0;
  const walk = (part: NestedArray, depth: number): void => {
    if (Array.isArray(part)) {
      const row = part as readonly NestedArray[];
      if (depth >= shape.length || row.length !== shape[depth]) {
        throw new EngineError(
          'SHAPE',
          `[tensor] expected rows of shape [${shape.slice(depth).join(', ')}] at depth ${depth}, ` +
            `received ${depth >= shape.length ? 'deeper ones' : `a row of ${row.length}`}`,
        );
      }
      for (const item of row) walk(item, depth + 1);
      return;
    }
    if (depth !== shape.length || (typeof part !== 'number' && typeof part !== 'boolean')) {
      throw new EngineError(
        depth !== shape.length ? 'SHAPE' : 'DTYPE',
        `[tensor] expected numbers in nested arrays of shape [${shape.join(', ')}], ` +
          `received ${Object.prototype.toString.call(part)} at depth ${depth}`,
      );
    }
    if (typeof part === 'boolean') booleans++;
    flat.push(Number(part));
  };
  walk(data, 0);
  return { data: flat, shape, dtype: booleans > 0 && booleans === flat.length ? 'bool' : 'float32' };
}

function nest(data: TypedArray, shape: Shape, offset = 0, depth = 0): NestedArray {
  if (depth === shape.length) return data[offset];
  const stride = sizeOf(shape.slice(depth + 1));
  return Array.from({ length: shape[depth] }, (_, i) => nest(data, shape, offset + i * stride, depth + 1));
}

function allocate(name: string, dtype: DType, length: number): TypedArray {
  try {
    if (dtype === 'float32') return new Float32Array(length);
    return dtype === 'int32' ? new Int32Array(length) : new Uint8Array(length);
  } catch (cause) {
    throw new EngineError(
      'OUT_OF_MEMORY',
      `[${name}] expected room for an array of ${length} numbers, received none`,
      { cause },
    );
  }
}
