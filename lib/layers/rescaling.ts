import { type OptionNames, expected } from '../base/checks.js';
import { defaultsOf, withDefaults } from '../base/defaults.js';
import * as ops from '../ops/index.js';
import type { Sym } from '../core/sym.js';
import { Layer, type LayerOptions } from './layer.js';

/** What `layers.rescaling` takes. */
export interface RescalingOptions extends LayerOptions {
  /** What each number is multiplied by: one number, or one for each index of the last axis. */
  scale: number | readonly number[];
  /** What is added after that: one number, or one for each index of the last axis. Default 0. */
  offset?: number | readonly number[];
}

/** One finite number, or a list of at least one. */
function finiteNumbers(name: string, value: unknown): number | readonly number[] {
  const list: readonly unknown[] = Array.isArray(value) ? [...(value as unknown[])] : [value];
  if (list.length > 0 && list.every(Number.isFinite)) return value as number | readonly number[];
  throw expected('rescaling', `a finite number for ${name}, or a list of them`, value);
}

const factorsOf = (value: number | readonly number[]) =>
  typeof value === 'number' ? value : ops.array(value);

const DEFAULTS = defaultsOf<RescalingOptions>()({ offset: 0 });

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
  readonly scale: number | readonly number[];
  /** What is added after that. */
  readonly offset: number | readonly number[];

  constructor(given: RescalingOptions) {
    super(given);
    const options = withDefaults(given, DEFAULTS);
    this.scale = finiteNumbers('scale', options.scale);
    this.offset = finiteNumbers('offset', options.offset);
  }

  call(x: Sym): Sym {
    const scaled = ops.multiply(x.dtype === 'float32' ? x : ops.cast(x, 'float32'), factorsOf(this.scale));
    return this.offset === 0 ? scaled : ops.add(scaled, factorsOf(this.offset));
  }

  override getConfig() {
    return { ...super.getConfig(), scale: this.scale, offset: this.offset };
  }
}

/**
 * x · scale + offset: any dtype, to float32 of the same shape. Pictures of bytes become numbers from 0 to 1 with a scale of 1 / 255.
 * A list has one number for each channel. It has no weights. https://keras.io/api/layers/preprocessing_layers/image_preprocessing/rescaling/
 *
 * @throws EngineError `ARGUMENT` for what are no finite numbers.
 * @example layers.rescaling({ scale: 1 / 255 });
 */
export const rescaling = (options: RescalingOptions) => new Rescaling(options);
