import { Initializer } from '../initializers/initializer.js';
import { type InitializerLike, initializerOf } from '../initializers/registry.js';
import * as ops from '../ops/index.js';
import { type Tensor, ones } from '../core/tensor.js';

/** Ones for the forget gate, and what another initializer gives for the rest. */
export class ForgetBias extends Initializer {
  readonly className = 'forgetBias';
  readonly #rest: Initializer;

  constructor(
    rest: InitializerLike,
    readonly units: number,
  ) {
    super();
    this.#rest = initializerOf(rest);
  }

  protected draw(): Tensor {
    const { units } = this;
    const parts = [this.#rest.tensor([units]), ones([units]), this.#rest.tensor([2 * units])];
    return ops.concatenate(parts, { axis: -1 });
  }
}
