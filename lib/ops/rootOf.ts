import type { Operand } from '../core/apply.js';
import type { Sym } from '../core/sym.js';
import { greater, multiply, where } from './binary.js';
import { asSym } from './composed.js';
import { sqrt } from './unary.js';

/** √x of numbers of 0 or more, with gradient 0 at 0. @internal */
export function rootOf(given: Operand): Sym {
  const x = asSym(given);
  const positive = greater(x, 0);
  // What is left is 0 or NaN.
  return where(positive, sqrt(where(positive, x, 1)), multiply(x, 0));
}
