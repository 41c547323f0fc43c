import {
  type OptionNames,
  atLeastZero,
  checkEach,
  finite,
  fraction,
  integer,
  isPattern,
  knownOptionsOf,
  share,
} from '../base/checks.js';
import { withDefaults } from '../base/defaults.js';
import type { Sym } from '../core/sym.js';
import type { Variable } from '../core/variable.js';
import * as ops from '../ops/index.js';
import { adamStep } from './adam.js';
import { Optimizer } from './optimizer.js';
import type { EpsilonOptions } from './optimizerOptions.js';
import type { UpdateContext } from './update.js';

/** What {@link muon} takes. */
export interface MuonOptions extends EpsilonOptions {
  /** Of Adam: the share of the mean gradient that each step keeps, from 0 up to, not including, 1. Default 0.9. */
  adamBeta1?: number;
  /** Of Adam: the share of the mean square that each step keeps, from 0 up to, not including, 1. Default 0.999. */
  adamBeta2?: number;
  /** The weight decay of the weights that Adam trains, 0 or more. Default 0.004. */
  adamWeightDecay?: number | null;
  /** Regular expressions, as text: Adam trains the weights in whose names one of them is found. Default none. */
  excludeLayers?: readonly string[] | null;
  /** Whether Adam trains the weights whose names have `embedding` in them. Default true. */
  excludeEmbeddings?: boolean;
  /** The factor of x in the Newton-Schulz iteration. Default 3.4445. */
  muonA?: number;
  /** The factor of x xᵀ x in it. Default -4.775. */
  muonB?: number;
  /** The factor of x xᵀ x xᵀ x in it. Default 2.0315. */
  muonC?: number;
  /** The learning rate of Adam, as a share of that of Muon; 0 or more. Default 1. */
  adamLrRatio?: number;
  /** The share of the sum of gradients that each step keeps, from 0 to 1. Default 0.95. */
  momentum?: number;
  /** How many Newton-Schulz iterations a step makes, 0 or more. Default 5. */
  nsSteps?: number;
  /** Whether to take Nesterov's step, which looks ahead along the momentum. Default true. */
  nesterov?: boolean;
  /** Steps are as long as Adam's with this root mean square; null leaves them as they are. Default 0.2 (Liu et al., 2025). */
  rmsRate?: number | null;
}

/** The optimizer that {@link muon} makes. */
export class Muon extends Optimizer implements MuonOptions {
  static override readonly optionNames = {
    ...Optimizer.optionNames,
    adamBeta1: 'optional',
    adamBeta2: 'optional',
    adamWeightDecay: 'optional',
    epsilon: 'optional',
    excludeLayers: 'optional',
    excludeEmbeddings: 'boolean',
    muonA: 'optional',
    muonB: 'optional',
    muonC: 'optional',
    adamLrRatio: 'optional',
    momentum: 'optional',
    nsSteps: 'optional',
    nesterov: 'boolean',
    rmsRate: 'optional',
  } satisfies OptionNames<MuonOptions>;
  readonly className = 'Muon';
  readonly adamBeta1: number;
  readonly adamBeta2: number;
  readonly adamWeightDecay: number;
  readonly epsilon: number;
  readonly excludeLayers: readonly string[];
  readonly excludeEmbeddings: boolean;
  readonly muonA: number;
  readonly muonB: number;
  readonly muonC: number;
  readonly adamLrRatio: number;
  readonly momentum: number;
  readonly nsSteps: number;
  readonly nesterov: boolean;
  readonly rmsRate: number | null;

  constructor(options: MuonOptions = {}) {
    const who = knownOptionsOf(new.target, options);
    super(withDefaults(options, { weightDecay: 0.004 }));
    const { adamWeightDecay = 0.004, excludeLayers, rmsRate = 0.2 } = options;
    checkEach(who, 'a list of regular expressions as excludeLayers', excludeLayers ?? [], isPattern);
    this.adamBeta1 = share(who, 'adamBeta1', options.adamBeta1 ?? 0.9);
    this.adamBeta2 = share(who, 'adamBeta2', options.adamBeta2 ?? 0.999);
    this.adamWeightDecay = atLeastZero(who, 'adamWeightDecay', adamWeightDecay ?? 0);
    this.epsilon = atLeastZero(who, 'epsilon', options.epsilon ?? 1e-7);
    this.excludeLayers = [...(excludeLayers ?? [])];
    this.excludeEmbeddings = options.excludeEmbeddings ?? true;
    this.muonA = finite(who, 'muonA', options.muonA ?? 3.4445);
    this.muonB = finite(who, 'muonB', options.muonB ?? -4.775);
    this.muonC = finite(who, 'muonC', options.muonC ?? 2.0315);
    this.adamLrRatio = atLeastZero(who, 'adamLrRatio', options.adamLrRatio ?? 1);
    this.momentum = fraction(who, 'momentum', options.momentum ?? 0.95);
    this.nsSteps = integer(who, 'nsSteps', options.nsSteps ?? 5, 0);
    this.nesterov = options.nesterov ?? true;
    this.rmsRate = rmsRate === null ? null : atLeastZero(who, 'rmsRate', rmsRate);
  }

