export { type ActivationFunction, type ActivationLike, type ActivationName } from './registry.js';
export { activationConfig, activationOf, register } from './registry.js';
