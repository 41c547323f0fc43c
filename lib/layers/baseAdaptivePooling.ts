import { factoryName } from '../base/names.js';
import type { OptionNames } from '../base/checks.js';
import type { Shape } from '../engine/engine.js';
import { type Sides, dataFormatOf, sidesOf } from '../ops/window.js';
import { checkSides } from './check.js';
import { Layer } from './layer.js';
import { type SpatialOptions, checkSpatial } from './spatial.js';

/** What the adaptive pooling layers take. */
export interface AdaptivePoolingOptions<S extends Sides = Sides> extends SpatialOptions {
  /** How many places come out along each spatial axis, or one number for all. */
  outputSize: S;
}

/** What the adaptive pooling layers share: a leaf names the op and fixes the number of spatial axes. */
export abstract class BaseAdaptivePooling extends Layer {
  static override readonly optionNames = {
    ...Layer.optionNames,
    outputSize: 'required',
    dataFormat: 'optional',
  } satisfies OptionNames<AdaptivePoolingOptions>;
  /** The options as given, and the defaults of the others. */
  readonly options: AdaptivePoolingOptions & Required<Pick<SpatialOptions, 'dataFormat'>>;

  constructor(
    /** How many spatial axes images have: 1 to 3. */
    protected readonly spatial: number,
    options: AdaptivePoolingOptions,
  ) {
    super(options);
    const who = factoryName(new.target.name);
    this.options = { ...options, dataFormat: dataFormatOf(who, options.dataFormat) };
    checkSides(who, 'outputSize', this.options.outputSize, spatial);
  }

  override build(shape: Shape): void {
    checkSpatial(this.name, shape, this.spatial);
  }

  override getConfig() {
    const { outputSize, dataFormat } = this.options;
    return { ...super.getConfig(), outputSize: sidesOf(outputSize, this.spatial), dataFormat };
  }
}
