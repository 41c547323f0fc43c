import { expected, mismatch, shapeOf } from '../base/checks.js';
import { sizeOf } from '../base/list.js';
import type { TypedArray } from '../engine/engine.js';

/** The element types that the engine takes. `bool` is kept as bytes of 0 and 1. */
export type NDArrayType = 'uint8' | 'int32' | 'float32' | 'bool';

/** The memory of an {@link NDArray}. */
export type NDArrayData = TypedArray;

/**
 * Numbers in plain memory with a shape, row-major: what data sets come as and what `fit`, `evaluate` and `predict`
 * take as well as tensors. It computes nothing and holds nothing native, so it needs no disposing.
 */
export class NDArray {
  /** The numbers, row after row: the memory that was given, not a copy. */
  readonly data: NDArrayData;
  /** The size of each axis, the samples first. */
  readonly shape: readonly number[];
  /** The element type. */
  readonly dtype: NDArrayType;

  /**
   * @param data The numbers, row-major; kept, not copied.
   * @param shape Non-negative integers whose product is `data.length`.
   * @param dtype By default what the array's own type says (`Uint8Array`: `uint8`).
   * @throws EngineError `SHAPE` where length and shape disagree, `DTYPE` where `data` cannot hold `dtype`.
   * @example new NDArray(new Float32Array([1, 2, 3, 4, 5, 6]), [2, 3])
   */
  constructor(data: NDArrayData, shape: readonly number[], dtype: NDArrayType = dtypeOf(data)) {
    if (dtypeOf(data) !== (dtype === 'bool' ? 'uint8' : dtype)) {
      throw mismatch('NDArray', `the typed array of ${dtype}`, data.constructor.name, 'DTYPE');
    }
    const sizes = shapeOf('NDArray', shape);
    const size = sizeOf(sizes);
    if (data.length !== size) {
      throw expected('NDArray', `${size} numbers for shape [${sizes.join(', ')}]`, data.length, 'SHAPE');
    }
    this.data = data;
    this.shape = sizes;
    this.dtype = dtype;
  }

  /** The size of the first axis, the number of samples. A scalar has length 1. */
  get length(): number {
    return this.shape[0] ?? 1;
  }

  /**
   * Takes the samples from `start` up to, not including, `end`, counted as in `Array.prototype.slice`: from the
   * end where negative, cut to what there is.
   *
   * @returns A view of shape `[samples, ...rest]` on the same memory.
   * @throws EngineError `SHAPE` for a scalar, which has no first axis.
   */
  slice(start: number, end: number = this.length): NDArray {
    const [length, ...rest] = this.shape;
    if (length === undefined) throw mismatch('NDArray', 'an axis to slice', 'a scalar', 'SHAPE');
    const from = clampIndex(start, length);
    const to = Math.max(from, clampIndex(end, length));
    const stride = sizeOf(rest);
    return new NDArray(this.data.subarray(from * stride, to * stride), [to - from, ...rest], this.dtype);
  }
}

function dtypeOf(data: NDArrayData): 'uint8' | 'int32' | 'float32' {
  const kind = arrayKind(data);
  if (kind === 'Uint8Array') return 'uint8';
  if (kind === 'Int32Array') return 'int32';
  if (kind === 'Float32Array') return 'float32';
  throw expected('NDArray', 'a Uint8Array, Int32Array or Float32Array', data, 'DTYPE');
}

/** The name of a typed array's kind, also of one from another realm (a worker's context, Jest), whose class is another. @internal */
export const arrayKind = (data: unknown): string | undefined =>
  ArrayBuffer.isView(data) ? (data as { [Symbol.toStringTag]?: string })[Symbol.toStringTag] : undefined;

function clampIndex(index: number, length: number): number {
  if (typeof index !== 'number') throw expected('NDArray.slice', 'a number', index);
  const whole = Math.trunc(index) || 0;
  return whole < 0 ? Math.max(0, length + whole) : Math.min(whole, length);
}
