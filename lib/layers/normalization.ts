import { type OptionNames, expected, finite, integers, mismatch, wrongShape } from '../base/checks.js';
import { defaultsOf, withDefaults } from '../base/defaults.js';
import { shapeText } from '../base/errors.js';
import { itemAt } from '../base/list.js';
import { NDArray } from '../core/ndarray.js';
import type { Sym } from '../core/sym.js';
import { type TensorData, read, tensor } from '../core/tensor.js';
import type { Variable } from '../core/variable.js';
import type { ArrayData, Batches } from '../data/batches.js';
import { plainArrays } from '../data/plainArrays.js';
import type { Shape } from '../engine/engine.js';
import type { InitializerLike } from '../initializers/registry.js';
import { axisOf } from '../ops/axis.js';
import * as ops from '../ops/index.js';
import { Layer, type LayerOptions } from './layer.js';
import { Moments } from './moments.js';
import { nested } from './tokens.js';

/** What `layers.normalization` takes. */
export interface NormalizationOptions extends LayerOptions {
  /** The axes with a separate mean and variance for each index, one or a list; null for one mean and variance of all. Default -1. */
  axis?: number | readonly number[] | null;
  /** The mean: a number, or numbers for the axes. Default: what `adapt` finds. */
  mean?: TensorData | null;
  /** The variance, of the mean's shape. Default: what `adapt` finds. */
  variance?: TensorData | null;
  /** Whether to go back from normalized numbers. Default false. */
  invert?: boolean;
}

/** What is divided by at least: Keras's epsilon. */
const LEAST_DEVIATION = 1e-7;

const DEFAULTS = defaultsOf<NormalizationOptions>()({ axis: -1, invert: false });

/** Numbers with mean 0 and variance 1: made by `layers.normalization`, which says more. */
export class Normalization extends Layer {
  static override readonly optionNames = {
    ...Layer.optionNames,
    axis: 'optional',
    mean: 'optional',
    variance: 'optional',
    invert: 'boolean',
  } satisfies OptionNames<NormalizationOptions>;
  readonly className = 'Normalization';
  override readonly supportsMasking = true;
  /** The axes that have separate means. */
  readonly axis: readonly number[];
  /** Whether it goes back from normalized numbers. */
  readonly invert: boolean;
  /** Mean and variance, where they were given. */
  readonly #given: { readonly mean: NDArray; readonly variance: NDArray } | undefined;
  /** What {@link adapt} finds. */
  #found: { readonly mean: Variable; readonly variance: Variable } | undefined;
  /** The shape of the input that the layer was built for. */
  #inputShape: Shape = [];

