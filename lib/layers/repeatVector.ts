import { type OptionNames, integer } from '../base/checks.js';
import type { Shape } from '../engine/engine.js';
import * as ops from '../ops/index.js';
import type { Sym } from '../core/sym.js';
import { checkRank } from './check.js';
import { Layer, type LayerOptions } from './layer.js';

/** What `layers.repeatVector` takes. */
export interface RepeatVectorOptions extends LayerOptions {
  /** How many steps come out. */
  n: number;
}

/** A sequence of one vector: made by `layers.repeatVector`, which says more. */
export class RepeatVector extends Layer {
  static override readonly optionNames = {
    ...Layer.optionNames,
    n: 'required',
  } satisfies OptionNames<RepeatVectorOptions>;
  readonly className = 'RepeatVector';
  /** How many steps come out. */
  readonly n: number;

  constructor(options: RepeatVectorOptions) {
    super(options);
    this.n = integer('repeatVector', 'n', options.n);
  }

  override build(shape: Shape): void {
    checkRank(this.name, shape, 2, '[batch, features]');
  }

  call(x: Sym): Sym {
    return ops.broadcastTo(ops.expandDims(x, 1), [-1, this.n, -1]);
  }

  override getConfig() {
    return { ...super.getConfig(), n: this.n };
  }
}

/**
 * The same vector at each of n steps: [batch, features] to [batch, n, features], of any dtype. It has no weights.
 * https://keras.io/api/layers/reshaping_layers/repeat_vector/
 *
 * @throws EngineError `ARGUMENT` for an n that is no positive integer; `SHAPE`, when applied, for another rank.
 * @example layers.repeatVector({ n: 3 });
 */
export const repeatVector = (options: RepeatVectorOptions) => new RepeatVector(options);
