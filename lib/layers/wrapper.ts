import { factoryName } from '../base/names.js';
import { type OptionNames, expected, isPlainObject } from '../base/checks.js';
import { type ObjectConfig, isConfig } from '../base/registry.js';
import type { Shape } from '../engine/engine.js';
import { Layer, type LayerOptions } from './layer.js';
import { layerRegistry } from './layerRegistry.js';

/** What layers take that hold another. */
export interface WrapperOptions extends LayerOptions {
  /** The layer within, or its configuration. */
  layer: Layer | ObjectConfig;
}

/** A layer that holds another. A subclass says in `call` what it does with it. https://keras.io/api/layers/base_layer/ */
export abstract class Wrapper extends Layer {
  static override readonly optionNames = {
    ...Layer.optionNames,
    layer: 'required',
  } satisfies OptionNames<WrapperOptions>;
  /** The layer within. */
  readonly layer: Layer;

  constructor(options: WrapperOptions) {
    super(options);
    this.layer = layerFrom(factoryName(new.target.name), options.layer);
  }

  /** @param shape As the layer within takes it. */
  override build(shape: Shape | readonly Shape[]): void {
    this.layer.build(shape);
  }

  override getConfig(): Record<string, unknown> {
    return { ...super.getConfig(), layer: layerRegistry.config(this.layer) };
  }
}

/** A layer that an option holds, itself or by its configuration. @internal */
export function layerFrom(who: string, given: unknown): Layer {
  if (given instanceof Layer || isConfig(given)) return layerRegistry.get(given);
  const form = isPlainObject(given) ? ' { className, config }' : '';
  throw expected(who, `a layer or its configuration${form}`, given);
}

/** An equal layer with separate weights: made of the configuration, in which some options may be others. @internal */
export function layerLike(layer: Layer, changes: Record<string, unknown>): Layer {
  const { className, config } = layerRegistry.config(layer) as ObjectConfig;
  return layerRegistry.get({ className, config: { ...config, ...changes } });
}
