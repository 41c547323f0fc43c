import { factoryName } from '../base/names.js';
import {
  type OptionNames,
  expected,
  fraction,
  integer,
  seedOf,
  shapeOf,
  wrongShape,
} from '../base/checks.js';
import { defaultsOf, withDefaults } from '../base/defaults.js';
import {
  type ActivationFunction,
  type ActivationLike,
  activationConfig,
  activationOf,
} from '../activations/registry.js';
import type { Shape } from '../engine/engine.js';
import type { InitializerLike } from '../initializers/registry.js';
import { firstOf } from '../base/list.js';
import { apply } from '../core/apply.js';
import * as ops from '../ops/index.js';
import { affine, projected } from '../ops/sequence.js';
import { dropped } from '../ops/noiseShape.js';
import type { Sym } from '../core/sym.js';
import type { Variable } from '../core/variable.js';
import { type CallContext, Layer, type LayerOptions } from './layer.js';
import { MultiInputLayer } from './multiInputLayer.js';
import {
  type BiasOptions,
  type KernelOptions,
  type RecurrentOptions,
  weightConfig,
  weightNames,
  weightOptions,
} from './weightOptions.js';

/** How long the state of a cell is; a list for several states, in which cells within a cell have nested lists. */
export type StateSize = number | readonly StateSize[];

/**
 * What `layers.rnn` does at each step: a layer that is called with a list, the step [n, …] and the states before it, and gives the
 * output and the states after it. States within states come one after another.
 */
export interface RNNCell extends Layer {
  /** How long its state is, or a list for several. */
  readonly stateSize: StateSize;
  /** How long its output is. Default: as its first state. */
  readonly outputSize?: number;
  /**
   * The states before the first step. Default zeros, [n, size] each.
   *
   * @param x The sequence, [n, steps, …].
   */
  getInitialState?(x: Sym): Sym | readonly Sym[];
}

/** What the cells with units take, and the layers of them. */
export interface RNNCellOptions extends LayerOptions, KernelOptions, RecurrentOptions, BiasOptions {
  /** How many numbers the state has, and the output of a step. */
  units: number;
  /** The activation of the state: a name or a function. Default `tanh`. */
  activation?: ActivationLike;
  /** Whether a bias is added. Default true. */
  useBias?: boolean;
  /**
   * The share of the input's features that are dropped while training, the same at every step. As in Keras, with `recurrentDropout` each
   * gate has a mask to itself, else all have one. Default 0.
   */
  dropout?: number;
  /**
   * The share of the state's numbers that the recurrent product of each gate does not see while training, the same at every step.
   * Default 0.
   */
  recurrentDropout?: number;
  /** An integer that decides what is dropped, whatever the seed of the training. Default none. */
  seed?: number | null;
}

/** The defaults of {@link RNNCellOptions}. */
const DEFAULTS = defaultsOf<RNNCellOptions>()({
  activation: 'tanh',
  useBias: true,
  dropout: 0,
  recurrentDropout: 0,
});

/** What the steps of a sequence have in common. */
export interface StepContext {
  /** What each gate sees the state times of, [n, gates · units]; undefined: the state as it is. */
  readonly mask: Sym | undefined;
}

/** What a fused op takes. */
export interface FusedCall {
  /** kernel · input + bias of every step, [n, steps, gates · units]. */
  readonly projections: Sym;
  /** The first states; undefined: zeros. */
  readonly states: readonly Sym[] | undefined;
  /** What each gate sees the state times of, and which steps count. */
  readonly masks: { readonly states: Sym | undefined; readonly steps: Sym | undefined };
  readonly attrs: { goBackwards: boolean; returnSequences: boolean; zeroOutput: boolean };
}

/**
 * A cell whose step takes a function of the input alone (a product, a convolution), which is computed of all steps of a sequence at once.
 */
export interface ProjectingCell extends RNNCell {
  /** Whether a call is what {@link project} and {@link step} say: a subclass may have written its own. */
  readonly projects: boolean;
  /** Whether {@link fused} computes what the options ask for. */
  readonly isFused: boolean;
  /** What {@link step} takes, with dropout: of a step [n, …] or of a sequence [n, steps, …]. */
  project(x: Sym, context: CallContext): Sym;
  /** What each gate sees the state times of, the same at all steps. */
  stateMask(projections: Sym, context: CallContext): Sym | undefined;
  /** The states after one step, the output first. */
  step(x: Sym, states: readonly Sym[], context: StepContext): readonly Sym[];
  /** Output and last states by the fused op. */
  fused?(call: FusedCall): readonly Sym[];
}

