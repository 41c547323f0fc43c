/** Random numbers, under Keras's names. https://keras.io/api/random/ */
export { type CategoricalOptions, categorical } from './categorical.js';
export { type DistributionOptions, beta, binomial, gamma } from './distributions.js';
export {
  type NormalOptions,
  type RandintOptions,
  type UniformOptions,
  normal,
  randint,
  truncatedNormal,
  uniform,
} from './draws.js';
export { type DropoutOptions, dropout } from './dropout.js';
export {
  SeedGenerator,
  type SeedGeneratorOptions,
  type SeedOptions,
  seedGenerator,
} from './seedGenerator.js';
export { type ShuffleOptions, shuffle } from './shuffle.js';
