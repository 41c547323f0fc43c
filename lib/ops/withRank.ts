import type { Sym } from '../core/sym.js';
import { expandDims } from './shape.js';

/** x with axes of size 1 at the end, until it has a rank. @internal */
export const withRank = (x: Sym, rank: number): Sym =>
  x.rank < rank ? withRank(expandDims(x, -1), rank) : x;