/** Whether a cell computes its steps as {@link ProjectingCell} says. @internal */
export const isProjecting = (cell: RNNCell): cell is ProjectingCell =>
  (cell as Partial<ProjectingCell>).projects === true;

/**
 * What cells share whose step is a function of x · kernel + bias and the states: the product is taken of all steps of a sequence at once.
 * A subclass says what a step computes, and which fused op does the same.
 */
export abstract class BaseRNNCell<O extends RNNCellOptions = RNNCellOptions> extends MultiInputLayer {
  static override readonly optionNames = {
    ...Layer.optionNames,
    units: 'required',
    activation: 'optional',
    useBias: 'boolean',
    dropout: 'optional',
    recurrentDropout: 'optional',
    seed: 'optional',
    ...weightNames('kernel'),
    ...weightNames('recurrent'),
    ...weightNames('bias'),
  } satisfies OptionNames<RNNCellOptions>;
  /** The options as given, and the defaults of the others. */
  readonly options: O & typeof DEFAULTS;
  /** How many columns of the kernels belong to a unit. */
  protected abstract readonly gates: number;
  protected readonly activation: ActivationFunction;
  #kernel!: Variable;
  #recurrentKernel!: Variable;
  #bias: Variable | undefined;

  /** @param who In messages: the function that makes the cell, or the layer of it. */
  constructor(options: O, who?: string) {
    super(options);
    const name = who ?? factoryName(new.target.name);
    this.options = withDefaults(options, DEFAULTS);
    const { units, activation, dropout, recurrentDropout, seed } = this.options;
    integer(name, 'units', units);
    fraction(name, 'dropout', dropout);
    fraction(name, 'recurrentDropout', recurrentDropout);
    if (seed != null) seedOf(name, seed);
    if (options.activityRegularizer)
      throw expected(name, 'activityRegularizer at the layer that goes through the sequence', options);
    this.activation = activationOf(activation);
  }

  /** How long its state is, or a list for several. */
  get stateSize(): StateSize {
    return this.options.units;
  }

  /** How long its output is. */
  get outputSize(): number {
    return this.options.units;
  }

  /** Whether {@link fused} computes what the options ask for. @internal */
  abstract get isFused(): boolean;

  /** Output and last states by the fused op. @internal */
  abstract fused(call: FusedCall): readonly Sym[];

  /**
   * The states after one step, the output first.
   *
   * @param x kernel · input + bias, [n, gates · units].
   * @internal
   */
  abstract step(x: Sym, states: readonly Sym[], context: StepContext): readonly Sym[];

  /** Whether a call is what {@link project} and {@link step} say: a subclass may have written its own. @internal */
  get projects(): boolean {
    return (Object.getPrototypeOf(this) as Layer).call === BaseRNNCell.prototype.call;
  }

  protected get recurrentKernel(): Variable {
    return this.#recurrentKernel;
  }

  protected get bias(): Variable | undefined {
    return this.#bias;
  }

  protected get biasShape(): number[] {
    return [this.gates * this.options.units];
  }

  protected get biasInitializer(): InitializerLike {
    return weightOptions(this.options, 'bias').initializer;
  }

  /** The part of the bias that is added to the input's product. */
  protected get inputBias(): Sym | Variable | undefined {
    return this.#bias;
  }

