import { type OptionNames, atLeastZero, knownOptionsOf, share } from '../base/checks.js';
import { type EpsilonOptions, Optimizer, type UpdateContext } from './optimizer.js';

/** What {@link rmsprop} takes. */
export interface RMSpropOptions extends EpsilonOptions {
  /** The share of the mean square that each step keeps, from 0 up to, not including, 1. Default 0.9. */
  rho?: number;
  /** The share of the last step that is added to the next, from 0 up to, not including, 1. Default 0. */
  momentum?: number;
  /** Whether to divide by the estimated variance instead of the mean square. Default false. */
  centered?: boolean;
}

/** The optimizer that {@link rmsprop} makes. */
export class RMSprop extends Optimizer implements RMSpropOptions {
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
    const who = knownOptionsOf(new.target, options);
    super(options, 0.001);
    this.rho = share(who, 'rho', options.rho ?? 0.9);
    this.momentum = share(who, 'momentum', options.momentum ?? 0);
    this.epsilon = atLeastZero(who, 'epsilon', options.epsilon ?? 1e-7);
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
