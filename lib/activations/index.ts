export * from './functions.js';
export { threshold } from '../ops/index.js';
export { type ActivationFunction, type ActivationLike, type ActivationName } from './registry.js';
export { activationOf, register } from './registry.js';
