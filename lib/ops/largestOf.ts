import { expected } from '../base/checks.js';
import type { Operand } from '../core/apply.js';
import { KerasTensor } from '../core/kerasTensor.js';
import { Sym } from '../core/sym.js';
import { convertToNumpy } from './creation.js';

/**
 * The largest of numbers, at least −1, which it reads.
 *
 * @param option What to give where they are symbolic.
 * @throws EngineError `ARGUMENT` for symbolic ones.
 * @internal
 */
export function largestOf(who: string, option: string, numbers: Operand): number {
  if (numbers instanceof Sym || numbers instanceof KerasTensor)
    throw expected(who, `the option ${option} where the numbers are symbolic`, undefined);
  return convertToNumpy(numbers).data.reduce((a, b) => Math.max(a, b), -1);
}
