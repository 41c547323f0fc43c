import type { Sym } from '../core/sym.js';
import * as ops from '../ops/index.js';

/** How gradients are made smaller: at most one of the three is given. */
interface Clips {
  readonly clipnorm: number | undefined;
  readonly clipvalue: number | undefined;
  readonly globalClipnorm: number | undefined;
}

/** The gradients of one step, clipped. @internal */
export function clipped(gradients: readonly Sym[], clips: Clips): readonly Sym[] {
  const { clipnorm, clipvalue, globalClipnorm } = clips;
  if (clipvalue !== undefined)
    return gradients.map((g) => ops.minimum(ops.maximum(g, -clipvalue), clipvalue));
  if (clipnorm !== undefined) return gradients.map((g) => ops.multiply(g, scaleTo(clipnorm, squares(g))));
  if (globalClipnorm === undefined) return gradients;
  const scale = scaleTo(
    globalClipnorm,
    gradients.map(squares).reduce((sum, more) => ops.add(sum, more)),
  );
  return gradients.map((g) => ops.multiply(g, scale));
}

const squares = (g: Sym): Sym => ops.sum(ops.square(g));

/** The factor, at most 1, that brings a vector of this squared norm down to the wanted norm. */
const scaleTo = (norm: number, squared: Sym): Sym => ops.divide(norm, ops.maximum(ops.sqrt(squared), norm));
