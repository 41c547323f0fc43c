import type { ObjectConfig } from '../base/registry.js';
import * as layers from './index.js';
import type { Layer } from './layer.js';
import { layerRegistry } from './layerRegistry.js';

layerRegistry.addAll(layers);

export { layerRegistry, revived } from './layerRegistry.js';

/** @throws EngineError `ARGUMENT` for an unknown class, telling the nearest. */
export const layerFromConfig = (config: ObjectConfig): Layer => layerRegistry.get(config);

/** The configuration from which {@link layerFromConfig} makes an equal layer. */
export function layerConfig(layer: Layer): ObjectConfig {
  const buildConfig = layer.getBuildConfig();
  return { ...(layerRegistry.config(layer) as ObjectConfig), ...(buildConfig && { buildConfig }) };
}