  override build([step]: readonly [Shape, ...Shape[]]): void {
    const { units, useBias } = this.options;
    const shape = shapeOf(this.name, step, 'unknown');
    const features = shape.at(-1);
    if (shape.length !== 2 || features === undefined || features < 1)
      throw wrongShape(this.name, 'a step [n, features] with a known number of features', shape);
    const columns = this.gates * units;
    const kernel = weightOptions(this.options, 'kernel');
    this.#kernel = this.addWeight({ name: 'kernel', shape: [features, columns], ...kernel });
    const recurrent = weightOptions(this.options, 'recurrent');
    this.#recurrentKernel = this.addWeight({
      name: 'recurrentKernel',
      shape: [units, columns],
      ...recurrent,
    });
    if (!useBias) return;
    const bias = { ...weightOptions(this.options, 'bias'), initializer: this.biasInitializer };
    this.#bias = this.addWeight({ name: 'bias', shape: this.biasShape, ...bias });
  }

  call([x, ...states]: readonly [Sym, ...Sym[]], context: CallContext): readonly Sym[] {
    const projection = this.project(x, context);
    const next = this.step(projection, states, { mask: this.stateMask(projection, context) });
    return [firstOf(next), ...next];
  }

  /** kernel · input + bias, with dropout: of a step [n, features] or of a sequence [n, steps, features]. @internal */
  project(x: Sym, context: CallContext): Sym {
    const { units, dropout, recurrentDropout, seed } = this.options;
    const bias = this.inputBias;
    const project = (kernel: Sym | Variable, added?: Sym | Variable) => {
      const dropped = dropoutMask(x.rank === 3 ? firstStep(x) : x, dropout, context, seed);
      const seen = dropped ? ops.multiply(x, dropped) : x;
      return x.rank === 3
        ? projected<Sym, Sym | Variable>(this.name, seen, kernel, added)
        : affine<Sym, Sym | Variable>(seen, kernel, added);
    };
    if (!context.training || dropout === 0 || recurrentDropout === 0) return project(this.#kernel, bias);
    const parts = Array.from({ length: this.gates }, (_, gate) => project(gateOf(this.#kernel, gate, units)));
    const joined = ops.concatenate(parts, { axis: -1 });
    return bias ? ops.add(joined, bias) : joined;
  }

  /** What each gate sees the state times of, for projections of a step or a sequence. @internal */
  stateMask(projections: Sym, context: CallContext): Sym | undefined {
    const like = projections.rank === 3 ? ops.sum(projections, { axis: 1 }) : projections;
    return dropoutMask(like, this.options.recurrentDropout, context, this.options.seed);
  }

  /** The state as the recurrent product of a gate sees it. */
  protected seen(h: Sym, gate: number, { mask }: StepContext): Sym {
    return mask ? ops.multiply(h, gateOf(mask, gate, this.options.units)) : h;
  }

  /** state · recurrentKernel, [n, gates · units]. */
  protected product(h: Sym, context: StepContext): Sym {
    if (!context.mask) return ops.matmul(h, this.recurrentKernel);
    const of = (gate: number) =>
      ops.matmul(this.seen(h, gate, context), gateOf(this.recurrentKernel, gate, this.options.units));
    return ops.concatenate(
      Array.from({ length: this.gates }, (_, gate) => of(gate)),
      { axis: -1 },
    );
  }

  override getConfig(): Record<string, unknown> {
    const { units, activation, useBias, dropout, recurrentDropout, seed } = this.options;
    return {
      ...super.getConfig(),
      ...{ units, activation: activationConfig(activation), useBias, dropout, recurrentDropout },
      ...(seed != null && { seed }),
      ...weightConfig(this.options, 'kernel'),
      ...weightConfig(this.options, 'recurrent'),
      ...weightConfig(this.options, 'bias'),
    };
  }
}

/** While training 1 / (1 - rate) where a number of that shape stays, 0 elsewhere; undefined where all stay. @internal */
export function dropoutMask(
  like: Sym,
  rate: number,
  { training, key }: CallContext,
  seed: number | null | undefined,
): Sym | undefined {
  if (!training || rate === 0) return undefined;
  const ones = apply<number | Sym>('broadcastLike', [1, like]);
  const salt = like.trace.nextSalt();
  return like.trace.atSequence(key, (start) =>
    dropped(ones, ones, { ...(seed == null ? { key: start } : { seed }), rate, salt }),
  );
}

const firstStep = (sequence: Sym) => ops.stridedSlice(sequence, [0, 0], [Infinity, 1]);

/** Columns gate · units … of x. @internal */
export const gateOf = (x: Sym | Variable, gate: number, units: number): Sym =>
  ops.stridedSlice<Sym | Variable>(x, [0, gate * units], [Infinity, (gate + 1) * units]);
