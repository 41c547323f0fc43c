import { factoryName } from '../base/names.js';
import { type OptionNames, oneOfAnyCase } from '../base/checks.js';
import { defaultsOf, withDefaults } from '../base/defaults.js';
import type { Shape } from '../engine/engine.js';
import type { PoolOptions } from '../ops/pool.js';
import { type Sides, dataFormatOf, sidesOf } from '../ops/window.js';
import type { Sym } from '../core/sym.js';
import { checkSides } from './check.js';
import { Layer } from './layer.js';
import { type SpatialOptions, checkSpatial, spatialDefaults } from './spatial.js';

/** What the pooling layers take. */
export interface PoolingOptions<S extends Sides = Sides> extends SpatialOptions {
  /** The size of the window along the spatial axes, or one number for all. Default 2. */
  poolSize?: S;
  /** The steps between windows along the spatial axes, or one number for all. Default: `poolSize`. */
  strides?: S | null;
  /** `valid`: windows are within the image; `same`: they reach over its sides, so that each step has one. Default `valid`. */
  padding?: 'valid' | 'same';
}

const DEFAULTS = {
  ...spatialDefaults,
  ...defaultsOf<PoolingOptions>()({ poolSize: 2, padding: 'valid' }),
};

/** What the pooling layers share: a leaf names the op and fixes the number of spatial axes. */
export abstract class BasePooling extends Layer {
  static override readonly optionNames = {
    ...Layer.optionNames,
    poolSize: 'optional',
    strides: 'optional',
    padding: 'optional',
    dataFormat: 'optional',
  } satisfies OptionNames<PoolingOptions>;
  /** The options as given, and the defaults of the others. */
  readonly options: PoolingOptions & typeof DEFAULTS;

  constructor(
    /** How many spatial axes images have: 1 to 3. */
    protected readonly spatial: number,
    options: PoolingOptions,
  ) {
    super(options);
    const given = withDefaults(options, DEFAULTS);
    const who = factoryName(new.target.name);
    const { poolSize, strides } = given;
    checkSides(who, 'poolSize', poolSize, spatial);
    if (strides != null) checkSides(who, 'strides', strides, spatial);
    this.options = {
      ...given,
      padding: oneOfAnyCase(who, 'padding', given.padding, ['valid', 'same']),
      dataFormat: dataFormatOf(who, given.dataFormat),
    };
  }

  override build(shape: Shape): void {
    checkSpatial(this.name, shape, this.spatial);
  }

  call(x: Sym): Sym {
    const { poolSize, strides, padding, dataFormat } = this.options;
    return this.pool(x, { poolSize, strides, padding, dataFormat });
  }

  protected abstract pool(x: Sym, options: PoolOptions): Sym;

  override getConfig() {
    const { poolSize, strides, padding, dataFormat } = this.options;
    return {
      ...super.getConfig(),
      poolSize: sidesOf(poolSize, this.spatial),
      strides: sidesOf(strides ?? poolSize, this.spatial),
      padding,
      dataFormat,
    };
  }
}
