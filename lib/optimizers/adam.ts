import type { OptionNames } from '../base/checks.js';
import type { Sym } from '../core/sym.js';
import * as ops from '../ops/index.js';
import { runningMean, seenOf } from './averages.js';
import { MomentOptimizer, type MomentOptions } from './momentOptimizer.js';
import type { FusedUpdate, UpdateContext } from './update.js';

/** What {@link adam} and `adamW` take. */
export interface AdamOptions extends MomentOptions {
  /** Whether to divide by the largest mean square so far (AMSGrad: Reddi, Kale and Kumar, 2018). Default false. */
  amsgrad?: boolean;
}

/** What Adam takes away from a weight. @internal */
export function adamStep(
  { gradient, rate, step, slot, assign }: UpdateContext,
  { beta1, beta2, epsilon, amsgrad }: Pick<Adam, 'beta1' | 'beta2' | 'epsilon' | 'amsgrad'>,
): Sym {
  const m = assign('m', runningMean(slot('m'), gradient, beta1));
  let v = assign('v', runningMean(slot('v'), ops.square(gradient), beta2));
  if (amsgrad) v = assign('vhat', ops.maximum(slot('vhat'), v));
  // The corrections of m and v for their start at 0, in the rate, as at the end of the paper's section 2.
  const corrected = ops.divide(ops.multiply(rate, ops.sqrt(seenOf(beta2, step))), seenOf(beta1, step));
  return ops.divide(ops.multiply(corrected, m), ops.add(ops.sqrt(v), epsilon));
}

/** The optimizer that {@link adam} makes. */
export class Adam extends MomentOptimizer implements AdamOptions {
  static override readonly optionNames = {
    ...MomentOptimizer.optionNames,
    amsgrad: 'boolean',
  } satisfies OptionNames<AdamOptions>;
  readonly className: string = 'Adam';
  readonly amsgrad: boolean;

  constructor(options: AdamOptions = {}) {
    super(options);
    this.amsgrad = options.amsgrad ?? false;
  }

  protected update(context: UpdateContext): void {
    context.assignWeight(ops.subtract(context.weight, adamStep(context, this)));
  }

  protected override fused(): FusedUpdate {
    const { beta1, beta2, epsilon, amsgrad } = this;
    return {
      op: amsgrad ? 'adamAmsgradUpdate' : 'adamUpdate',
      slots: amsgrad ? ['m', 'v', 'vhat'] : ['m', 'v'],
      attrs: { beta1, beta2, epsilon },
      takesStep: true,
    };
  }

  /** @internal */
  protected override savedSlots() {
    return this.amsgrad ? [['m', 'v'], ['vhat']] : [['m', 'v']];
  }

  override getConfig() {
    return { ...super.getConfig(), amsgrad: this.amsgrad };
  }
}

/**
 * Adaptive moments (Kingma and Ba, 2015): running means m of the gradients (beta1) and v of their squares (beta2), corrected for
 * their start at 0; w ← w − learningRate · m / (√v + epsilon). The default learning rate is 0.001.
 * https://keras.io/api/optimizers/adam/
 *
 * @throws EngineError `ARGUMENT` for an option that is unknown or out of its range.
 * @example model.compile({ optimizer: optimizers.adam({ learningRate: 0.01 }), loss: 'mse' });
 */
export const adam = (options?: AdamOptions) => new Adam(options);
