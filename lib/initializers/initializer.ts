import { factoryName } from '../base/names.js';
import { type OptionNames, knownOptions, seedOf, shapeOf, wrongShape } from '../base/checks.js';
import { firstOf, sizeOf } from '../base/list.js';
import { nextSeed } from '../core/seed.js';
import { type Tensor } from '../core/tensor.js';

/** What an initializer is asked for. */
export interface TensorOptions {
  /** An integer; by default the initializer's own seed, else one from `setSeed`, else a random one. */
  seed?: number | null;
}

/** What initializers of random numbers share. */
export interface SeedOptions {
  /** An integer: the same seed gives the same numbers. By default one from `setSeed`, else a random one. */
  seed?: number | null;
}

const tensorNames = { seed: 'optional' } satisfies OptionNames<TensorOptions>;

/**
 * Makes the first numbers of a weight: a subclass writes `draw`. https://keras.io/api/layers/initializers/
 *
 * @example
 *     class Halves extends initializers.Initializer {
 *       readonly className = 'Halves';
 *       protected draw(shape: readonly number[]) {
 *         return full(shape, 0.5);
 *       }
 *     }
 *     layers.dense({ units: 2, kernelInitializer: new Halves() });
 */
export abstract class Initializer {
  /** The names of the options that the class takes, each `required`, `optional` or `boolean`: others are errors. */
  static readonly optionNames: object = {};
  /** The name in configurations: that of the class. */
  abstract readonly className: string;

  /** Decides the numbers, where it was given. */
  protected readonly seed: number | undefined;

  /** @param seed An integer: the same seed gives the same numbers. */
  constructor(seed?: number | null) {
    this.seed = seed == null ? undefined : seedOf(factoryName(new.target.name), seed);
  }

  /**
   * A tensor of fresh numbers, float32.
   *
   * @param shape Non-negative integers. Of a kernel: [...window, inputs, outputs].
   * @throws EngineError `SHAPE` for what is no shape, `ARGUMENT` for a seed that is no integer.
   * @example initializers.glorotUniform().tensor([3, 3, 1, 8], { seed: 1 });
   */
  tensor(shape: readonly number[], options: TensorOptions = {}): Tensor {
    knownOptions('tensor', options, tensorNames);
    return this.draw(
      shapeOf('tensor', shape),
      options.seed == null ? (this.seed ?? nextSeed()) : seedOf('tensor', options.seed),
    );
  }

  /** float32 numbers of a shape; the same for the same seed. */
  protected abstract draw(shape: readonly number[], seed: number): Tensor;

  /** The arguments that make an equal initializer. */
  getConfig(): Record<string, unknown> {
    return this.seed === undefined ? {} : { seed: this.seed };
  }
}

/** What initializers take that look at the inputs and outputs of a unit. */
export interface FanOptions extends SeedOptions {
  /** The axes of the weight that stand for its inputs; with `outputAxes`. Default: as in kernels [...window, inputs, outputs]. */
  inputAxes?: readonly number[] | null;
  /** The axes of the weight that stand for its outputs; with `inputAxes`. */
  outputAxes?: readonly number[] | null;
}

/** How many numbers flow into and out of one unit of a weight: of a kernel, window × channels. */
export function fans(
  shape: readonly number[],
  { inputAxes, outputAxes }: FanOptions = {},
): { fanIn: number; fanOut: number } {
  if (inputAxes && outputAxes) {
    const product = (axes: readonly number[]) =>
      axes.reduce((size, axis) => {
        const n = shape.at(axis);
        if (n === undefined) throw wrongShape('initializer', `a shape that has axis ${axis}`, shape);
        return size * n;
      }, 1);
    return { fanIn: product(inputAxes), fanOut: product(outputAxes) };
  }
  if (shape.length === 0) return { fanIn: 1, fanOut: 1 };
  if (shape.length === 1) return { fanIn: firstOf(shape), fanOut: firstOf(shape) };
  const window = sizeOf(shape.slice(0, -2));
  return { fanIn: shape.at(-2)! * window, fanOut: shape.at(-1)! * window };
}
