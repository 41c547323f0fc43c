import { mergeConfig } from 'vitest/config';
import shared from '../../../vitest.config.js';

const config = mergeConfig(shared, {});
config.test = {
  ...config.test,
  include: ['test/cuda/emulated/*.ts'],
  exclude: ['**/compare.ts', '**/gpu.ts', '**/vitest.config.ts'],
};
export default config;
