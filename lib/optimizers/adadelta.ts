import type { OptionNames } from '../checks.js';
import {
  Optimizer,
  type OptimizerOptions,
  type UpdateContext,
  checkAtLeastZero,
  checkShare,
} from './optimizer.js';

export interface AdadeltaOptions extends OptimizerOptions {
  /** How much of the mean squares is kept at each step. Default 0.95. */
  rho?: number;
  /** Default 1e-7. */
  epsilon?: number;
}

/**
 * Steps as long as the last ones, in units of the weights (Zeiler, 2012). The learning rate is the paper's 1.0, as it was in
 * Keras 2; Keras 3's default is 0.001. https://keras.io/api/optimizers/adadelta/
 */
export class Adadelta extends Optimizer {
  static override readonly optionNames = {
    ...Optimizer.optionNames,
    rho: 'optional',
    epsilon: 'optional',
  } satisfies OptionNames<AdadeltaOptions>;
  readonly className = 'adadelta';
  readonly rho: number;
  readonly epsilon: number;

  constructor(options: AdadeltaOptions = {}) {
    super(options, 1.0);
    this.rho = checkShare('rho', options.rho ?? 0.95);
    this.epsilon = checkAtLeastZero('epsilon', options.epsilon ?? 1e-7);
  }

  protected update({ fused }: UpdateContext): void {
    const { rho, epsilon } = this;
    fused('adadeltaUpdate', ['meanSquare', 'meanSquareStep'], [], { rho, epsilon });
  }

  override getConfig() {
    return { ...super.getConfig(), rho: this.rho, epsilon: this.epsilon };
  }
}
