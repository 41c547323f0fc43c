import { type OptionNames, expected } from '../base/checks.js';
import type { Shape } from '../engine/engine.js';
import * as ops from '../ops/index.js';
import type { Sym } from '../core/sym.js';
import { checkRank } from './check.js';
import { Layer, type LayerOptions } from './layer.js';

/** What `layers.permute` takes. */
export interface PermuteOptions extends LayerOptions {
  /** Which axis of the input comes at each place, the batch left out: each number from 1 once. [2, 1] swaps two axes. */
  dims: readonly number[];
}

/** The axes of each sample in another order: made by `layers.permute`, which says more. */
export class Permute extends Layer {
  static override readonly optionNames = {
    ...Layer.optionNames,
    dims: 'required',
  } satisfies OptionNames<PermuteOptions>;
  readonly className = 'Permute';
  /** Which axis of the input comes at each place. */
  readonly dims: readonly number[];

  constructor(options: PermuteOptions) {
    super(options);
    const given: unknown = options.dims;
    const dims = Array.isArray(given) ? [...(given as number[])] : [];
    if (dims.length === 0 || !dims.every((_, i) => dims.includes(i + 1)))
      throw expected('permute', 'a list with each number from 1 on once for dims', given);
    this.dims = dims;
  }

  override build(shape: Shape): void {
    checkRank(this.name, shape, this.dims.length + 1, 'the batch and one axis for each of dims');
  }

  call(x: Sym): Sym {
    return ops.transpose(x, [0, ...this.dims]);
  }

  override getConfig() {
    return { ...super.getConfig(), dims: this.dims };
  }
}

/**
 * The axes of each sample in another order: with dims [2, 1], [n, a, b] to [n, b, a], of any dtype. It has no weights.
 * https://keras.io/api/layers/reshaping_layers/permute/
 *
 * @throws EngineError `ARGUMENT` unless dims has each number from 1 on once; `SHAPE`, when applied, for another rank.
 * @example layers.permute({ dims: [2, 1] });
 */
export const permute = (options: PermuteOptions) => new Permute(options);
