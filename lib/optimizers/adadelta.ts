import { type OptionNames, atLeastZero, fraction, knownOptionsOf } from '../base/checks.js';
import * as ops from '../ops/index.js';
import type { Sym } from '../core/sym.js';
import { runningMean } from './averages.js';
import { Optimizer } from './optimizer.js';
import type { EpsilonOptions } from './optimizerOptions.js';
import type { FusedUpdate, UpdateContext } from './update.js';

/** What {@link adadelta} takes. */
export interface AdadeltaOptions extends EpsilonOptions {
  /** The share of the mean squares that each step keeps, from 0 to 1. Default 0.95. */
  rho?: number;
}

/** The optimizer that {@link adadelta} makes. */
export class Adadelta extends Optimizer implements AdadeltaOptions {
  static override readonly optionNames = {
    ...Optimizer.optionNames,
    rho: 'optional',
    epsilon: 'optional',
  } satisfies OptionNames<AdadeltaOptions>;
  readonly className = 'Adadelta';
  readonly rho: number;
  readonly epsilon: number;

  constructor(options: AdadeltaOptions = {}) {
    const who = knownOptionsOf(new.target, options);
    super(options, 1.0);
    this.rho = fraction(who, 'rho', options.rho ?? 0.95);
    this.epsilon = atLeastZero(who, 'epsilon', options.epsilon ?? 1e-7);
  }

  protected update({ weight, gradient, rate, slot, assign, assignWeight }: UpdateContext): void {
    const { rho, epsilon } = this;
    const root = (square: Sym) => ops.sqrt(ops.add(square, epsilon));
    const square = assign('meanSquare', runningMean(slot('meanSquare'), ops.square(gradient), rho));
    const lastSteps = slot('meanSquareStep');
    const change = ops.divide(ops.multiply(gradient, root(lastSteps)), root(square));
    assign('meanSquareStep', runningMean(lastSteps, ops.square(change), rho));
    assignWeight(ops.subtract(weight, ops.multiply(rate, change)));
  }

  protected override fused(): FusedUpdate {
    const { rho, epsilon } = this;
    return { op: 'adadeltaUpdate', slots: ['meanSquare', 'meanSquareStep'], attrs: { rho, epsilon } };
  }

  /** @internal */
  protected override savedSlots() {
    return [['meanSquare', 'meanSquareStep']];
  }

  override getConfig() {
    return { ...super.getConfig(), rho: this.rho, epsilon: this.epsilon };
  }
}

/**
 * Steps as long as the last ones were, in the units of the weights (Zeiler, 2012): running means of squares, v of the gradients and u
 * of the steps; the step is learningRate · g · √(u + epsilon) / √(v + epsilon). The default learning rate is the paper's 1.0, as in
 * Keras 2; Keras 3's is 0.001. https://keras.io/api/optimizers/adadelta/
 *
 * @throws EngineError `ARGUMENT` for an option that is unknown or out of its range.
 * @example model.compile({ optimizer: optimizers.adadelta({ rho: 0.9 }), loss: 'mse' });
 */
export const adadelta = (options?: AdadeltaOptions) => new Adadelta(options);
