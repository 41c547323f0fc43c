import { type OptionNames, knownOptions, shapeOf } from '../checks.js';
import { EngineError, describe } from '../errors.js';
import { checkSeed, nextSeed } from '../seed.js';
import type { Tensor } from '../tensor.js';

/** What an initializer is asked for. */
export interface TensorOptions {
  /** An integer; by default the initializer's own seed, else one from `setSeed`, else a random one. */
  seed?: number;
}

const tensorNames = { seed: 'optional' } satisfies OptionNames<TensorOptions>;

/** Makes the first numbers of a weight. A subclass says which. */
export abstract class Initializer {
  /** The name in configurations. */
  abstract readonly className: string;

  constructor(protected readonly seed?: number) {
    if (seed !== undefined) checkSeed(seed);
  }

  /**
   * A tensor of fresh numbers, float32.
   *
   * @param shape Non-negative integers. Of a kernel: [...window, inputs, outputs].
   */
  tensor(shape: readonly number[], options: TensorOptions = {}): Tensor {
    knownOptions('tensor', options, tensorNames);
    return this.draw(shapeOf('tensor', shape), options.seed ?? this.seed ?? nextSeed());
  }

  protected abstract draw(shape: readonly number[], seed: number): Tensor;

  /** The arguments that make an equal initializer. */
  getConfig(): Record<string, unknown> {
    return this.seed === undefined ? {} : { seed: this.seed };
  }
}

/** How many numbers flow into and out of one unit of a weight: of a kernel, window × channels. */
export function fans(shape: readonly number[]): { fanIn: number; fanOut: number } {
  if (shape.length === 0) return { fanIn: 1, fanOut: 1 };
  if (shape.length === 1) return { fanIn: shape[0], fanOut: shape[0] };
  const window = shape.slice(0, -2).reduce((product, n) => product * n, 1);
  return { fanIn: shape.at(-2)! * window, fanOut: shape.at(-1)! * window };
}

/** Fails unless a parameter is a finite number. */
export function checkNumber(initializer: string, name: string, value: number): number {
  if (!Number.isFinite(value)) {
    throw new EngineError(
      'ARGUMENT',
      `[${initializer}] expected a finite number for ${name}, received ${describe(value)}`,
    );
  }
  return value;
}
