import { expected, isPlainObject } from '../base/checks.js';
import type { DtypePolicy } from '../core/dtypePolicy.js';
import type { Constraint } from '../constraints/index.js';
import { EngineError, nearest } from '../base/errors.js';
import type { Initializer } from '../initializers/index.js';
import { InputLayer } from '../layers/input.js';
import type { KerasTensor } from '../layers/kerasTensor.js';
import * as layers from '../layers/index.js';
import { Layer } from '../layers/layer.js';
import type { Regularizer, RegularizerLike } from '../regularizers/index.js';
import type { LayerGraph } from './layerGraph.js';

export interface LayerConfig {
  readonly className: string;
  readonly config: Record<string, unknown>;
}

/** An output of a layer's call: which layer, which of its calls, which of its outputs. */
type Reference = readonly [layer: string, call: number, output: number];

export interface GraphConfig {
  readonly name: string;
  readonly trainable?: boolean;
  readonly dtypePolicy?: DtypePolicy;
  readonly activityRegularizer?: RegularizerLike;
  readonly layers: readonly LayerConfig[];
  readonly calls: readonly { readonly layer: string; readonly inputs: readonly Reference[] }[];
  readonly inputs: readonly Reference[];
  readonly outputs: readonly Reference[];
  /** The outputs' names where they were given in a record. */
  readonly outputNames?: readonly string[];
}

type LayerClass = new (config: never) => Layer;
/** A class of one's own that a configuration may name. */
export type CustomClass = new (config: never) => Layer | Initializer | Regularizer | Constraint;

/** Classes of one's own by their className. They go before those of the library. */
export type CustomObjects = Readonly<Record<string, CustomClass>>;

const classes: Record<string, LayerClass> = Object.fromEntries(
  Object.entries(layers).filter(
    ([name]) => /^[A-Z]/.test(name) && name !== 'Layer' && name !== 'KerasTensor',
  ),
) as unknown as Record<string, LayerClass>;

type FromConfig = (config: Record<string, unknown>, customObjects: CustomObjects) => Layer;

/** Models are layers too: their files enter here how one is made from its configuration. */
export const modelClasses: Record<string, FromConfig> = {};

export function layerConfig(layer: Layer): LayerConfig {
  return { className: layer.className, config: layer.getConfig() };
}

/** @throws EngineError `ARGUMENT` for an unknown class, telling the nearest. */
export function layerFromConfig(
  { className, config }: LayerConfig,
  customObjects: CustomObjects = {},
): Layer {
  const own = Object.hasOwn(customObjects, className) ? customObjects[className] : undefined;
  if (own && isLayerClass(own)) {
    // A class that extends a model says how it is made.
    const { fromConfig } = own as { fromConfig?: FromConfig };
    return fromConfig ? fromConfig.call(own, config, customObjects) : make(own, config, customObjects);
  }
  if (Object.hasOwn(modelClasses, className)) return modelClasses[className](config, customObjects);
  if (Object.hasOwn(classes, className)) return make(classes[className], config, customObjects);
  const known = [...Object.keys(customObjects), ...Object.keys(modelClasses), ...Object.keys(classes)];
  const near = nearest(className, known);
  throw new EngineError(
    'ARGUMENT',
    `[fromConfig] expected a layer's class, one's own in customObjects, received '${className}'` +
      (near === undefined ? '' : `; did you mean '${near}'?`),
  );
}

const make = (made: LayerClass, config: Record<string, unknown>, customObjects: CustomObjects): Layer =>
  new made(revived(config, customObjects) as never);

const isLayerClass = (made: CustomClass): made is LayerClass => made.prototype instanceof Layer;

/** A configuration with objects in the places of those of one's own initializers, regularizers and constraints. */
export function revived<T>(value: T, customObjects: CustomObjects): T {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item: unknown) => revived(item, customObjects)) as T;
  if (Object.getPrototypeOf(value) !== Object.prototype) return value;
  const { className, config } = value as Partial<LayerConfig>;
  if (typeof className === 'string' && config !== undefined && Object.hasOwn(customObjects, className)) {
    const own = customObjects[className];
    if (!isLayerClass(own)) return new own(revived(config, customObjects) as never) as T;
  }
  const entries = Object.entries(value).map(([name, item]) => [name, revived<unknown>(item, customObjects)]);
  return Object.fromEntries(entries) as T;
}

export function graphConfig(graph: LayerGraph): Pick<GraphConfig, 'layers' | 'calls' | 'inputs' | 'outputs'> {
  const calls = new Map<Layer, number>();
  const places = new Map<KerasTensor, Reference>();
  for (const { layer, outputs } of graph.nodes) {
    const call = calls.get(layer) ?? 0;
    calls.set(layer, call + 1);
    outputs.forEach((place, i) => places.set(place, [layer.name, call, i]));
  }
  const refer = (place: KerasTensor) => places.get(place)!;
  return {
    layers: graph.layers.map(layerConfig),
    calls: graph.nodes
      .filter(({ layer }) => !(layer instanceof InputLayer))
      .map(({ layer, inputs }) => ({ layer: layer.name, inputs: inputs.map(refer) })),
    inputs: graph.inputs.map(refer),
    outputs: graph.outputs.map(refer),
  };
}

/** Fails unless a configuration is an object with these lists. */
export function checkConfig(config: unknown, lists: readonly string[]): void {
  if (!isPlainObject(config)) throw expected('fromConfig', 'a configuration as getConfig gives it', config);
  for (const name of lists)
    if (!Array.isArray(config[name]))
      throw expected('fromConfig', `a list of ${name} in the configuration`, config[name]);
}

export function graphFromConfig(
  config: Pick<GraphConfig, 'layers' | 'calls' | 'inputs' | 'outputs' | 'outputNames'>,
  customObjects: CustomObjects,
): { inputs: KerasTensor[]; outputs: KerasTensor[] | Record<string, KerasTensor> } {
  const byName = new Map<string, Layer>();
  const places = new Map<string, readonly KerasTensor[]>();
  const calls = new Map<string, number>();
  for (const item of config.layers) {
    const layer = layerFromConfig(item, customObjects);
    byName.set(layer.name, layer);
    if (layer instanceof InputLayer) places.set(`${layer.name}/0`, [layer.output]);
  }
  const at = ([layer, call, output]: Reference): KerasTensor => {
    const place = places.get(`${layer}/${call}`)?.[output];
    if (!place) {
      throw new EngineError(
        'ARGUMENT',
        `[fromConfig] expected a call of layer '${layer}' before its output is used`,
      );
    }
    return place;
  };
  for (const { layer, inputs } of config.calls) {
    const call = calls.get(layer) ?? 0;
    calls.set(layer, call + 1);
    places.set(`${layer}/${call}`, byName.get(layer)!.applyAll(inputs.map(at)));
  }
  const outputs = config.outputs.map(at);
  const named = config.outputNames?.map((name, i) => [name, outputs[i]] as const);
  return { inputs: config.inputs.map(at), outputs: named ? Object.fromEntries(named) : outputs };
}
