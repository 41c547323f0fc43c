import { type AtLeast, atLeast } from '../base/list.js';
import type { Attrs, DType } from '../engine/engine.js';
import { eager } from './eager.js';
import { KerasTensor } from './kerasTensor.js';
import { NDArray } from './ndarray.js';
import { Sym } from './sym.js';
import { Tensor, type TensorData, read, tensor } from './tensor.js';
import { Trace } from './trace.js';
import { Variable } from './variable.js';

/** What an op takes. Numbers and arrays become tensors; next to a typed operand a number takes its dtype. */
export type Operand = KerasTensor | Sym | Tensor | Variable | TensorData;

/**
 * What an op returns: the place of an output in a model's description where an operand is the output of a layer, a symbolic value where
 * one is symbolic, else a tensor. Inside a traced function an op on variables alone returns a symbolic value too, although its type says
 * tensor; further ops and `grad` take it.
 */
export type Outcome<T> = [Extract<T, KerasTensor>] extends [never]
  ? [Extract<T, Sym>] extends [never]
    ? Tensor
    : Sym
  : [Extract<T, Sym>] extends [never]
    ? KerasTensor
    : Sym | KerasTensor;

/**
 * The first output of an op, traced or queued as the operands decide.
 *
 * @param dtype Of numbers among the operands; by default the first typed operand's.
 * @internal
 */
export function apply<T extends Operand>(
  op: string,
  operands: readonly T[],
  attrs: Attrs = {},
  dtype: DType | undefined = dtypeFor(operands),
): Outcome<T> {
  return applyAll(op, operands, attrs, 1, dtype)[0];
}

/**
 * As {@link apply}, with the operands in one dtype: the widest of theirs (bool < uint8 < int32 < float32), as Keras
 * promotes them. A number takes the other operands' dtype where that can hold it. https://keras.io/api/ops/
 *
 * @param least The dtype that an op needs at least: `float32` where it computes floats of whole numbers too.
 * @param from The operands before this one stay as they are.
 * @internal
 */
export function promote<T extends Operand>(
  op: string,
  operands: readonly T[],
  attrs: Attrs = {},
  { least = 'bool', from = 0 }: { least?: DType; from?: number } = {},
): Outcome<T> {
  const dtype = resultType(operands, from, least);
  const fits = (operand: Operand, i: number) => i < from || (ownType(operand) ?? dtype) === dtype;
  if (operands.every(fits)) return apply(op, operands, attrs, dtype);
  const trace = traceOf(operands);
  const made: Tensor[] = [];
  const inputs = operands.map((operand, i): Operand => {
    if (fits(operand, i)) return operand;
    if (trace) return trace.op('cast', [symbolic(trace, operand)], { dtype })[0];
    const temporary = apply('cast', [operand as Tensor], { dtype });
    made.push(temporary);
    return temporary;
  });
  try {
    return apply(op, inputs, attrs, dtype) as Outcome<T>;
  } finally {
    for (const temporary of made) temporary.dispose();
  }
}

/** {@link promote} to float32. @internal */
export const applyFloat = <T extends Operand>(
  op: string,
  operands: readonly T[],
  attrs?: Attrs,
): Outcome<T> => promote(op, operands, attrs, { least: 'float32' });

/** As {@link apply}, with the first `outputs`. @internal */
export function applyAll<T extends Operand, N extends 1 | 2 | 3>(
  op: string,
  operands: readonly T[],
  attrs: Attrs,
  outputs: N,
  dtype: DType | undefined = dtypeFor(operands),
): AtLeast<Outcome<T>, N> {
  const trace = traceOf(operands);
  if (trace) {
    const inputs = operands.map((operand) => symbolic(trace, operand, dtype));
    return atLeast(trace.op(op, inputs, attrs).slice(0, outputs) as Outcome<T>[], outputs);
  }
  const made: Tensor[] = [];
  const inputs = operands.map((operand) => {
    if (operand instanceof Tensor) return operand;
    if (operand instanceof Variable) return operand.storage;
    const temporary = concrete(operand as TensorData, dtype);
    made.push(temporary);
    return temporary;
  });
  try {
    return atLeast(eager(op, inputs, attrs, outputs) as Outcome<T>[], outputs);
  } finally {
    for (const temporary of made) temporary.dispose();
  }
}

