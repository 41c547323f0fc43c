import { factoryName } from '../base/names.js';
import { type OptionNames, integer, shapeOf, share, wrongShape } from '../base/checks.js';
import {
  type ActivationFunction,
  type ActivationLike,
  activationConfig,
  activationOf,
} from '../activations/registry.js';
import type { Shape } from '../engine/engine.js';
import { EngineError } from '../base/errors.js';
import type { InitializerLike } from '../initializers/registry.js';
import { listOf } from '../base/list.js';
import { apply } from '../core/apply.js';
import * as ops from '../ops/index.js';
import { projected } from '../ops/sequence.js';
import type { Sym } from '../core/sym.js';
import type { Variable } from '../core/variable.js';
import { type CallContext, Layer, type LayerOptions } from './layer.js';
import type { Masks } from './masks.js';
import {
  type BiasOptions,
  type KernelOptions,
  type RecurrentOptions,
  weightConfig,
  weightNames,
  weightOptions,
} from './weightOptions.js';

/** What all recurrent layers take. */
export interface RNNOptions extends LayerOptions, KernelOptions, RecurrentOptions, BiasOptions {
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
  /** Whether to give the output of every step, [n, steps, units], instead of the last one's, [n, units]. Default false. */
  returnSequences?: boolean;
  /** Whether to give the last states too, as further outputs: {@link Layer.applyAll} returns them. Default false. */
  returnState?: boolean;
  /** Whether to go from the last step to the first; sequences come out in the order of computation. Default false. */
  goBackwards?: boolean;
  /**
   * What comes out for steps that the input's mask leaves out: zeros, or (false) the output of the step before. The states stay as they were
   * in both cases. Default false.
   */
  zeroOutputForMask?: boolean;
}

/** The same for cells with gates. */
export interface GatedRNNOptions extends RNNOptions {
  /** The activation of the gates: a name or a function. Default `sigmoid`. */
  recurrentActivation?: ActivationLike;
}

/** What a cell is called with. */
export interface RNNCall {
  /** kernel · input + bias of every step, [n, steps, gates · units]. */
  readonly projections: Sym;
  /** The first states; undefined: zeros. */
  readonly states: readonly Sym[] | undefined;
  readonly recurrentKernel: Variable;
  readonly bias: Variable | undefined;
  /** What each gate sees the state times of, [n, gates · units]; undefined: the state as it is. */
  readonly mask: Sym | undefined;
  /** Which steps count, bool [n, steps]; undefined: all. */
  readonly steps: Sym | undefined;
  readonly attrs: { goBackwards: boolean; returnSequences: boolean };
}

/**
 * A layer that goes through a sequence [n, steps, features] step by step. Called with a list it takes the first states behind the
 * input. A subclass says what its cell computes, by a fused op and in plain ops: these serve for own activations.
 */
export abstract class RNN<O extends RNNOptions = RNNOptions> extends Layer {
  static override readonly optionNames = {
    ...Layer.optionNames,
    units: 'required',
    activation: 'optional',
    useBias: 'boolean',
    dropout: 'optional',
    recurrentDropout: 'optional',
    returnSequences: 'boolean',
    returnState: 'boolean',
    goBackwards: 'boolean',
    zeroOutputForMask: 'boolean',
    ...weightNames('kernel'),
    ...weightNames('recurrent'),
    ...weightNames('bias'),
  } satisfies OptionNames<RNNOptions>;
  /** The options as given. */
  readonly options: O;
  /** How many columns of the kernels belong to a unit. */
  protected abstract readonly gates: number;
  protected abstract readonly stateCount: number;
  protected readonly activation: ActivationFunction;
  #kernel!: Variable;
  #recurrentKernel!: Variable;
  #bias: Variable | undefined;

  constructor(options: O) {
    super(options);
    const { units, activation = 'tanh', dropout = 0, recurrentDropout = 0 } = options;
    const who = factoryName(new.target.name);
    integer(who, 'units', units);
    for (const [name, rate] of Object.entries({ dropout, recurrentDropout })) {
      share(who, name, rate);
    }
    this.options = options;
    this.activation = activationOf(activation);
  }

  /** Whether the fused op computes what the options ask for. */
  protected abstract get isFused(): boolean;

  /** Output and last states by the fused op. */
  protected abstract fused(call: RNNCall): readonly Sym[];

  /**
   * The states after one step, the output first.
   *
   * @param x kernel · input + bias, [n, gates · units].
   */
  protected abstract step(x: Sym, states: readonly Sym[], call: RNNCall): readonly Sym[];

  /** The state as the recurrent product of a gate sees it. */
  protected seen(h: Sym, gate: number, { mask }: RNNCall): Sym {
    return mask ? ops.multiply(h, gateOf(mask, gate, this.options.units)) : h;
  }

