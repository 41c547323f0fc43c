import { expected, mismatch, shapeOf } from '../base/checks.js';
import { firstOf, itemAt, sizeOf } from '../base/list.js';
import { NDArray, arrayKind } from './ndarray.js';
import { dispose } from '../base/disposable.js';
import {
  type DataOf,
  type DType,
  type NativeTensor,
  type Shape,
  type TypedArray,
  engine,
} from '../engine/engine.js';

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

/** The dtype of a tensor that is made of a typed array; of other data it is known when the program runs. */
export type DTypeOf<T> = [NestedArray] extends [T]
  ? DType
  : [T] extends [Float32Array | Float64Array]
    ? 'float32'
    : [T] extends [Int32Array | Int16Array | Int8Array | Uint16Array]
      ? 'int32'
      : [T] extends [Uint8Array | Uint8ClampedArray]
        ? 'uint8'
        : DType;

/**
 * The numbers of a tensor in nested arrays, of a rank that TypeScript does not know: to be used as what it is, a number where the
 * tensor is a scalar, a list of numbers for rank 1, a list of lists for rank 2.
 *
 * @example
 *     const rows: number[][] = await tensor([[1, 2], [3, 4]]).array();
 *     const four: number = rows[1]![1]!;
 */
export type NestedNumbers = number & NestedList;

/** A list of lists or numbers. */
// An alias cannot name itself here.
// eslint-disable-next-line @typescript-eslint/no-empty-object-type
interface NestedList extends Array<NestedNumbers> {}

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
export class Tensor<D extends DType = DType> implements Disposable {
  /** The type of its numbers. */
  readonly dtype: D;
  /** Its size along each axis, the outermost first; empty for a scalar. */
  readonly shape: readonly number[];
  #handle: NativeTensor | null;

  /** @internal */
  constructor(handle: NativeTensor, dtype: D, shape: readonly number[]) {
    this.#handle = handle;
    this.dtype = dtype;
    this.shape = shape;
  }

  /** @internal */
  get handle(): NativeTensor {
    if (this.#handle === null) {
      throw mismatch('Tensor', 'a live tensor', `a disposed ${this.toString()}`, 'DISPOSED');
    }
    return this.#handle;
  }

  /** Whether its memory was freed with {@link dispose}. */
  get isDisposed(): boolean {
    return this.#handle === null;
  }

  /** The number of axes; 0 for a scalar. */
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
  async data(): Promise<DataOf<D>> {
    return ofThisRealm(await engine().readTensor(this.handle)) as DataOf<D>;
  }

  /** As {@link data}, but blocks the event loop until the numbers are there. */
  dataSync(): DataOf<D> {
    return ofThisRealm(engine().readTensorSync(this.handle)) as DataOf<D>;
  }

  /**
   * The number of a tensor with one element.
   *
   * @throws EngineError `SHAPE` where it has more or fewer.
   */
  async item(): Promise<number> {
    this.#checkOne();
    return firstOf<number>(await this.data());
  }

  /** As {@link item}, but blocks the event loop. */
  itemSync(): number {
    this.#checkOne();
    return firstOf<number>(this.dataSync());
  }

  /** The numbers in nested arrays, a plain number for a scalar. */
  async array(): Promise<NestedNumbers> {
    return nest(await this.data(), this.shape);
  }

  /** As {@link array}, but blocks the event loop. */
  arraySync(): NestedNumbers {
    return nest(this.dataSync(), this.shape);
  }

