import { sizeOf } from '../base/list.js';
import type { DType, Shape, TypedArray } from '../engine/engine.js';
import { type NumericArray } from './tensor.js';
import type { Variable } from './variable.js';

/** Numbers of a model or an optimizer as a file holds them. @internal */
export interface SavedValue {
  readonly shape: Shape;
  /** Their dtype in the file. */
  readonly dtype: DType;
  /** Reads them. What is asked for in one go is of one moment. */
  read(): Promise<TypedArray>;
  /** Takes them from a file. */
  write(values: NumericArray): void;
}

/** A variable as it is. @internal */
export const savedVariable = (variable: Variable): SavedValue => ({
  shape: variable.shape,
  dtype: variable.dtype,
  read: () => variable.data(),
  write: (values) => {
    variable.assign(values);
  },
});

/** Zeros that a file has and nothing here needs. @internal */
export const savedZeros = (shape: Shape): SavedValue => ({
  shape,
  dtype: 'float32',
  read: () => Promise.resolve(new Float32Array(sizeOf(shape))),
  write: () => undefined,
});

/** What a file holds of an optimizer. @internal */
export interface SavedState {
  /** By their place, as Keras writes them. */
  readonly values: readonly SavedValue[];
  /** By their names, what Keras forgets. */
  readonly more?: Readonly<Record<string, SavedValue>>;
  /** Those of the optimizers within, by Keras's names of the attributes. */
  readonly within?: Readonly<Record<string, SavedState>>;
}