  /** state · recurrentKernel, [n, gates · units]. */
  protected product(h: Sym, call: RNNCall): Sym {
    const { mask, recurrentKernel } = call;
    if (!mask) return ops.matmul(h, recurrentKernel);
    const of = (gate: number) =>
      ops.matmul(this.seen(h, gate, call), gateOf(recurrentKernel, gate, this.options.units));
    return ops.concatenate(
      Array.from({ length: this.gates }, (_, gate) => of(gate)),
      { axis: -1 },
    );
  }

  protected get biasShape(): number[] {
    return [this.gates * this.options.units];
  }

  protected get biasInitializer(): InitializerLike {
    return this.options.biasInitializer ?? 'zeros';
  }

  /** The part of the bias that is added to the input's product. */
  protected inputBias(bias: Variable | undefined): Sym | Variable | undefined {
    return bias;
  }

  override build(given: Shape | readonly Shape[]): void {
    const { units, useBias = true } = this.options;
    const first = Array.isArray(given) && Array.isArray(given[0]) ? (given[0] as unknown) : given;
    const shape = shapeOf(this.name, first, 'unknown');
    const features = shape.at(-1);
    if (shape.length !== 3 || features === undefined || features < 1) {
      throw wrongShape(this.name, 'a sequence [n, steps, features] with a known number of features', shape);
    }
    const columns = this.gates * units;
    const kernel = weightOptions(this.options, 'kernel');
    this.#kernel = this.addWeight({ name: 'kernel', shape: [features, columns], ...kernel });
    const recurrent = weightOptions(this.options, 'recurrent', 'orthogonal');
    this.#recurrentKernel = this.addWeight({
      name: 'recurrentKernel',
      shape: [units, columns],
      ...recurrent,
    });
    if (!useBias) return;
    const bias = { ...weightOptions(this.options, 'bias'), initializer: this.biasInitializer };
    this.#bias = this.addWeight({ name: 'bias', shape: this.biasShape, ...bias });
  }

  call(inputs: Sym | readonly Sym[], context: CallContext): readonly Sym[] {
    const [x, ...states] = listOf(inputs);
    const { goBackwards = false, returnSequences = false, returnState, recurrentDropout = 0 } = this.options;
    if (states.length !== 0 && states.length !== this.stateCount) {
      throw new EngineError(
        'ARGUMENT',
        `expected a sequence, or a list of it and ${this.stateCount} first states, received ${states.length} of them`,
      );
    }
    const projections = this.#project(x, context);
    const call: RNNCall = {
      projections,
      states: states.length > 0 ? states : undefined,
      recurrentKernel: this.#recurrentKernel,
      bias: this.#bias,
      mask: context.training ? mask(ops.sum(projections, { axis: 1 }), recurrentDropout, context) : undefined,
      steps: x.mask,
      attrs: { goBackwards, returnSequences },
    };
    const outputs = this.isFused && !call.steps ? this.fused(call) : this.#looped(call);
    return returnState ? outputs : outputs.slice(0, 1);
  }

  /** That of the sequence, where every step comes out. */
  override computeMask(_inputs: Sym | readonly Sym[], previousMask: Masks): Masks {
    const { returnSequences, returnState } = this.options;
    const mask = returnSequences ? listOf(previousMask)[0] : undefined;
    return returnState ? [mask, ...Array<undefined>(this.stateCount).fill(undefined)] : mask;
  }

  /** kernel · input + bias of every step, with dropout. */
  #project(x: Sym, context: CallContext): Sym {
    const { units, dropout = 0, recurrentDropout = 0 } = this.options;
    const bias = this.inputBias(this.#bias);
    const project = (kernel: Sym | Variable, added?: Sym | Variable) => {
      const dropped = context.training && mask(slice(x, 0), dropout, context);
      return projected<Sym, Sym | Variable>(this.name, dropped ? ops.multiply(x, dropped) : x, kernel, added);
    };
    if (!context.training || dropout === 0 || recurrentDropout === 0) return project(this.#kernel, bias);
    const parts = Array.from({ length: this.gates }, (_, gate) => project(gateOf(this.#kernel, gate, units)));
    const joined = ops.concatenate(parts, { axis: -1 });
    return bias ? ops.add(joined, bias) : joined;
  }

  /** Output and last states by a loop over {@link step}. */
  #looped(call: RNNCall): readonly Sym[] {
    const { projections, attrs } = call;
    const { trace } = projections;
    const { units } = this.options;
    const first = call.states ?? Array.from({ length: this.stateCount }, () => zeros(projections, units));
    const place = trace.input(
      'float32',
      [projections.shape[0], this.gates * units],
      `a step of ${this.name}`,
    );
    const before = first.map(({ shape }) => trace.input('float32', shape, `a state of ${this.name}`));
    const counts =
      call.steps && trace.input('bool', [projections.shape[0], 1], `whether a step of ${this.name} counts`);
    const { next, keys } = withStepKeys(projections, () => {
      const made = this.step(place, before, call);
      return counts ? made.map((state, i) => ops.where(counts, state, before[i])) : made;
    });
    const output = counts && this.#maskedOutput(counts, next[0], call);
    const made = trace.scan({
      states: [
        ...first.map((state, i) => ({ before: before[i], first: state, next: next[i] })),
        ...(output ? [output] : []),
      ],
      sequences: [
        { place, whole: stepsFirst(projections), backwards: attrs.goBackwards },
        ...(counts
          ? [
              {
                place: counts,
                whole: stepsFirst(ops.expandDims(call.steps, -1)),
                backwards: attrs.goBackwards,
              },
            ]
          : []),
        ...keys,
      ],
      results: attrs.returnSequences ? [{ value: output?.next ?? next[0], backwards: false }] : [],
    });
    const states = made.slice(0, this.stateCount);
    const last = output ? made[this.stateCount] : states[0];
    return [attrs.returnSequences ? stepsFirst(made.at(-1)!) : last, ...states];
  }

  /**
   * The output as a state of the loop, where it is not the first state: before the first step that counts it is zero, and so it is at masked
   * steps with `zeroOutputForMask`.
   */
  #maskedOutput(counts: Sym, state: Sym, { states, projections }: RNNCall) {
    const { units, zeroOutputForMask = false } = this.options;
    if (!states && !zeroOutputForMask) return undefined;
    const before = state.trace.input('float32', state.shape, `the output of ${this.name}`);
    const next = ops.where(counts, state, zeroOutputForMask ? 0 : before);
    return { before, first: zeros(projections, units), next };
  }

  override getConfig(): Record<string, unknown> {
    const { units, activation = 'tanh', useBias = true, dropout = 0, recurrentDropout = 0 } = this.options;
    const { returnSequences = false, returnState = false, goBackwards = false } = this.options;
    const { zeroOutputForMask = false } = this.options;
    return {
      ...super.getConfig(),
      ...{
        units,
        activation: activationConfig(activation),
        useBias,
        dropout,
        recurrentDropout,
        returnSequences,
        returnState,
        goBackwards,
        zeroOutputForMask,
      },
      ...weightConfig(this.options, 'kernel'),
      ...weightConfig(this.options, 'recurrent', 'orthogonal'),
      ...weightConfig(this.options, 'bias', 'zeros'),
    };
  }
}

const slice = (sequence: Sym, place: number) =>
  ops.stridedSlice(sequence, [0, place, 0], [Infinity, place + 1, Infinity]);

/** 1 / (1 - rate) where a number of that shape stays, 0 elsewhere; undefined where all stay. */
function mask(like: Sym, rate: number, { key }: CallContext): Sym | undefined {
  if (rate === 0) return undefined;
  const ones = apply<number | Sym>('broadcastLike', [1, like]);
  return ops.dropout(ones, { rate, key, salt: like.trace.nextSalt() });
}

/** [n, steps, …] to [steps, n, …], and back. */
const stepsFirst = (sequence: Sym): Sym => ops.transpose(sequence, [1, 0, 2]);

/** Zeros [n, units] for a sequence [n, steps, …]. */
const zeros = (sequence: Sym, units: number): Sym =>
  apply<number | Sym>('broadcastLike', [0, gateOf(ops.sum(sequence, { axis: 1 }), 0, units)]);

/**
 * What a step of a loop over a sequence [n, steps, …] gives, whose random ops draw other numbers each time.
 *
 * @returns That, and the keys of the steps as a sequence of the loop, if there are such ops.
 */
function withStepKeys(sequence: Sym, step: () => readonly Sym[]) {
  const { trace } = sequence;
  const { key } = trace;
  const place = trace.input('int32', [2], 'the key of a step');
  let next;
  try {
    trace.key = place;
    next = step();
  } finally {
    trace.key = key;
  }
  if (!dependsOn(next, place)) return { next, keys: [] };
  const column = gateOf(ops.sum(sequence, { axis: 0 }), 0, 1);
  const drawn = ops.randomUniform(ops.concatenate([column, column], { axis: -1 }), { maxval: 2 ** 24 });
  return { next, keys: [{ place, whole: ops.cast(drawn, 'int32'), backwards: false }] };
}

function dependsOn(values: readonly Sym[], on: Sym): boolean {
  const met = new Set(values);
  for (const value of met) for (const input of value.inputs) met.add(input);
  return met.has(on);
}

/** Columns gate · units … of x. @internal */
export const gateOf = (x: Sym | Variable, gate: number, units: number): Sym =>
  ops.stridedSlice<Sym | Variable>(x, [0, gate * units], [Infinity, (gate + 1) * units]);
