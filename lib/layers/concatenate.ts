import type { OptionNames } from '../checks.js';
import { listOf } from '../list.js';
import * as ops from '../ops/index.js';
import type { Sym } from '../sym.js';
import { Layer, type LayerOptions } from './layer.js';

export interface ConcatenateOptions extends LayerOptions {
  /** Default -1. */
  axis?: number;
}

/** Several inputs one behind the other along an axis. https://keras.io/api/layers/merging_layers/concatenate/ */
export class Concatenate extends Layer {
  static override readonly optionNames = {
    ...Layer.optionNames,
    axis: 'optional',
  } satisfies OptionNames<ConcatenateOptions>;
  readonly className = 'Concatenate';
  readonly axis: number;

  constructor(options: ConcatenateOptions = {}) {
    super(options);
    this.axis = options.axis ?? -1;
  }

  call(xs: Sym | readonly Sym[]): Sym {
    return ops.concatenate(listOf(xs), { axis: this.axis });
  }

  override getConfig() {
    return { ...super.getConfig(), axis: this.axis };
  }
}

/** See {@link Concatenate}. @example layers.concatenate().apply([a, b]) */
export const concatenate = (options?: ConcatenateOptions) => new Concatenate(options);
