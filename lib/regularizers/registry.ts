import { type NamesIn, type ObjectConfig, Registry } from '../base/registry.js';
import * as regularizers from './index.js';
import { Regularizer } from './regularizer.js';

/** The names that layers take for a regularizer, also as Keras writes them (`L2`, `l1_l2`), and registered ones. */
export type RegularizerName = NamesIn<typeof regularizers> | 'l1_l2';

/** What layers take for a regularizer: an object, a name, or the configuration of one. */
export type RegularizerLike = Regularizer | RegularizerName | ObjectConfig;

const registry = new Registry<Regularizer>({
  family: 'regularizer',
  takes: 'a regularizer or its name',
  base: Regularizer,
  members: regularizers,
});

/** The regularizer that a name or a configuration stands for. */
export const regularizerOf = (given: RegularizerLike | null | undefined): Regularizer | undefined =>
  given == null ? undefined : registry.get(given);

/** The configuration from which {@link regularizerOf} makes an equal regularizer. */
export const regularizerConfig = (regularizer: Regularizer | undefined) =>
  regularizer ? registry.config(regularizer) : null;