  /** Frees the memory as soon as nothing that is queued needs it. Later uses throw `DISPOSED`; twice is allowed. */
  dispose(): void {
    if (this.#handle === null) return;
    engine().disposeTensor(this.#handle);
    this.#handle = null;
  }

  /** {@link dispose}, for `using`. */
  [dispose](): void {
    this.dispose();
  }

  /** Its dtype and shape in words. */
  toString(): string {
    return `Tensor(${this.dtype} [${this.shape.join(', ')}])`;
  }

  #checkOne(): void {
    if (this.size !== 1) {
      throw mismatch('Tensor.item', 'one element', `shape [${this.shape.join(', ')}]`, 'SHAPE');
    }
  }
}

/**
 * Makes a tensor.
 *
 * @param data A number, nested arrays, a typed array, or an NDArray.
 * @param shape Of a flat array: its shape. By default what the nesting or the NDArray says, [length] for a typed array.
 * @returns A tensor of the array's own dtype: numbers are float32, booleans bool, Int8/16 and Uint16 int32, Float64 float32.
 * @throws EngineError `SHAPE` where rows differ in length or shape and length disagree, `DTYPE` for other data.
 * @example
 *     tensor([[1, 2], [3, 4]]);
 *     tensor(new Uint8Array(784), [28, 28, 1]);
 */
export function tensor<T extends TensorData>(data: T, shape?: Shape): Tensor<DTypeOf<T>>;
/**
 * Makes a tensor of a dtype.
 *
 * @param data A number, nested arrays, a typed array, or an NDArray.
 * @param shape Of a flat array: its shape. `undefined`: what the nesting or the NDArray says, [length] for a typed array.
 * @param dtype What the tensor computes with. Fractions are cut towards 0 for int32; for bool all but 0 is true.
 * @throws EngineError `SHAPE` where rows differ in length or shape and length disagree, `DTYPE` for other data.
 * @example
 *     const classes = tensor([0, 2, 1], undefined, 'int32');
 *     await classes.data(); // Int32Array [0, 2, 1]
 */
export function tensor<D extends DType = DType>(
  data: TensorData,
  shape: Shape | undefined,
  dtype: D | undefined,
): Tensor<D>;
export function tensor(data: TensorData, shape?: Shape, dtype?: DType): Tensor {
  const given = read(data);
  const wanted = dtype ?? given.dtype;
  const dims = shape === undefined ? given.shape : shapeOf('tensor', shape);
  if (sizeOf(dims) !== given.data.length) {
    throw expected(
      'tensor',
      `${sizeOf(dims)} numbers for shape [${dims.join(', ')}]`,
      given.data.length,
      'SHAPE',
    );
  }
  return new Tensor(engine().createTensor(wanted, dims, convert(given.data, wanted)), wanted, dims);
}

/**
 * A tensor of zeros (of false, for bool). Also as `ops.zeros`, and as `ops.empty`: memory is never handed out without numbers in it.
 *
 * @param shape Its size along each axis; [] for a scalar.
 * @param dtype Default float32.
 * @throws EngineError `SHAPE` for what is no shape, `DTYPE`, `OUT_OF_MEMORY`.
 * @example zeros([2, 3]);
 */
export function zeros<D extends DType = DType>(shape: Shape, dtype: D = 'float32' as D): Tensor<D> {
  const dims = shapeOf('zeros', shape);
  return new Tensor(engine().createTensor(dtype, dims, null), dtype, dims);
}

/**
 * A tensor of ones (of true, for bool).
 *
 * @param shape Its size along each axis; [] for a scalar.
 * @param dtype Default float32.
 * @throws EngineError `SHAPE` for what is no shape, `DTYPE`, `OUT_OF_MEMORY`.
 * @example ones([2, 3], 'int32');
 */
export function ones<D extends DType = DType>(shape: Shape, dtype: D = 'float32' as D): Tensor<D> {
  return full(shape, 1, dtype);
}

/**
 * A tensor filled with one value.
 *
 * @param shape Its size along each axis; [] for a scalar.
 * @param value For bool, all but 0 is true.
 * @param dtype Default float32.
 * @throws EngineError `SHAPE` for what is no shape, `ARGUMENT` for what is no number, `DTYPE`, `OUT_OF_MEMORY`.
 * @example full([2, 3], 0.5);
 */
export function full<D extends DType = DType>(
  shape: Shape,
  value: number,
  dtype: D = 'float32' as D,
): Tensor<D> {
  if (typeof value !== 'number' && typeof value !== 'boolean') throw expected('full', 'a number', value);
  const dims = shapeOf('full', shape);
  const data = allocate('full', dtype, sizeOf(dims)).fill(dtype === 'bool' ? Number(value !== 0) : value);
  return new Tensor(engine().createTensor(dtype, dims, data), dtype, dims);
}

/**
 * Numbers from `start` up to, not including, `stop`, as a tensor of rank 1.
 *
 * @param start The first number; without `stop` they begin at 0 and end here.
 * @param stop Where they end.
 * @param step Not 0; negative counts down. Default 1.
 * @param dtype Default float32.
 * @throws EngineError `ARGUMENT` for what is no finite number, and for a step of 0; `DTYPE`, `OUT_OF_MEMORY`.
 * @example arange(0, 1, 0.25); // [0, 0.25, 0.5, 0.75]
 */
export function arange<D extends DType = DType>(
  start: number,
  stop?: number,
  step = 1,
  dtype: D = 'float32' as D,
): Tensor<D> {
  if (stop === undefined) return arange(0, start, step, dtype);
  for (const n of [start, stop, step]) if (typeof n !== 'number') throw expected('arange', 'numbers', n);
  const length = Math.max(0, Math.ceil((stop - start) / step));
  if (!Number.isFinite(length)) {
    throw mismatch('arange', 'finite numbers and a step that is not 0', `${start}, ${stop}, ${step}`);
  }
  const data = allocate('arange', dtype, length);
  for (let i = 0; i < length; i++) data[i] = start + i * step;
  return tensor(data, [length], dtype);
}

/** The engine makes arrays of Node's own realm. In another one (Jest, a vm context) they become those that its code knows. */
function ofThisRealm(data: TypedArray): TypedArray {
  if (data instanceof Float32Array || data instanceof Int32Array || data instanceof Uint8Array) return data;
  const { buffer, byteOffset, length } = data;
  switch (arrayKind(data)) {
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
  throw expected('tensor', 'float32, int32, uint8 or bool', dtype, 'DTYPE');
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
  throw mismatch(
    'tensor',
    'a number, nested arrays, a typed array of up to 32 bits (or Float64Array) or an NDArray',
    Object.prototype.toString.call(data),
    'DTYPE',
  );
}

function flatten(data: readonly NestedArray[]): { data: number[]; shape: number[]; dtype: DType } {
  const shape: number[] = [];
  for (let level: NestedArray = data; Array.isArray(level); level = (level as readonly NestedArray[])[0]!)
    if (shape.push((level as readonly NestedArray[]).length) > DEEPEST)
      throw mismatch(
        'tensor',
        `arrays nested ${DEEPEST} deep at most`,
        'deeper ones, or one that holds itself',
        'SHAPE',
      );
  const flat: number[] = [];
  let booleans = 0;
  const walk = (part: NestedArray, depth: number): void => {
    if (Array.isArray(part)) {
      const row = part as readonly NestedArray[];
      if (depth >= shape.length || row.length !== shape[depth]) {
        throw mismatch(
          'tensor',
          `rows of shape [${shape.slice(depth).join(', ')}] at depth ${depth}`,
          depth >= shape.length ? 'deeper ones' : `a row of ${row.length}`,
          'SHAPE',
        );
      }
      for (const item of row) walk(item, depth + 1);
      return;
    }
    if (depth !== shape.length || (typeof part !== 'number' && typeof part !== 'boolean')) {
      throw mismatch(
        'tensor',
        `numbers in nested arrays of shape [${shape.join(', ')}]`,
        `${Object.prototype.toString.call(part)} at depth ${depth}`,
        depth !== shape.length ? 'SHAPE' : 'DTYPE',
      );
    }
    if (typeof part === 'boolean') booleans++;
    flat.push(Number(part));
  };
  walk(data, 0);
  return { data: flat, shape, dtype: booleans > 0 && booleans === flat.length ? 'bool' : 'float32' };
}

function nest(data: TypedArray, shape: Shape, offset = 0, depth = 0): NestedNumbers {
  if (depth === shape.length) return data[offset] as NestedNumbers;
  const stride = sizeOf(shape.slice(depth + 1));
  return Array.from({ length: itemAt(shape, depth) }, (_, i) =>
    nest(data, shape, offset + i * stride, depth + 1),
  ) as NestedNumbers;
}

/** An array of zeros. @throws EngineError `OUT_OF_MEMORY`. @internal */
export function allocate(name: string, dtype: DType, length: number): TypedArray {
  try {
    if (dtype === 'float32') return new Float32Array(length);
    return dtype === 'int32' ? new Int32Array(length) : new Uint8Array(length);
  } catch (cause) {
    throw mismatch(name, `room for an array of ${length} numbers`, 'none', 'OUT_OF_MEMORY', { cause });
  }
}
