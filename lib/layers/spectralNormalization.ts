import { type OptionNames, expected, integer } from '../base/checks.js';
import { defaultsOf, withDefaults } from '../base/defaults.js';
import { firstOf, itemAt, listOf } from '../base/list.js';
import type { Shape } from '../engine/engine.js';
import { truncatedNormal } from '../initializers/index.js';
import * as ops from '../ops/index.js';
import type { Sym } from '../core/sym.js';
import type { Trace } from '../core/trace.js';
import type { Variable } from '../core/variable.js';
import type { CallContext } from './layer.js';
import { Wrapper, type WrapperOptions } from './wrapper.js';

/** What `layers.spectralNormalization` takes. */
export interface SpectralNormalizationOptions extends WrapperOptions {
  /** How many steps of the power iteration each training step makes. Default 1. */
  powerIterations?: number;
}

const DEFAULTS = defaultsOf<SpectralNormalizationOptions>()({ powerIterations: 1 });

/** Divides a layer's kernel by its largest singular value: made by `layers.spectralNormalization`, which says more. */
export class SpectralNormalization extends Wrapper {
  static override readonly optionNames = {
    ...Wrapper.optionNames,
    powerIterations: 'optional',
  } satisfies OptionNames<SpectralNormalizationOptions>;
  readonly className = 'SpectralNormalization';
  /** How many steps of the power iteration each training step makes. */
  readonly powerIterations: number;
  #u!: Variable;

  constructor(given: SpectralNormalizationOptions) {
    super(given);
    const options = withDefaults(given, DEFAULTS);
    this.powerIterations = integer('spectralNormalization', 'powerIterations', options.powerIterations);
  }

  override build(shape: Shape | readonly Shape[]): void {
    super.build(shape);
    const kernel = this.#kernel;
    this.trackWeight(kernel);
    const columns = itemAt(kernel.shape, kernel.rank - 1);
    const initializer = truncatedNormal({ stddev: 0.02 });
    this.#u = this.addWeight({ name: 'vectorU', shape: [1, columns], initializer, trainable: false });
  }

  /** The weight that is normalized. */
  get #kernel(): Variable {
    const { layer } = this;
    const names = ['kernel', 'embeddings'].map((name) => `${layer.name}/${name}`);
    const kernel = layer.weights.find(({ name }) => names.includes(name));
    if (kernel) return kernel;
    throw expected(this.name, 'a layer with a weight named kernel or embeddings', layer.className);
  }

  /** @param inputs As the layer within takes them. */
  call(inputs: Sym | readonly Sym[], context: CallContext): readonly Sym[] {
    if (context.training) this.#normalize(firstOf(listOf(inputs)).trace);
    return this.layer.applyAll(inputs, context);
  }

  #normalize(trace: Trace): void {
    const kernel = this.#kernel;
    const before = trace.lift(kernel);
    const start = trace.lift(this.#u);
    const rows = ops.reshape(ops.stopGradient(before), [-1, itemAt(kernel.shape, kernel.rank - 1)]);
    let u = start;
    let v = u;
    for (let i = 0; i < this.powerIterations; i++) {
      v = ops.normalize(ops.matmul(u, rows, { transposeB: true }), { axis: [0, 1] });
      u = ops.normalize(ops.matmul(v, rows), { axis: [0, 1] });
    }
    const sigma = ops.sum(ops.multiply(ops.matmul(v, rows), u));
    const isZero = ops.all(ops.equal(before, 0));
    const normalized = ops.where(isZero, before, ops.divide(before, sigma));
    this.#u.assign(ops.where(isZero, start, u));
    // The gradient is that of the kernel which the step computes with, as if it had been the kernel before.
    const unchanged = ops.subtract(before, ops.stopGradient(before));
    kernel.assign(ops.add(ops.stopGradient(normalized), unchanged));
  }

  override getConfig() {
    return { ...super.getConfig(), powerIterations: this.powerIterations };
  }
}

/**
 * Divides the kernel (or the table of embeddings) of a layer by an estimate of its largest singular value, in each training step before
 * the layer is called, so that the layer changes distances at most by a factor of about 1; the kernel keeps the divided numbers. A kernel
 * of zeros stays. Shapes and dtypes are those of the layer. Miyato et al., 2018.
 * https://keras.io/api/layers/normalization_layers/spectral_normalization/
 *
 * Weights, in order: the kernel, vectorU [1, columns of the kernel], which the power iteration changes, and the layer's other weights.
 *
 * @throws EngineError `ARGUMENT` for what is no layer, and a number of iterations that is no positive integer; when built, for a layer
 *   without such a weight.
 * @example layers.spectralNormalization({ layer: layers.dense({ units: 8 }) });
 */
export const spectralNormalization = (options: SpectralNormalizationOptions) =>
  new SpectralNormalization(options);
