import { type NamesIn, type ObjectConfig, Registry } from '../base/registry.js';
import { Crossentropy } from './crossentropy.js';
import * as losses from './index.js';
import { FunctionLoss, Loss, type LossFunction } from './loss.js';

// What only names reach stands with the others.
const members = { ...losses, Crossentropy };

/**
 * The names that `compile` takes for a loss, also as Keras writes them (`mean_squared_error`), and registered ones. `crossentropy` and
 * `ce` choose the form that fits the shapes: binary where the output has one column, sparse where the targets are class numbers, else
 * categorical.
 */
export type LossName = NamesIn<typeof members>;

/** What `compile` takes for a loss: an object, a name, a function, or the configuration of an object. */
export type LossLike = Loss | LossFunction | LossName | ObjectConfig;

const registry = new Registry<Loss>({
  family: 'loss',
  takes: 'a loss, its name or a function',
  base: Loss,
  members,
  ofFunction: (fn: LossFunction) => new FunctionLoss(fn),
});

/** The loss that a name, a function or a configuration stands for. */
export const lossOf = (given: LossLike): Loss => registry.get(given);

/** The configuration from which {@link lossOf} makes an equal loss. */
export const lossConfig = (loss: Loss) => registry.config(loss);
