import { itemAt } from '../base/list.js';
import type { Sym } from '../core/sym.js';

/** A size: a number, or that of an axis of a value, which is known when the network runs. */
export type Size = number | SizeOf;

/** The size of an axis of a value. */
export interface SizeOf {
  readonly of: Sym;
  readonly axis: number;
}

/** Ops whose results have the sizes of what they take, where their axes are as many. */
const KEEPS_SIZES = new Set(['softmax', 'logSoftmax', 'cumsum', 'layerNormalization']);
const ONE_BY_ONE = new Set([
  ...['add', 'subtract', 'multiply', 'divide', 'power', 'maximum', 'minimum', 'where', 'cast', 'identity'],
  ...['relu', 'sigmoid', 'tanh', 'exp', 'log', 'negative', 'abs', 'square', 'sqrt', 'rsqrt', 'stopGradient'],
]);

/** A size, or the earliest value found that has it: so a product that is read for its shape alone is not computed. */
export function sizeAlong(value: Sym, axis: number): Size {
  for (let [of, at] = [value, axis]; ;) {
    const size = itemAt(of.shape, at);
    if (size >= 0) return size;
    const [first, second] = of.inputs;
    const { rank } = of;
    const isSame = (input: Sym | undefined): input is Sym =>
      input?.rank === rank && itemAt(input.shape, at) < 0;
    const isProduct = of.op === 'matmul' && at < rank - 1 && of.attrs['transposeA'] !== true;
    if ((KEEPS_SIZES.has(of.op) || isProduct) && isSame(first)) of = first;
    else if (ONE_BY_ONE.has(of.op) && isSame(first)) of = first;
    else if (ONE_BY_ONE.has(of.op) && isSame(second)) of = second;
    else if (of.op === 'transpose' && first)
      [of, at] = [first, itemAt(of.attrs['perm'] as readonly number[], at)];
    else return { of, axis: at };
  }
}
