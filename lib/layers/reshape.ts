import { type OptionNames, expected, wrongShape } from '../base/checks.js';
import { sizeOf } from '../base/list.js';
import type { Shape } from '../engine/engine.js';
import * as ops from '../ops/index.js';
import type { Sym } from '../core/sym.js';
import { Layer, type LayerOptions } from './layer.js';

/** What `layers.reshape` takes. */
export interface ReshapeOptions extends LayerOptions {
  /** The shape of one sample, without the batch; one axis may be -1, and takes what is left. */
  targetShape: Shape;
}

/** Another shape for each sample: made by `layers.reshape`, which says more. */
export class Reshape extends Layer {
  static override readonly optionNames = {
    ...Layer.optionNames,
    targetShape: 'required',
  } satisfies OptionNames<ReshapeOptions>;
  readonly className = 'Reshape';
  /** The shape of one sample. */
  readonly targetShape: Shape;

  constructor(options: ReshapeOptions) {
    super(options);
    if (!Array.isArray(options.targetShape)) {
      throw expected('reshape', 'a list of integers for targetShape', options.targetShape);
    }
    this.targetShape = options.targetShape;
  }

  call(x: Sym): Sym {
    const size = sizeOf(x.shape.slice(1));
    const known = sizeOf(this.targetShape.filter((n) => n !== -1));
    const open = this.targetShape.includes(-1);
    if (x.shape.slice(1).some((n) => n < 0) || (open ? size % known !== 0 : size !== known)) {
      throw wrongShape(this.name, `an input of as many numbers as [${this.targetShape.join(', ')}]`, x.shape);
    }
    return ops.reshape(x, [-1, ...this.targetShape.map((n) => (n === -1 ? size / known : n))]);
  }

  override getConfig() {
    return { ...super.getConfig(), targetShape: this.targetShape };
  }
}

/**
 * Another shape for each sample: [n, …] to [n, ...targetShape], of any dtype. It has no weights.
 * https://keras.io/api/layers/reshaping_layers/reshape/
 *
 * @throws EngineError `ARGUMENT` for what is no list; `SHAPE`, when applied, for another number of numbers.
 * @example layers.reshape({ targetShape: [7, 7, -1] });
 */
export const reshape = (options: ReshapeOptions) => new Reshape(options);
