import { mismatch } from '../../base/checks.js';
import { Tensor, tensor } from '../../core/tensor.js';
import type { Sym } from '../../core/sym.js';
import { asSym } from '../../ops/composed.js';
import { FORMATS, type NumberType } from '../dtypes.js';
import type { OnnxArray } from '../tensors.js';

/** A tensor that flows between nodes: symbolic where it depends on what is fed, else with numbers. */
export class TensorValue {
  /**
   * @param x Its numbers or symbolic value, in the dtype that the engine computes the type in.
   * @param type What ONNX calls its numbers.
   * @param other Where it was computed of sizes that are not known yet: its numbers for other such sizes.
   */
  constructor(
    readonly x: Sym,
    readonly type: NumberType,
    readonly other?: Sym,
  ) {}
}

/** Texts that flow between nodes. */
export class TextValue {
  constructor(
    readonly texts: readonly string[],
    readonly shape: readonly number[],
  ) {}
}

/** A list of values that flows between nodes. */
export class SequenceValue {
  constructor(readonly items: readonly OnnxValue[]) {}
}

/** What flows between nodes. */
export type OnnxValue = TensorValue | TextValue | SequenceValue;

/** The largest whole number of int32, and where numbers of 64 bits begin that only mean "to the end". */
const [MOST, BEYOND] = [2 ** 31 - 1, 2 ** 62];

/** The numbers of a file as the engine takes them. @throws EngineError `DTYPE` for whole numbers that int32 does not hold. */
export function engineTensor(who: string, { type, shape, data }: OnnxArray): Tensor {
  const { dtype } = FORMATS[type];
  if (dtype !== 'int32' || data instanceof Int32Array) return tensor(data, shape, dtype);
  const held = Int32Array.from(data as ArrayLike<number>, (n) => {
    if (Math.abs(n) >= BEYOND) return n < 0 ? -MOST - 1 : MOST;
    if (n <= MOST && n >= -MOST - 1) return n;
    throw mismatch(who, 'whole numbers within int32', `${n} of ${type}`, 'DTYPE');
  });
  return tensor(held, shape, dtype);
}

/** A value with the numbers of a file. */
export const valueOf = (who: string, array: OnnxArray): TensorValue =>
  new TensorValue(asSym(engineTensor(who, array)), array.type);

/** A value of whole numbers that are known. */
export const integersValue = (
  numbers: readonly number[],
  shape: readonly number[] = [numbers.length],
): TensorValue => new TensorValue(asSym(tensor(Int32Array.from(numbers), shape)), 'INT64');
