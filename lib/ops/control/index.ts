export * from './associativeScan.js';
export * from './cond.js';
export * from './derivatives.js';
export * from './loops.js';
export * from './vectorize.js';
export type { Leaf, LeavesOf, Nest, WithLeaves } from './nest.js';
