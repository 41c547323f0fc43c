import type { OptionNames } from '../checks.js';
import {
  Optimizer,
  type OptimizerOptions,
  type UpdateContext,
  checkAtLeastZero,
  checkShare,
} from './optimizer.js';

export interface RMSpropOptions extends OptimizerOptions {
  /** How much of the mean square is kept at each step. Default 0.9. */
  rho?: number;
  /** Default 0. */
  momentum?: number;
  /** Default 1e-7. */
  epsilon?: number;
  /** Divides by the estimated variance instead of the mean square. Default false. */
  centered?: boolean;
}

/** Divides gradients by their running root mean square (Hinton, 2012). Learning rate 0.001. https://keras.io/api/optimizers/rmsprop/ */
export class RMSprop extends Optimizer {
  static override readonly optionNames = {
    ...Optimizer.optionNames,
    rho: 'optional',
    momentum: 'optional',
    epsilon: 'optional',
    centered: 'boolean',
  } satisfies OptionNames<RMSpropOptions>;
  readonly className = 'rmsprop';
  readonly rho: number;
  readonly momentum: number;
  readonly epsilon: number;
  readonly centered: boolean;

  constructor(options: RMSpropOptions = {}) {
    super(options, 0.001);
    this.rho = checkShare('rho', options.rho ?? 0.9);
    this.momentum = checkShare('momentum', options.momentum ?? 0);
    this.epsilon = checkAtLeastZero('epsilon', options.epsilon ?? 1e-7);
    this.centered = options.centered ?? false;
  }

  protected update({ fused }: UpdateContext): void {
    const { rho, momentum, epsilon } = this;
    if (this.centered)
      fused('rmspropCenteredUpdate', ['meanSquare', 'meanGradient', 'momentum'], [], {
        rho,
        momentum,
        epsilon,
      });
    else fused('rmspropUpdate', ['meanSquare', 'momentum'], [], { rho, momentum, epsilon });
  }

  override getConfig() {
    const { rho, momentum, epsilon, centered } = this;
    return { ...super.getConfig(), rho, momentum, epsilon, centered };
  }
}
