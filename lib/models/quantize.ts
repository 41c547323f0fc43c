import { type OptionNames, expected, finite, isPattern, knownOptions, mismatch } from '../base/checks.js';
import { itemAt, listOf } from '../base/list.js';
import type { Tensor } from '../core/tensor.js';
import type { Layer } from '../layers/layer.js';
import { type QuantizationMode, checkMode } from '../layers/quantization.js';
import type { PredictData } from '../training/index.js';

/** What `quantize` of a model takes. */
export interface QuantizeOptions {
  /**
   * Typical samples, in the forms of `predict`: the range of each layer's input over them is kept. Default none: every sample has its own
   * range, which is looked for in every run and costs time.
   */
  calibration?: PredictData;
  /** Samples a step of the calibration, a positive integer. Default 32. Not with an iterable. */
  batchSize?: number;
  /**
   * How much of each batch's numbers the range holds at each end, in percent, above 50 and up to 100: below 100 a few large numbers
   * are cut, and the others are told apart more finely. Default 100.
   */
  percentile?: number;
  /**
   * Which layers are quantised, of those that can be: a regular expression that a part of the name fits, as a RegExp or its text, a
   * function of the layer, or a list of these, of which one has to hold. Default all.
   */
  filters?: LayerFilter | readonly LayerFilter[];
}

/** Chooses layers. */
export type LayerFilter = string | RegExp | ((layer: Layer) => boolean);

const quantizeNames = {
  calibration: 'optional',
  batchSize: 'optional',
  percentile: 'optional',
  filters: 'optional',
} satisfies OptionNames<QuantizeOptions>;

/** The layers within that compute in int8. @internal */
export const quantizedLayers = (model: Layer): readonly Layer[] =>
  model.flattened.filter(({ quantizer }) => quantizer?.config !== undefined);

function chosenBy(filters: QuantizeOptions['filters']): (layer: Layer) => boolean {
  if (filters === undefined) return () => true;
  const rules = listOf(filters).map((filter) => {
    if (typeof filter === 'function') return filter;
    if (!(filter instanceof RegExp) && !isPattern(filter))
      throw expected('quantize', 'regular expressions or functions of a layer as filters', filter);
    const pattern = new RegExp(filter);
    return ({ name }: Layer) => name.search(pattern) >= 0;
  });
  return (layer) => rules.some((rule) => rule(layer));
}

/**
 * Quantises the layers of a model that can be.
 *
 * @param predict Runs the model over samples.
 * @internal
 */
export async function quantize(
  model: Layer,
  mode: QuantizationMode,
  options: QuantizeOptions,
  predict: (x: PredictData, batchSize: number | undefined) => Promise<readonly Tensor[]>,
): Promise<void> {
  checkMode('quantize', mode);
  knownOptions('quantize', options, quantizeNames);
  const { calibration, batchSize, percentile, filters } = options;
  for (const [name, value] of Object.entries({ batchSize, percentile }))
    if (calibration === undefined && value !== undefined)
      throw mismatch('quantize', `calibration data for the option ${name}`, 'none');
  if (percentile !== undefined && !(finite('quantize', 'percentile', percentile) > 50 && percentile <= 100))
    throw mismatch('quantize', 'a percentile above 50 and up to 100', `${percentile}`);
  const chosen = chosenBy(filters);
  const named = model.flattened.filter((layer) => layer.quantizer !== undefined && chosen(layer));
  const layers = named.flatMap(({ quantizer }) => quantizer ?? []);
  if (layers.length === 0)
    throw mismatch(
      'quantize',
      `${filters === undefined ? 'layers' : 'filters that choose layers'} of '${model.name}' that can be quantised: dense, conv1d, conv2d, conv3d`,
      'none: a model that does not know its layers yet needs build() first',
      'STATE',
    );
  if (calibration === undefined) {
    for (const layer of layers) layer.config = { mode };
    return;
  }
  const before = layers.map(({ config }) => config);
  try {
    for (const layer of layers) {
      layer.config = undefined;
      layer.observe(percentile ?? 100);
    }
    for (const output of await predict(calibration, batchSize)) output.dispose();
    const ranges = await Promise.all(layers.map(async (layer, i) => layer.observed(itemAt(named, i).name)));
    layers.forEach((layer, i) => (layer.config = { mode, inputRange: itemAt(ranges, i) }));
  } catch (error) {
    layers.forEach((layer, i) => (layer.config = itemAt(before, i)));
    throw error;
  } finally {
    for (const layer of layers) layer.forget();
  }
}
