import type { OptionNames } from '../checks.js';
import { EngineError, describe } from '../errors.js';
import * as ops from '../ops/index.js';
import type { Sym } from '../sym.js';
import { Layer, type LayerOptions } from './layer.js';

export interface RescalingOptions extends LayerOptions {
  scale: number;
  /** Default 0. */
  offset?: number;
}

/** x · scale + offset, float32: pictures of bytes become numbers from 0 to 1 with a scale of 1 / 255. https://keras.io/api/layers/preprocessing_layers/image_preprocessing/rescaling/ */
export class Rescaling extends Layer {
  static override readonly optionNames = {
    ...Layer.optionNames,
    scale: 'required',
    offset: 'optional',
  } satisfies OptionNames<RescalingOptions>;
  readonly className = 'Rescaling';
  readonly scale: number;
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
    const scaled = ops.mul(x.dtype === 'float32' ? x : ops.cast(x, 'float32'), this.scale);
    return this.offset === 0 ? scaled : ops.add(scaled, this.offset);
  }

  override getConfig() {
    return { ...super.getConfig(), scale: this.scale, offset: this.offset };
  }
}

/** See {@link Rescaling}. @example layers.rescaling({ scale: 1 / 255 }) */
export const rescaling = (options: RescalingOptions) => new Rescaling(options);
