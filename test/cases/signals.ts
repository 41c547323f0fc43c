import { type Sym, ops } from 'nodegrad';

/** Rows of the tables name them as if they were ops: operands in another order, two results as one. reference_signals.py has their twins. */
export const signals = {
  signalsStft: (x: Sym, ...rest: [number, number, number, object?]) =>
    ops.concatenate(ops.stft(x, ...rest).map((y) => ops.reshape(y, [-1]))),
  signalsCtc: (output: Sym, target: Sym, targetLength: Sym, outputLength: Sym, options?: object) =>
    ops.ctcLoss(target, output, targetLength, outputLength, options),
};
