import { type OptionNames, atLeastZero, finite, knownOptionsOf, positive } from '../base/checks.js';
import type { Sym } from '../core/sym.js';
import type { Variable } from '../core/variable.js';
import * as ops from '../ops/index.js';
import { Optimizer, SCALAR } from './optimizer.js';
import type { OptimizerOptions } from './optimizerOptions.js';
import type { UpdateContext } from './update.js';

/** What {@link adafactor} takes. */
export interface AdafactorOptions extends OptimizerOptions {
  /** The power of the step with which the share of a new square falls: 1 − step^beta2Decay of the mean squares is kept. Default -0.8. */
  beta2Decay?: number;
  /** What is added to squares of gradients, 0 or more. Default 1e-30. */
  epsilon1?: number;
  /** The least root mean square of a weight that counts, 0 or more. Default 0.001. */
  epsilon2?: number;
  /** The root mean square of a step to which larger ones are scaled down, above 0. Default 1. */
  clipThreshold?: number;
  /** Whether the learning rate is at most 1 / √step. Keras's rule bounds it so in any case. Default true. */
  relativeStep?: boolean;
}

/** The optimizer that {@link adafactor} makes. */
export class Adafactor extends Optimizer implements AdafactorOptions {
  static override readonly optionNames = {
    ...Optimizer.optionNames,
    beta2Decay: 'optional',
    epsilon1: 'optional',
    epsilon2: 'optional',
    clipThreshold: 'optional',
    relativeStep: 'boolean',
  } satisfies OptionNames<AdafactorOptions>;
  readonly className = 'Adafactor';
  readonly beta2Decay: number;
  readonly epsilon1: number;
  readonly epsilon2: number;
  readonly clipThreshold: number;
  readonly relativeStep: boolean;

  constructor(options: AdafactorOptions = {}) {
    const who = knownOptionsOf(new.target, options);
    super(options);
    this.beta2Decay = finite(who, 'beta2Decay', options.beta2Decay ?? -0.8);
    this.epsilon1 = atLeastZero(who, 'epsilon1', options.epsilon1 ?? 1e-30);
    this.epsilon2 = atLeastZero(who, 'epsilon2', options.epsilon2 ?? 1e-3);
    this.clipThreshold = positive(who, 'clipThreshold', options.clipThreshold ?? 1);
    this.relativeStep = options.relativeStep ?? true;
  }

  protected update(context: UpdateContext): void {
    const { weight, gradient, rate, step, assignWeight } = context;
    const length = ops.multiply(
      ops.maximum(rootMeanSquare(weight), this.epsilon2),
      ops.minimum(rate, ops.rsqrt(step)),
    );
    const change = ops.divide(gradient, ops.sqrt(this.#meanSquares(context)));
    const tooLong = ops.maximum(ops.divide(rootMeanSquare(change), this.clipThreshold), 1);
    assignWeight(ops.subtract(weight, ops.multiply(ops.divide(length, tooLong), change)));
  }

  /** Running means of squares: of a weight with two axes or more from those of its rows and columns alone. */
  #meanSquares({ gradient, step, slot, assign }: UpdateContext): Sym {
    const fresh = ops.power(step, this.beta2Decay);
    const squares = ops.add(ops.square(gradient), this.epsilon1);
    const mean = (name: string, value: Sym) => {
      const before = slot(name, { shape: value.shape });
      return assign(name, ops.add(before, ops.multiply(ops.subtract(value, before), fresh)));
    };
    if (gradient.rank < 2) return mean('v', squares);
    const rows = mean('r', ops.mean(squares, { axis: -1 }));
    const columns = mean('c', ops.mean(squares, { axis: -2 }));
    const shares = ops.divide(rows, ops.mean(rows, { axis: -1, keepDims: true }));
    return ops.multiply(ops.expandDims(shares, -1), ops.expandDims(columns, -2));
  }

  /** @internal */
  protected override savedSlots({ shape }: Variable) {
    return shape.length < 2 ? [[SCALAR, SCALAR, 'v']] : [['r', 'c', null]];
  }

  override getConfig() {
    const { beta2Decay, epsilon1, epsilon2, clipThreshold, relativeStep } = this;
    return { ...super.getConfig(), beta2Decay, epsilon1, epsilon2, clipThreshold, relativeStep };
  }
}

const rootMeanSquare = (x: Sym): Sym => ops.sqrt(ops.mean(ops.square(x)));

/**
 * Adam in little memory (Shazeer and Stern, 2018): of a matrix's mean squares it keeps those of the rows and of the columns, and no mean of
 * gradients. Steps are in proportion to the size of the weight. The default learning rate is 0.001.
 * https://keras.io/api/optimizers/adafactor/
 *
 * @throws EngineError `ARGUMENT` for an option that is unknown or out of its range.
 * @example model.compile({ optimizer: optimizers.adafactor({ learningRate: 0.01 }), loss: 'mse' });
 */
export const adafactor = (options?: AdafactorOptions) => new Adafactor(options);
