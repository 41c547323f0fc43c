import { expected, isPlainObject, knownOptions, mismatch } from '../base/checks.js';
import { withCustomObjects } from '../base/customObjects.js';
import { describe } from '../base/errors.js';
import { nameOfFunction } from '../base/registry.js';
import { Loss } from '../losses/loss.js';
import { lossConfig } from '../losses/registry.js';
import { Metric } from '../metrics/metric.js';
import { metricConfig } from '../metrics/registry.js';
import type { BaseOptimizer } from '../optimizers/baseOptimizer.js';
import { optimizerConfig } from '../optimizers/registry.js';
import { isKerasConfig } from '../saving/kerasTypes.js';
import {
  type DeserializeOptions,
  checkLevels,
  deserializeNames,
  madeObject,
} from '../saving/serialization.js';
import type { Model } from './model.js';
import type { CompileOptions } from './modelOptions.js';
import type { OutputStructure } from './structure.js';

type Fields = Record<string, unknown>;

/** What `compile` was given, as a configuration. */
export function compileConfig(optimizer: BaseOptimizer, options: CompileOptions): Fields {
  const { loss, lossWeights, metrics, weightedMetrics, runEagerly, stepsPerExecution } = options;
  const written = (value: unknown): unknown => {
    if (value instanceof Loss) return lossConfig(value);
    if (value instanceof Metric) return metricConfig(value as Metric);
    if (typeof value === 'function') return nameOfFunction(value as never);
    if (Array.isArray(value)) return value.map(written);
    if (!isPlainObject(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, written(item)]));
  };
  return {
    optimizer: optimizerConfig(optimizer),
    loss: written(loss) ?? null,
    lossWeights: lossWeights ?? null,
    metrics: written(metrics) ?? null,
    weightedMetrics: written(weightedMetrics) ?? null,
    ...(runEagerly === true && { runEagerly }),
    ...(stepsPerExecution !== undefined && { stepsPerExecution }),
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw mismatch('modelFromJson', 'the text of JSON', describe(text.slice(0, 40)), 'ARGUMENT', {
      cause: error,
    });
  }
}

/**
 * A model of the JSON that `toJSON` here or Keras's `model.to_json()` in Python gives, compiled as that one was, with fresh weights.
 * https://keras.io/api/models/model_saving_apis/model_config_serialization/
 *
 * @param json The text, or what JSON.parse made of it.
 * @param options `customObjects`: own classes and functions by the names that they have there.
 * @throws EngineError `ARGUMENT` for a class, op or option of Keras that is not here, an unknown class, and what is no model.
 * @example
 *     const copy = modelFromJson(JSON.stringify(model));
 *     copy.setWeights(await model.getWeights());
 */
export function modelFromJson(
  json: string | object,
  options: DeserializeOptions = {},
): Model<OutputStructure> {
  knownOptions('modelFromJson', options, deserializeNames);
  const given: unknown = typeof json === 'string' ? parsed(json) : json;
  if (!isKerasConfig(given)) throw expected('modelFromJson', "a model in Keras's JSON", given);
  checkLevels('modelFromJson', given);
  return withCustomObjects('modelFromJson', options.customObjects ?? {}, () => {
    const made = madeObject(given) as Model<OutputStructure>;
    if (!('compileFromConfig' in made)) throw expected('modelFromJson', 'a model', given.class_name);
    return made;
  });
}
