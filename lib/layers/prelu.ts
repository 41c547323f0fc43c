import { type OptionNames, expected, integers, shapeOf, wrongShape } from '../base/checks.js';
import { defaultsOf, withDefaults } from '../base/defaults.js';
import type { Shape } from '../engine/engine.js';
import * as ops from '../ops/index.js';
import type { Sym } from '../core/sym.js';
import type { Variable } from '../core/variable.js';
import { Layer, type LayerOptions } from './layer.js';
import { type AlphaOptions, weightConfig, weightNames, weightOptions } from './weightOptions.js';

/** What `layers.prelu` takes. */
export interface PReLUOptions extends LayerOptions, AlphaOptions {
  /** Along which axes all places have one slope: for images [n, height, width, channels], [1, 2] gives one to each channel. Default none. */
  sharedAxes?: number | readonly number[] | null;
}

const DEFAULTS = defaultsOf<PReLUOptions>()({ sharedAxes: null });

/** A rectified linear unit whose slope below 0 is learned: made by `layers.prelu`, which says more. */
export class PReLU extends Layer {
  static override readonly optionNames = {
    ...Layer.optionNames,
    sharedAxes: 'optional',
    ...weightNames('alpha'),
  } satisfies OptionNames<PReLUOptions>;
  readonly className = 'PReLU';
  override readonly supportsMasking = true;
  /** The options as given, and the defaults of the others. */
  readonly options: PReLUOptions & typeof DEFAULTS;
  readonly #sharedAxes: readonly number[];
  #alpha!: Variable;

  constructor(options: PReLUOptions = {}) {
    super(options);
    this.options = withDefaults(options, DEFAULTS);
    const { sharedAxes } = this.options;
    this.#sharedAxes = sharedAxes === null ? [] : integers('prelu', 'sharedAxes', sharedAxes);
    if (this.#sharedAxes.some((axis) => axis < 1))
      throw expected('prelu', 'axes from 1 on as sharedAxes, since 0 is the batch', sharedAxes);
  }

  override build(inputShape: Shape): void {
    const shape = shapeOf(this.name, inputShape, 'unknown').slice(1);
    for (const axis of this.#sharedAxes) {
      if (axis > shape.length) throw wrongShape(this.name, `an input with an axis ${axis}`, inputShape);
      shape[axis - 1] = 1;
    }
    if (shape.includes(-1))
      throw wrongShape(this.name, 'known sizes along the axes that are not in sharedAxes', inputShape);
    this.#alpha = this.addWeight({ name: 'alpha', shape, ...weightOptions(this.options, 'alpha') });
  }

  call(x: Sym): Sym {
    return ops.subtract(ops.relu(x), ops.multiply(this.#alpha, ops.relu(ops.negative(x))));
  }

  override getConfig() {
    const sharedAxes = this.options.sharedAxes === null ? null : this.#sharedAxes;
    return { ...super.getConfig(), ...weightConfig(this.options, 'alpha'), sharedAxes };
  }
}

/**
 * x above 0, alpha · x below, with an alpha that is learned: float32 [n, ...], to the same. He et al., 2015,
 * https://arxiv.org/abs/1502.01852, https://keras.io/api/layers/activation_layers/prelu/
 *
 * Weights: alpha, of the shape of a sample, with 1 for each of `sharedAxes`.
 *
 * @throws EngineError `ARGUMENT` for axes below 1; `SHAPE`, when applied, for axes that are not there, or not known and not shared.
 * @example layers.prelu({ sharedAxes: [1, 2] });
 */
export const prelu = (options?: PReLUOptions) => new PReLU(options);
