import type { Shape } from '../engine.js';
import { EngineError } from '../errors.js';
import type { Pair } from '../ops/window.js';
import { shapeText } from './kerasTensor.js';

/** Fails unless a layer's parameter is an integer of at least 1, or another least one. @internal */
export function checkCount(layer: string, name: string, value: number, least = 1): number {
  if (!Number.isSafeInteger(value) || value < least) {
    const what = least === 1 ? 'a positive integer' : `an integer of ${least} or more`;
    throw new EngineError('ARGUMENT', `[${layer}] expected ${what} for ${name}, received ${String(value)}`);
  }
  return value;
}

/** Fails unless a parameter is such an integer, or two. @internal */
export function checkPair(layer: string, name: string, value: Pair, least = 1): Pair {
  const list = typeof value === 'number' ? [value] : value;
  if (!Array.isArray(value) && typeof value !== 'number') {
    throw new EngineError(
      'ARGUMENT',
      `[${layer}] expected one or two integers for ${name}, received ${String(value)}`,
    );
  }
  if (typeof value !== 'number' && list.length !== 2) {
    throw new EngineError(
      'ARGUMENT',
      `[${layer}] expected one or two integers for ${name}, received ${list.length} of them`,
    );
  }
  for (const n of list) checkCount(layer, name, n, least);
  return value;
}

/** Fails unless the input has the rank that a layer works on. @internal */
export function checkRank(layer: string, shape: Shape, rank: number, form: string): void {
  if (shape.length !== rank) {
    throw new EngineError(
      'SHAPE',
      `[${layer}] expected an input of rank ${rank} (${form}), received ${shapeText(shape)}`,
    );
  }
}
