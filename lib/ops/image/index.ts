export * from './color.js';
export * from './elastic.js';
export * from './filters.js';
export * from './margins.js';
export * from './patches.js';
export * from './resize.js';
export * from './sampling.js';
export * from './scaleAndTranslate.js';
export type { ImageOptions } from './images.js';
