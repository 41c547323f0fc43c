import { factoryName } from '../base/names.js';
import type { OptionNames } from '../base/checks.js';
import { defaultsOf, withDefaults } from '../base/defaults.js';
import type { Shape } from '../engine/engine.js';
import { dataFormatOf } from '../ops/window.js';
import { Layer } from './layer.js';
import { type SpatialOptions, checkSpatial, spatialDefaults } from './spatial.js';

/** What the global pooling layers take. */
export interface GlobalPoolingOptions extends SpatialOptions {
  /** Keep the spatial axes with a size of 1. Default false. */
  keepDims?: boolean;
}

const DEFAULTS = { ...spatialDefaults, ...defaultsOf<GlobalPoolingOptions>()({ keepDims: false }) };

/** What the global pooling layers share: a leaf fixes the number of spatial axes. */
export abstract class BaseGlobalPooling extends Layer {
  static override readonly optionNames = {
    ...Layer.optionNames,
    dataFormat: 'optional',
    keepDims: 'boolean',
  } satisfies OptionNames<GlobalPoolingOptions>;
  /** The options as given, and the defaults of the others. */
  readonly options: GlobalPoolingOptions & typeof DEFAULTS;

  constructor(
    /** How many spatial axes images have: 1 to 3. */
    protected readonly spatial: number,
    options: GlobalPoolingOptions,
  ) {
    super(options);
    const dataFormat = dataFormatOf(factoryName(new.target.name), options.dataFormat);
    this.options = { ...withDefaults(options, DEFAULTS), dataFormat };
  }

  override build(shape: Shape): void {
    checkSpatial(this.name, shape, this.spatial);
  }

  override getConfig() {
    const { dataFormat, keepDims } = this.options;
    return { ...super.getConfig(), dataFormat, keepDims };
  }
}
