import { mismatch } from '../base/checks.js';
import { sizeOf } from '../base/list.js';
import type { Shape } from '../engine/engine.js';

let left: number | undefined;

/**
 * Runs a body in which layers may make weights of so many numbers: what a file says of a model is held against the numbers that the file
 * has, before memory is taken. @internal
 */
export function withWeightLimit<T>(numbers: number, body: () => T): T {
  const outer = left;
  left = numbers;
  try {
    return body();
  } finally {
    left = outer;
  }
}

/** @throws EngineError `IO` where a weight is beyond the limit. @internal */
export function claimWeight(name: string, shape: Shape): void {
  if (left === undefined) return;
  left -= sizeOf(shape);
  if (left >= 0) return;
  throw mismatch(name, 'no more weights than the file has', `[${shape.join(', ')}]`, 'IO');
}
