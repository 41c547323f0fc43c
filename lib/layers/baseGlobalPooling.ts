import { factoryName } from '../base/names.js';
import type { OptionNames } from '../base/checks.js';
import type { Shape } from '../engine/engine.js';
import { dataFormatOf } from '../ops/window.js';
import { Layer } from './layer.js';
import { type SpatialOptions, checkSpatial } from './spatial.js';

/** What the global pooling layers take. */
export interface GlobalPoolingOptions extends SpatialOptions {
  /** Keep the spatial axes with a size of 1. Default false. */
  keepDims?: boolean;
}

/** What the global pooling layers share: a leaf fixes the number of spatial axes. */
export abstract class BaseGlobalPooling extends Layer {
  static override readonly optionNames = {
    ...Layer.optionNames,
    dataFormat: 'optional',
    keepDims: 'boolean',
  } satisfies OptionNames<GlobalPoolingOptions>;

  constructor(
    /** How many spatial axes images have: 1 to 3. */
    protected readonly spatial: number,
    /** The options as given. */
    readonly options: GlobalPoolingOptions,
  ) {
    super(options);
    dataFormatOf(factoryName(new.target.name), options.dataFormat);
  }

  override build(shape: Shape): void {
    checkSpatial(this.name, shape, this.spatial);
  }

  override getConfig() {
    const { dataFormat = 'channelsLast', keepDims = false } = this.options;
    return { ...super.getConfig(), dataFormat, keepDims };
  }
}
