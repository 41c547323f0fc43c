import { type NamesIn, type ObjectConfig, Registry } from '../base/registry.js';
import * as optimizers from './index.js';
import { Optimizer } from './optimizer.js';

/** The names that `compile` takes for an optimizer, also as Keras writes them (`SGD`, `RMSprop`, `AdamW`), and registered ones. */
export type OptimizerName = NamesIn<typeof optimizers>;

/** What `compile` takes for an optimizer: an object, a name, or the configuration of an object. */
export type OptimizerLike = Optimizer | OptimizerName | ObjectConfig;

const registry = new Registry<Optimizer>({
  family: 'optimizer',
  takes: 'an optimizer or its name',
  base: Optimizer,
  members: optimizers,
});

/** The optimizer that a name or a configuration stands for. */
export const optimizerOf = (given: OptimizerLike): Optimizer => registry.get(given);

/** The configuration from which {@link optimizerOf} makes an equal optimizer, without its slots. */
export const optimizerConfig = (optimizer: Optimizer) => registry.config(optimizer);
