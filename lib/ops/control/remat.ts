import type { Outcome } from '../../core/apply.js';
import { op } from '../../core/op.js';
import { rematerialized } from '../../core/remat.js';
import {
  type LeavesOf,
  type Nest,
  type WithLeaves,
  checkFunction,
  filled,
  leavesOf,
  symbolsOf,
  traced,
} from './nest.js';

/**
 * A function whose gradient computes anew what the function makes on the way to its results, instead of keeping it: memory for time.
 * Random ops in it draw the same numbers again; variables that it assigns are assigned once. https://keras.io/api/utils/
 *
 * @param f Gets the arguments; gives values, alone or nested in lists and records. It may read variables.
 * @returns A function of the same arguments, alone or nested in lists and records, with the same results and gradients.
 * @throws EngineError `ARGUMENT` for what is no function.
 * @example
 *     const block = remat((x: Sym) => ops.gelu(ops.layerNormalization(ops.multiply(x, x))));
 */
export function remat<Y>(
  f: (...args: never[]) => Y,
): <T extends readonly Nest[]>(...args: T) => WithLeaves<Y, Outcome<LeavesOf<T>>> {
  checkFunction('remat', 'f', f);
  return op('remat', (...args: unknown[]) => {
    return traced(leavesOf(args), (given, trace) => {
      let output: unknown;
      const ys = rematerialized(trace, () => {
        output = f(...(filled(args, given) as never[]));
        return symbolsOf('remat', trace, output);
      });
      return filled(output, ys);
    });
  }) as never;
}
