import { getRegisteredObject } from '../base/customObjects.js';
import { Registry, isConfig } from '../base/registry.js';
import { Layer } from './layer.js';

/**
 * The layers by their classes' names. It begins empty, so that layers that hold other layers can import it: registry.ts adds the library's
 * layers, and the files of models, which are layers too, add those.
 */
export const layerRegistry = new Registry<Layer>({
  family: 'layer',
  takes: 'a layer or its configuration',
  base: Layer,
  members: {},
  prepare: revived,
  exact: "a layer's class, one's own in customObjects",
});

/**
 * A configuration with objects in the places of those of custom initializers, regularizers and constraints: a layer may make its weights
 * later, when the scope of custom objects has ended.
 */
export function revived<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item: unknown) => revived(item)) as T;
  if (Object.getPrototypeOf(value) !== Object.prototype) return value;
  const given: unknown = value;
  const custom = isConfig(given) ? getRegisteredObject(given.className) : undefined;
  if (isConfig(given) && custom && !(custom.prototype instanceof Layer)) {
    const made = custom as unknown as new (config: unknown) => T;
    return new made(revived(given.config));
  }
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, revived<unknown>(item)])) as T;
}