const isTyped = (operand: Operand): operand is KerasTensor | Sym | Tensor | Variable =>
  operand instanceof Sym ||
  operand instanceof Tensor ||
  operand instanceof Variable ||
  operand instanceof KerasTensor;

/** The dtype and shape of an operand, without making a tensor of it. @internal */
export function typeOf(operand: Operand): { dtype: DType; shape: readonly number[] } {
  if (isTyped(operand)) return operand;
  const { dtype, shape } = read(operand);
  return { dtype, shape };
}

/** The trace that an op on these operands belongs to, or undefined where it is to be queued at once. @internal */
export function traceOf(operands: readonly Operand[]): Trace | undefined {
  let variables = false;
  for (const operand of operands) {
    if (operand instanceof Sym) return operand.trace;
    if (operand instanceof Variable) variables = true;
  }
  return variables ? Trace.current : undefined;
}

/** An operand as a value of a trace. @internal */
export function symbolic(trace: Trace, operand: Operand, dtype?: DType): Sym {
  if (operand instanceof Sym) return operand;
  if (operand instanceof Tensor || operand instanceof Variable) return trace.lift(operand);
  if (typeof operand === 'number') return trace.constant(operand, numberType(operand, dtype));
  return trace.lift(concrete(operand as TensorData, dtype));
}

function concrete(data: TensorData, dtype: DType | undefined): Tensor {
  if (typeof data === 'number') return tensor(data, [], numberType(data, dtype));
  // Nested arrays have no dtype of their own: they take the other operand's, unless that would cut their fractions.
  if (Array.isArray(data) && dtype !== undefined && dtype !== 'bool') {
    const given = read(data);
    if (given.dtype === 'float32' && (given.data as number[]).every(Number.isInteger))
      return tensor(data, undefined, dtype);
  }
  return tensor(data);
}

/** A number takes the other operands' dtype, unless that would change it: then it stays float32 and the op complains. */
function numberType(value: number, dtype: DType = 'float32'): DType {
  return Number.isInteger(value) && dtype !== 'bool' ? dtype : 'float32';
}

/** The dtype of the first operand that has one. @internal */
export function dtypeFor(operands: readonly Operand[]): DType | undefined {
  for (const operand of operands) {
    const dtype = ownType(operand);
    if (dtype !== undefined) return dtype;
  }
  return undefined;
}

/** The dtype of an operand; undefined for numbers and nested arrays of numbers, which follow the others. */
function ownType(operand: Operand): DType | undefined {
  if (isTyped(operand)) return operand.dtype;
  const { dtype } = read(operand);
  const typed = operand instanceof NDArray || ArrayBuffer.isView(operand) || dtype === 'bool';
  return typed ? dtype : undefined;
}

const WIDTH: Readonly<Record<DType, number>> = { bool: 0, uint8: 1, int32: 2, float32: 3 };

const wider = (a: DType, b: DType): DType => (WIDTH[a] < WIDTH[b] ? b : a);

function resultType(operands: readonly Operand[], from: number, least: DType): DType {
  let widest: DType | undefined;
  let loose = false;
  const counted = operands.slice(from);
  for (const operand of counted) {
    const own = ownType(operand);
    if (own === undefined) loose = true;
    else widest = wider(widest ?? least, own);
  }
  if (widest === undefined) return 'float32';
  if (!loose) return widest;
  for (const operand of counted)
    if (ownType(operand) === undefined) widest = widened(widest, operand as TensorData);
  return widest;
}

/** What a dtype becomes together with numbers without one: wide enough to hold them, and a number dtype. */
function widened(dtype: DType, numbers: TensorData): DType {
  if (dtype === 'float32') return dtype;
  let least: DType = dtype === 'bool' ? 'int32' : dtype;
  for (const value of Array.from(read(numbers).data)) {
    if ((value | 0) !== value) return 'float32';
    if (value < 0 || value > 255) least = 'int32';
  }
  return least;
}

/** Indices: numbers and nested arrays become int32. With fractions they stay floats, which ops refuse as indices. @internal */
export function indexOperand<T extends Operand>(indices: T): T | Tensor {
  if (typeof indices !== 'number' && !Array.isArray(indices)) return indices;
  const given = read(indices as TensorData);
  const isWhole = Array.from(given.data).every((n) => Number.isInteger(n));
  return tensor(indices as TensorData, undefined, isWhole ? 'int32' : 'float32');
}
