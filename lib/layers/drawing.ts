import * as ops from '../ops/index.js';
import type { Sym } from '../core/sym.js';
import type { Tensor } from '../core/tensor.js';

/**
 * What a layer's random op draws by: other numbers in each step and for each op, decided by the layer's seed or, without one, by the
 * step's key. @internal
 */
export const drawing = (
  x: Sym,
  key: Sym | undefined,
  seed: number | undefined,
): { key: Sym | Tensor | undefined; salt: number } => ({
  key: seed === undefined ? key : ops.randomKey(seed),
  salt: x.trace.nextSalt(),
});
