import { type OptionNames, atLeastZero, knownOptionsOf, share } from '../base/checks.js';
import { type EpsilonOptions, Optimizer, type UpdateContext } from './optimizer.js';

/** What {@link adadelta} takes. */
export interface AdadeltaOptions extends EpsilonOptions {
  /** The share of the mean squares that each step keeps, from 0 up to, not including, 1. Default 0.95. */
  rho?: number;
}

/** The optimizer that {@link adadelta} makes. */
export class Adadelta extends Optimizer implements AdadeltaOptions {
  static override readonly optionNames = {
    ...Optimizer.optionNames,
    rho: 'optional',
    epsilon: 'optional',
  } satisfies OptionNames<AdadeltaOptions>;
  readonly className = 'adadelta';
  readonly rho: number;
  readonly epsilon: number;

  constructor(options: AdadeltaOptions = {}) {
    const who = knownOptionsOf(new.target, options);
    super(options, 1.0);
    this.rho = share(who, 'rho', options.rho ?? 0.95);
    this.epsilon = atLeastZero(who, 'epsilon', options.epsilon ?? 1e-7);
  }

  protected update({ fused }: UpdateContext): void {
    const { rho, epsilon } = this;
    fused('adadeltaUpdate', ['meanSquare', 'meanSquareStep'], [], { rho, epsilon });
  }

  override getConfig() {
    return { ...super.getConfig(), rho: this.rho, epsilon: this.epsilon };
  }
}
