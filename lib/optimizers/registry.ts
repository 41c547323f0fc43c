import { getRegisteredObject } from '../base/customObjects.js';
import { type NamesIn, type ObjectConfig, Registry, isConfig } from '../base/registry.js';
import type { BaseOptimizer } from './baseOptimizer.js';
import * as optimizers from './index.js';
import { OptimizerMap } from './optimizerMap.js';

/** Those that are made of other optimizers, for which a name is not enough. */
type Composed = 'LossScaleOptimizer' | 'MultiOptimizer' | 'OptimizerMap';
type ComposedName = 'lossScaleOptimizer' | 'multiOptimizer' | 'optimizerMap';

/** The names that `compile` takes for an optimizer, also as Keras writes them (`SGD`, `RMSprop`, `AdamW`), and registered ones. */
export type OptimizerName = NamesIn<Omit<typeof optimizers, Composed | ComposedName>>;

/** What `compile` takes for an optimizer: an object, a name, or the configuration of an object. */
export type OptimizerLike = BaseOptimizer | OptimizerName | ObjectConfig;

const registry = new Registry<BaseOptimizer>({
  family: 'optimizer',
  takes: 'an optimizer or its name',
  base: optimizers.BaseOptimizer,
  members: optimizers,
  prepare: revived,
});

/** The optimizer that a name or a configuration stands for. */
export const optimizerOf = (given: OptimizerLike): BaseOptimizer => registry.get(given);

/** The configuration from which {@link optimizerOf} makes an equal optimizer, without its slots. */
export const optimizerConfig = (optimizer: BaseOptimizer) => registry.config(optimizer);

/** A configuration with optimizers in the places of theirs. */
function revived(config: Record<string, unknown>): object {
  const { innerOptimizer, optimizerMap } = config;
  return {
    ...config,
    ...(isConfig(innerOptimizer) && { innerOptimizer: registry.get(innerOptimizer) }),
    ...(optimizerMap !== undefined && { optimizerMap: mapOf(optimizerMap) }),
  };
}

/** The map or the registered function that `multiOptimizer` was made of. */
function mapOf(given: unknown): unknown {
  if (typeof given === 'string') return getRegisteredObject(given) ?? given;
  if (!isConfig(given)) return given;
  const { defaultOptimizer, optimizerMap = {} } = given.config;
  const made: Record<string, unknown> = {};
  for (const [key, one] of Object.entries(optimizerMap as Record<string, unknown>))
    made[key] = registry.get(one);
  // The map refuses optimizers that are made of others.
  const config: object = { defaultOptimizer: registry.get(defaultOptimizer), optimizerMap: made };
  return new OptimizerMap(config as ConstructorParameters<typeof OptimizerMap>[0]);
}
