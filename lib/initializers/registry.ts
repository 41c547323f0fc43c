import { type NamesIn, type ObjectConfig, Registry } from '../base/registry.js';
import * as initializers from './index.js';
import { Initializer } from './initializer.js';

/** The names that layers take for an initializer, also as Keras writes them (`glorot_uniform`, `GlorotUniform`), and registered ones. */
export type InitializerName = NamesIn<typeof initializers>;

/** What layers take for an initializer: an object, a name, or the configuration of one. */
export type InitializerLike = Initializer | InitializerName | ObjectConfig;

const registry = new Registry<Initializer>({
  family: 'initializer',
  takes: 'an initializer or its name',
  base: Initializer,
  members: initializers,
});

/** The initializer that a name or a configuration stands for. */
export const initializerOf = (given: InitializerLike): Initializer => registry.get(given);

/** The configuration from which {@link initializerOf} makes an equal initializer. */
export const initializerConfig = (initializer: Initializer) => registry.config(initializer);
