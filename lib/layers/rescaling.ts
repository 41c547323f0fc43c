import type { OptionNames } from '../base/checks.js';
import { EngineError, describe } from '../base/errors.js';
import * as ops from '../ops/index.js';
import type { Sym } from '../core/sym.js';
import { Layer, type LayerOptions } from './layer.js';

/** What `layers.rescaling` takes. */
export interface RescalingOptions extends LayerOptions {
  /** What each number is multiplied by. */
  scale: number;
  /** What is added after that. Default 0. */
  offset?: number;
}

/** Multiplies and adds a number: made by `layers.rescaling`, which says more. */
export class Rescaling extends Layer {
  static override readonly optionNames = {
    ...Layer.optionNames,
    scale: 'required',
    offset: 'optional',
  } satisfies OptionNames<RescalingOptions>;
  readonly className = 'Rescaling';
  override readonly supportsMasking = true;
  /** What each number is multiplied by. */
  readonly scale: number;
  /** What is added after that. */
  readonly offset: number;

  constructor(options: RescalingOptions) {
    super(options);
    this.scale = options.scale;
    this.offset = options.offset ?? 0;
    if (!Number.isFinite(this.scale) || !Number.isFinite(this.offset)) {
      throw new EngineError(
        'ARGUMENT',
        `[rescaling] expected finite numbers for scale and offset, received ${describe(this.scale)} and ${describe(this.offset)}`,
      );
    }
  }

  call(x: Sym): Sym {
    const scaled = ops.multiply(x.dtype === 'float32' ? x : ops.cast(x, 'float32'), this.scale);
    return this.offset === 0 ? scaled : ops.add(scaled, this.offset);
  }

  override getConfig() {
    return { ...super.getConfig(), scale: this.scale, offset: this.offset };
  }
}

/**
 * x · scale + offset: any dtype, to float32 of the same shape. Pictures of bytes become numbers from 0 to 1 with a scale of 1 / 255.
 * It has no weights. https://keras.io/api/layers/preprocessing_layers/image_preprocessing/rescaling/
 *
 * @throws EngineError `ARGUMENT` for what are no finite numbers.
 * @example layers.rescaling({ scale: 1 / 255 });
 */
export const rescaling = (options: RescalingOptions) => new Rescaling(options);
