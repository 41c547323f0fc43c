import { expected, mismatch } from '../base/checks.js';
import { shapeText } from '../base/errors.js';
import { atLeast } from '../base/list.js';
import * as ops from '../ops/index.js';
import type { Sym } from '../core/sym.js';
import { MultiInputLayer } from './multiInputLayer.js';

/**
 * What the layers share that make one tensor of several, element by element. Inputs of lower rank get axes of size 1 after the batch;
 * then they broadcast as numpy does.
 */
export abstract class Merge extends MultiInputLayer {
  /** Whether it takes two inputs only. */
  protected readonly isBinary: boolean = false;

  protected abstract combine(a: Sym, b: Sym): Sym;

  call(xs: readonly Sym[]): Sym {
    if (xs.length < 2 || (this.isBinary && xs.length > 2)) {
      const wanted = this.isBinary ? 'two' : 'two or more';
      throw expected(this.name, `${wanted} inputs`, xs.length);
    }
    const rank = Math.max(...xs.map((x) => x.rank));
    return xs.map((x) => ofRank(this.name, x, rank)).reduce((a, b) => this.combine(a, b));
  }

  /** A step counts where it does in one of the inputs; none is masked where an input has no mask, as in Keras. */
  override computeMask(_inputs: readonly Sym[], given: readonly (Sym | undefined)[]): Sym | undefined {
    const masks = given.filter((mask) => mask !== undefined);
    if (masks.length === 0 || masks.length < given.length) return undefined;
    return masks.reduce((a, b) => ops.logicalOr(a, b));
  }
}

function ofRank(who: string, x: Sym, rank: number): Sym {
  if (x.rank === rank) return x;
  const [batch, ...rest] = atLeast(x.shape, 1);
  if (x.rank === 0 || rest.includes(-1)) {
    throw mismatch(
      who,
      'inputs of one rank, or with known sizes after the batch',
      `${shapeText(x.shape)} and another input of rank ${rank}`,
      'SHAPE',
    );
  }
  return ops.reshape(x, [batch, ...Array<number>(rank - x.rank).fill(1), ...rest]);
}
