import { type OptionNames, finite } from '../base/checks.js';
import type { Sym } from '../core/sym.js';
import * as ops from '../ops/index.js';
import { lossNames } from './loss.js';
import { OverlapLoss, type OverlapLossOptions } from './overlapLoss.js';

/** What `losses.tversky` takes. */
export interface TverskyOptions extends OverlapLossOptions {
  /** What yTrue without yPred counts. Default 0.5. */
  alpha?: number;
  /** What yPred without yTrue counts. Default 0.5. */
  beta?: number;
}

/** The loss that {@link tversky} makes. */
export class Tversky extends OverlapLoss {
  static override readonly optionNames: object = {
    ...lossNames,
    alpha: 'optional',
    beta: 'optional',
    axis: 'optional',
  } satisfies OptionNames<TverskyOptions>;
  readonly className = 'Tversky';
  /** What yTrue without yPred counts. */
  readonly alpha: number;
  /** What yPred without yTrue counts. */
  readonly beta: number;

  constructor(options: TverskyOptions = {}) {
    super(options);
    this.alpha = finite('tversky', 'alpha', options.alpha ?? 0.5);
    this.beta = finite('tversky', 'beta', options.beta ?? 0.5);
  }

  protected override overlap(target: Sym, yPred: Sym, sum: (x: Sym) => Sym) {
    const common = sum(ops.multiply(target, yPred));
    const missed = ops.multiply(sum(ops.multiply(ops.subtract(1, yPred), target)), this.alpha);
    const wrong = ops.multiply(sum(ops.multiply(yPred, ops.subtract(1, target))), this.beta);
    return { common, whole: ops.add(ops.add(common, missed), wrong) };
  }

  override getConfig() {
    return { ...super.getConfig(), alpha: this.alpha, beta: this.beta };
  }
}

/**
 * 1 − c / (c + alpha · Σ(yTrue · (1 − yPred)) + beta · Σ(yPred · (1 − yTrue))) with c = Σ(yTrue · yPred): `dice` for 0.5 and 0.5 (Salehi et al. 2017).
 * https://keras.io/api/losses/segmentation_losses/#tversky-class
 *
 * Targets have the shape of the predictions, [n, ...], of which an axis of size 1 at the end may be missing; any dtype. With an axis of
 * null all samples of a batch have one loss together.
 *
 * @throws EngineError `SHAPE`, from the first step, for targets of another shape.
 * @example model.compile({ optimizer: 'adam', loss: losses.tversky({ alpha: 0.7, beta: 0.3 }) });
 */
export const tversky = (options?: TverskyOptions) => new Tversky(options);
