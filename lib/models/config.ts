import type { DtypePolicy } from '../dtypePolicy.js';
import { EngineError } from '../errors.js';
import { InputLayer } from '../layers/input.js';
import type { KerasTensor } from '../layers/kerasTensor.js';
import * as layers from '../layers/index.js';
import type { Layer } from '../layers/layer.js';
import { choose } from '../names.js';
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
  readonly layers: readonly LayerConfig[];
  readonly calls: readonly { readonly layer: string; readonly inputs: readonly Reference[] }[];
  readonly inputs: readonly Reference[];
  readonly outputs: readonly Reference[];
  /** The outputs' names where they were given in a record. */
  readonly outputNames?: readonly string[];
}

type LayerClass = new (config: never) => Layer;
export type CustomObjects = Readonly<Record<string, LayerClass>>;

const classes: Record<string, LayerClass> = Object.fromEntries(
  Object.entries(layers).filter(
    ([name]) => /^[A-Z]/.test(name) && name !== 'Layer' && name !== 'KerasTensor',
  ),
) as unknown as Record<string, LayerClass>;

/** Models are layers too: their files enter here how one is made from its configuration. */
export const modelClasses: Record<
  string,
  (config: Record<string, unknown>, customObjects: CustomObjects) => Layer
> = {};

export function layerConfig(layer: Layer): LayerConfig {
  return { className: layer.className, config: layer.getConfig() };
}

/** @throws EngineError `ARGUMENT` for an unknown class, telling the nearest. */
export function layerFromConfig(
  { className, config }: LayerConfig,
  customObjects: CustomObjects = {},
): Layer {
  const model = Object.hasOwn(modelClasses, className) ? modelClasses[className] : undefined;
  if (model) return model(config, customObjects);
  const made = choose('fromConfig', className, { ...classes, ...customObjects });
  return new made(config as never);
}

export function graphConfig(
  graph: LayerGraph,
): Omit<GraphConfig, 'name' | 'trainable' | 'dtypePolicy' | 'outputNames'> {
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

export function graphFromConfig(
  config: Omit<GraphConfig, 'name' | 'trainable'>,
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