  constructor(given: NormalizationOptions = {}) {
    super(given);
    const { axis, mean, variance, invert } = withDefaults(given, DEFAULTS);
    this.axis = axis === null ? [] : integers('normalization', 'axis', axis);
    this.invert = invert;
    if ((mean == null) !== (variance == null))
      throw expected('normalization', 'both mean and variance, or neither', mean ?? variance);
    if (mean == null || variance == null) return;
    this.#given = { mean: finiteArray('mean', mean), variance: finiteArray('variance', variance) };
    const [{ shape }, of] = [this.#given.mean, this.#given.variance.shape];
    if (shape.join() !== of.join())
      throw wrongShape('normalization', `a variance of the mean's shape ${shapeText(shape)}`, of);
    if (shape.length > this.axis.length)
      throw wrongShape(
        'normalization',
        `a mean of rank ${this.axis.length} at most, the number of axes`,
        shape,
      );
  }

  override build(inputShape: Shape): void {
    this.#inputShape = inputShape;
    const shape = this.#kept(inputShape.length).map((axis) => itemAt(inputShape, axis));
    if (shape.some((n) => n < 0))
      throw wrongShape(this.name, 'known sizes of the axes with separate means', inputShape);
    if (this.#given) return;
    const weight = (name: string, of: Shape, initializer: InitializerLike) =>
      this.addWeight({ name, shape: of, initializer, trainable: false });
    this.#found = { mean: weight('mean', shape, 'zeros'), variance: weight('variance', shape, 'ones') };
    // Nothing reads it: Keras has it in its files.
    weight('count', [], 'zeros');
  }

  /**
   * Computes mean and variance of data, in float64.
   *
   * @param data The numbers of all samples, or batches of such; of batches with targets the first. Their rank, and their sizes along the
   *   axes with separate means, are those of the layer's input.
   * @throws EngineError `STATE` where mean and variance were given as options; `SHAPE` for data of other sizes; `ARGUMENT` for no samples.
   */
  async adapt(data: ArrayData | Batches): Promise<void> {
    if (this.#given)
      throw mismatch(
        this.name,
        'no mean and variance as options where adapt measures them',
        'both: leave the options out, or make another layer',
        'STATE',
      );
    let moments: Moments | undefined;
    for await (const { data: numbers, shape } of plainArrays(this.name, data)) {
      this.ensureBuilt([shape]);
      const kept = this.#kept(shape.length);
      const fits = (axis: number) => shape[axis] === this.#inputShape[axis];
      if (shape.length !== this.#inputShape.length || !kept.every(fits))
        throw wrongShape(this.name, `data of shape ${shapeText(this.#keptShape)}`, shape);
      moments ??= new Moments(kept.map((axis) => itemAt(shape, axis)));
      moments.add(numbers, shape, kept);
    }
    if (!moments || moments.count === 0 || !this.#found) throw expected(this.name, 'data with samples', data);
    this.#found.mean.assign(new NDArray(Float32Array.from(moments.mean), moments.shape));
    this.#found.variance.assign(new NDArray(Float32Array.from(moments.variance), moments.shape));
  }

  call(x: Sym): Sym {
    const numbers = x.dtype === 'float32' ? x : ops.cast(x, 'float32');
    const { mean, variance } = this.#given ?? this.#found!;
    const deviation = ops.maximum(ops.sqrt(this.#along(x, variance)), LEAST_DEVIATION);
    const middle = this.#along(x, mean);
    return this.invert
      ? ops.add(middle, ops.multiply(numbers, deviation))
      : ops.divide(ops.subtract(numbers, middle), deviation);
  }

  override getConfig() {
    const { axis, invert } = this;
    const given = this.#given && {
      mean: numbersOf(this.#given.mean),
      variance: numbersOf(this.#given.variance),
    };
    return { ...super.getConfig(), axis, invert, ...given };
  }

  /** The shape of the input, unknown where no mean depends on it. */
  get #keptShape(): Shape {
    const kept = this.#kept(this.#inputShape.length);
    return this.#inputShape.map((n, axis) => (kept.includes(axis) ? n : -1));
  }

  /** The axes with separate means, from 0 on and in order. */
  #kept(rank: number): readonly number[] {
    const axes = this.axis.map((axis) => axisOf(this.name, axis, rank));
    return [...new Set(axes)].sort((a, b) => a - b);
  }

  /** Numbers for the axes with separate means, in a shape that goes with x: their last axis is the last of these. */
  #along(x: Sym, values: NDArray | Variable): Sym {
    const shape = Array<number>(x.rank).fill(1);
    const kept = this.#kept(x.rank);
    values.shape.forEach((n, i) => (shape[itemAt(kept, kept.length - values.shape.length + i)] = n));
    return ops.reshape(
      values instanceof NDArray ? x.trace.lift(tensor(values)) : x.trace.lift(values),
      shape,
    );
  }
}

/** As numbers in lists, or one number. */
const numbersOf = ({ data, shape }: NDArray): unknown => nested(Array.from(data), shape);

/** Finite numbers of an option, float32. */
function finiteArray(name: string, value: TensorData): NDArray {
  const { data, shape } = read(value);
  for (const n of Array.from(data)) finite('normalization', name, n);
  return new NDArray(Float32Array.from(data), shape);
}

/**
 * Moves and scales numbers so that their mean is 0 and their variance 1: (x − mean) / √variance, for each index along `axis`; with `invert`
 * back. Any dtype and shape [n, ...], to float32 of that shape. Mean and variance are options, or what `adapt` finds in data.
 * https://keras.io/api/layers/preprocessing_layers/numerical/normalization/
 *
 * Weights, unless mean and variance are given: mean, variance, float32 of the sizes of the axes, and count []; none is trained.
 *
 * @throws EngineError `ARGUMENT` for a mean without variance; `SHAPE` where the two, or they and the axes, do not go together.
 * @example
 *     const normalize = layers.normalization();
 *     await normalize.adapt([[1, 10], [3, 30]]);
 *     const run = compile((x: Sym) => normalize.apply(x));
 *     await run([[2, 40]]); // [[0, 2]]
 */
export const normalization = (options?: NormalizationOptions) => new Normalization(options);