  protected update(context: UpdateContext): void {
    const { weight, variable, rate, assignWeight } = context;
    if (this.#isAdams(variable)) {
      const { adamBeta1: beta1, adamBeta2: beta2, epsilon } = this;
      const ofAdam = { ...context, rate: ops.multiply(rate, this.adamLrRatio) };
      assignWeight(ops.subtract(weight, adamStep(ofAdam, { beta1, beta2, epsilon, amsgrad: false })));
    } else {
      const length = this.rmsRate === null ? 1 : Math.sqrt(Math.max(...weight.shape)) * this.rmsRate;
      const change = this.#orthogonal(this.#direction(context));
      assignWeight(ops.subtract(weight, ops.multiply(ops.multiply(rate, length), change)));
    }
  }

  protected override decayOf(variable: Variable): number {
    return this.#isAdams(variable) ? this.adamWeightDecay : this.weightDecay;
  }

  /** Whether Adam trains a weight: all but matrices, embeddings, and those that the options exclude. */
  #isAdams({ shape, name }: Variable): boolean {
    if (shape.length !== 2) return true;
    if (this.excludeEmbeddings && name.toLowerCase().includes('embedding')) return true;
    return this.excludeLayers.some((pattern) => new RegExp(pattern).test(name));
  }

  #direction({ gradient, slot, assign }: UpdateContext): Sym {
    const { momentum } = this;
    const m = assign('momentum', ops.add(ops.multiply(slot('momentum'), momentum), gradient));
    return this.nesterov ? ops.add(gradient, ops.multiply(m, momentum)) : m;
  }

  /** Nearly the orthogonal matrix next to one of two axes: its singular values come close to 1 (Newton-Schulz iteration). */
  #orthogonal(matrix: Sym): Sym {
    const { muonA, muonB, muonC } = this;
    const [rows = 0, columns = 0] = matrix.shape;
    const tall = rows > columns;
    const norm = ops.sqrt(ops.sum(ops.square(matrix)));
    let x = ops.divide(tall ? ops.transpose(matrix) : matrix, ops.add(norm, 1e-7));
    for (let i = 0; i < this.nsSteps; i++) {
      const square = ops.matmul(x, x, { transposeB: true });
      const fourth = ops.matmul(square, square);
      const factor = ops.add(ops.multiply(muonB, square), ops.multiply(muonC, fourth));
      x = ops.add(ops.multiply(muonA, x), ops.matmul(factor, x));
    }
    return tall ? ops.transpose(x) : x;
  }

  /** @internal */
  protected override savedSlots(weight: Variable) {
    return this.#isAdams(weight) ? [['m', 'v']] : [['momentum']];
  }

  override getConfig() {
    const { adamBeta1, adamBeta2, adamWeightDecay, epsilon, excludeLayers, excludeEmbeddings } = this;
    const { muonA, muonB, muonC, adamLrRatio, momentum, nsSteps, nesterov, rmsRate } = this;
    return {
      ...super.getConfig(),
      adamBeta1,
      adamBeta2,
      adamWeightDecay,
      epsilon,
      excludeLayers,
      excludeEmbeddings,
      muonA,
      muonB,
      muonC,
      adamLrRatio,
      momentum,
      nsSteps,
      nesterov,
      rmsRate,
    };
  }
}

/**
 * Momentum with orthogonal steps for matrices (Jordan et al., 2024; Liu et al., 2025): the singular values of each step are brought near
 * to 1. Adam trains all other weights: those that are no matrices, embeddings, and by `excludeLayers` the output layer, which should be
 * named there. The default learning rate is 0.001, the default weight decay 0.004. https://keras.io/api/optimizers/muon/
 *
 * @throws EngineError `ARGUMENT` for an option that is unknown or out of its range.
 * @example model.compile({ optimizer: optimizers.muon({ excludeLayers: ['output'] }), loss: 'mse' });
 */
export const muon = (options?: MuonOptions) => new Muon(options);
