import {
  type OptionNames,
  expected,
  fraction,
  integer,
  oneOfAnyCase,
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
import { atLeast, firstOf, itemAt } from '../base/list.js';
import type { Shape } from '../engine/engine.js';
import * as ops from '../ops/index.js';
import { type Sides, dataFormatOf, sidesOf } from '../ops/window.js';
import type { Sym } from '../core/sym.js';
import { Trace } from '../core/trace.js';
import type { Variable } from '../core/variable.js';
import { checkSides } from './check.js';
import { ForgetBias } from './forgetBias.js';
import { type CallContext, Layer } from './layer.js';
import { MultiInputLayer } from './multiInputLayer.js';
import { type RNNCell, type StepContext, dropoutMask } from './rnnCell.js';
import { type SpatialOptions, checkSpatial, spatialDefaults } from './spatial.js';
import { canJoinSteps, joinSteps, splitSteps, zerosOf } from './steps.js';
import {
  type BiasOptions,
  type KernelOptions,
  type RecurrentOptions,
  weightConfig,
  weightNames,
  weightOptions,
} from './weightOptions.js';

/** What the layers of a {@link ConvLSTMCell} take for it. */
export interface ConvLSTMCellOptions<S extends Sides = Sides>
  extends SpatialOptions, KernelOptions, RecurrentOptions, BiasOptions {
  /** How many channels the states have, and the output. */
  filters: number;
  /** The size of both kernels along the spatial axes, or one number for all. */
  kernelSize: S;
  /** The steps of the input's kernel along the spatial axes, or one number for all. Default 1. */
  strides?: S;
  /** Of the input's convolution; that of the states is always `same`. `valid` or `same`, default `valid`. */
  padding?: 'valid' | 'same';
  /** The distance of the taps of the input's kernel; not with strides above 1. Default 1. */
  dilationRate?: S;
  /** The activation of the state: a name or a function. Default `tanh`. */
  activation?: ActivationLike;
  /** The activation of the gates: a name or a function. Default `sigmoid`. */
  recurrentActivation?: ActivationLike;
  /** Whether a bias is added. Default true. */
  useBias?: boolean;
  /** Whether to start with 1 as bias of the forget gate. Default true. */
  unitForgetBias?: boolean;
  /** The share of the input's numbers that each gate does not see while training, the same at every step. Default 0. */
  dropout?: number;
  /** The share of the state's numbers that each gate does not see while training, the same at every step. Default 0. */
  recurrentDropout?: number;
  /** An integer that decides what is dropped, whatever the seed of the training. Default none. */
  seed?: number | null;
}

const DEFAULTS = {
  ...spatialDefaults,
  ...defaultsOf<ConvLSTMCellOptions>()({
    strides: 1,
    padding: 'valid',
    dilationRate: 1,
    activation: 'tanh',
    recurrentActivation: 'sigmoid',
    useBias: true,
    unitForgetBias: true,
    dropout: 0,
    recurrentDropout: 0,
  }),
};

const GATES = 4;

/** A step of long short-term memory whose products are convolutions, as Keras's ConvLSTMCell. */
export class ConvLSTMCell extends MultiInputLayer implements RNNCell {
  static override readonly optionNames = {
    ...Layer.optionNames,
    filters: 'required',
    kernelSize: 'required',
    strides: 'optional',
    padding: 'optional',
    dataFormat: 'optional',
    dilationRate: 'optional',
    activation: 'optional',
    recurrentActivation: 'optional',
    useBias: 'boolean',
    unitForgetBias: 'boolean',
    dropout: 'optional',
    recurrentDropout: 'optional',
    seed: 'optional',
    ...weightNames('kernel'),
    ...weightNames('recurrent'),
    ...weightNames('bias'),
  } satisfies OptionNames<ConvLSTMCellOptions>;
  readonly className = 'ConvLSTMCell';
  /** Whether an op computes all steps at once. @internal */
  readonly isFused = false;
  /** The options as given, and the defaults of the others. */
  readonly options: ConvLSTMCellOptions & typeof DEFAULTS;
  readonly #activation: ActivationFunction;
  readonly #gate: ActivationFunction;
  #kernel!: Variable;
  #recurrentKernel!: Variable;
  #bias: Variable | undefined;
  #stateShape!: readonly number[];

  /** @param who In messages: the function that makes the layer of the cell. */
  constructor(
    /** How many spatial axes images have: 1 to 3. */
    readonly spatial: number,
    options: ConvLSTMCellOptions,
    who: string,
  ) {
    super(options);
    const given = withDefaults(options, DEFAULTS);
    const { filters, kernelSize, strides, dilationRate } = given;
    const { activation, recurrentActivation, dropout, recurrentDropout, seed } = given;
    integer(who, 'filters', filters);
    checkSides(who, 'kernelSize', kernelSize, spatial);
    checkSides(who, 'strides', strides, spatial);
    checkSides(who, 'dilationRate', dilationRate, spatial);
    if (Math.max(...sidesOf(strides, spatial)) > 1 && Math.max(...sidesOf(dilationRate, spatial)) > 1)
      throw expected(who, 'strides of 1 with a dilationRate above 1', strides);
    this.options = {
      ...given,
      padding: oneOfAnyCase(who, 'padding', given.padding, ['valid', 'same']),
      dataFormat: dataFormatOf(who, given.dataFormat),
    };
    fraction(who, 'dropout', dropout);
    fraction(who, 'recurrentDropout', recurrentDropout);
    if (seed != null) seedOf(who, seed);
    this.#activation = activationOf(activation);
    this.#gate = activationOf(recurrentActivation);
  }

  /** The channels of h and c. */
  get stateSize(): readonly [h: number, c: number] {
    const { filters } = this.options;
    return [filters, filters];
  }

  /** The sizes of a state, without the batch; known when it is built. */
  get stateShape(): readonly number[] {
    return this.#stateShape;
  }

  /** Whether a call is what {@link project} and {@link step} say: a subclass may have written its own. @internal */
  get projects(): boolean {
    return (Object.getPrototypeOf(this) as Layer).call === ConvLSTMCell.prototype.call;
  }

  get #channels(): number {
    return this.options.dataFormat === 'channelsFirst' ? 1 : this.spatial + 1;
  }

  /** Zeros. */
  getInitialState(x: Sym): readonly Sym[] {
    const zeros = zerosOf(x, 1, this.#stateShape);
    return [zeros, zeros];
  }

  override build([step]: readonly [Shape, ...Shape[]]): void {
    const { filters, kernelSize, useBias, unitForgetBias } = this.options;
    const shape = shapeOf(this.name, step, 'unknown');
    checkSpatial(this.name, shape, this.spatial);
    const [, ...sizes] = shape;
    if (sizes.some((size) => size < 1))
      throw wrongShape(this.name, 'images whose sides and number of channels are known', shape);
    const sides = sidesOf(kernelSize, this.spatial);
    const kernel = (name: string, channels: number, weight: 'kernel' | 'recurrent') =>
      this.addWeight({
        ...{ name, shape: [...sides, channels, GATES * filters] },
        ...weightOptions(this.options, weight),
      });
    this.#kernel = kernel('kernel', itemAt(shape, this.#channels), 'kernel');
    this.#recurrentKernel = kernel('recurrentKernel', filters, 'recurrent');
    if (useBias) {
      const bias = weightOptions(this.options, 'bias');
      const initializer = unitForgetBias ? new ForgetBias(bias.initializer, filters) : bias.initializer;
      this.#bias = this.addWeight({ ...bias, name: 'bias', shape: [GATES * filters], initializer });
    }
    const trial = new Trace();
    const [, ...made] = trial.within(() =>
      this.#convolve(trial.input('float32', shape, 'a step'), this.#kernel),
    ).shape;
    this.#stateShape = made.with(this.#channels - 1, filters);
  }

  call([x, ...states]: readonly [Sym, ...Sym[]], context: CallContext): readonly Sym[] {
    const projection = this.project(x, context);
    const next = this.step(projection, states, { mask: this.stateMask(projection, context) });
    return [firstOf(next), ...next];
  }

  /** The input's convolution + bias, with dropout: of a step [n, …] or of a sequence [n, steps, …]. @internal */
  project(x: Sym, context: CallContext): Sym {
    const isSequence = x.rank === this.spatial + 3;
    const { dataFormat, dropout } = this.options;
    const convolved = (seen: Sym, kernel: Sym | Variable) =>
      this.#convolve(isSequence ? this.#joined(seen) : seen, kernel);
    const dropped = (): Sym => {
      const mask = this.#dropped(x, dropout, context)!;
      return ops.multiply(x, isSequence ? ops.expandDims(mask, 1) : mask);
    };
    const y =
      context.training && dropout > 0
        ? this.#joinGates(this.#gatesOf(this.#kernel, -1).map((kernel) => convolved(dropped(), kernel)))
        : convolved(x, this.#kernel);
    const biased = this.#bias ? ops.biasAdd(y, this.#bias, { dataFormat }) : y;
    return isSequence ? splitSteps(biased, x) : biased;
  }

  #joined(sequence: Sym): Sym {
    if (canJoinSteps(sequence)) return joinSteps(sequence);
    throw wrongShape(this.name, 'a sequence of images whose sides are known', sequence.shape);
  }

  #convolve(x: Sym, kernel: Sym | Variable): Sym {
    const { strides, padding, dilationRate, dataFormat } = this.options;
    return ops.conv<Sym, Sym | Variable>(x, kernel, { strides, padding, dilationRate, dataFormat });
  }

  /** What each gate sees the state times of, for projections of a step or a sequence. @internal */
  stateMask(projections: Sym, context: CallContext): Sym | undefined {
    return this.#dropped(projections, this.options.recurrentDropout, context);
  }

  /** Factors of a step, of which a share is 0 while training; undefined: all are 1. */
  #dropped(x: Sym, rate: number, context: CallContext): Sym | undefined {
    // Read for its shape alone.
    const step = x.rank === this.spatial + 3 ? ops.sum(x, { axis: 1 }) : x;
    return dropoutMask(step, rate, context, this.options.seed);
  }

  /** @internal */
  step(x: Sym, states: readonly Sym[], { mask }: StepContext): readonly Sym[] {
    const [h, c] = atLeast(states, 2);
    const { dataFormat } = this.options;
    const convolve = (state: Sym, kernel: Sym | Variable): Sym =>
      ops.conv<Sym, Sym | Variable>(state, kernel, { padding: 'same', dataFormat });
    const kernels = mask && this.#gatesOf(this.#recurrentKernel, -1);
    const product = kernels
      ? this.#joinGates(
          this.#gatesOf(mask, this.#channels).map((seen, i) =>
            convolve(ops.multiply(h, seen), itemAt(kernels, i)),
          ),
        )
      : convolve(h, this.#recurrentKernel);
    const [i, f, candidate, o] = atLeast(this.#gatesOf(ops.add(x, product), this.#channels), 4);
    const next = ops.add(
      ops.multiply(this.#gate(f), c),
      ops.multiply(this.#gate(i), this.#activation(candidate)),
    );
    return [ops.multiply(this.#gate(o), this.#activation(next)), next];
  }

  #gatesOf(x: Sym | Variable, axis: number): readonly Sym[] {
    return ops.split<Sym | Variable>(x, GATES, { axis });
  }

  #joinGates(parts: readonly Sym[]): Sym {
    return ops.concatenate(parts, { axis: this.#channels });
  }

  override getConfig(): Record<string, unknown> {
    const { filters, kernelSize, strides, padding, dilationRate, dataFormat } = this.options;
    const { useBias, unitForgetBias, dropout, recurrentDropout, seed } = this.options;
    return {
      ...super.getConfig(),
      ...{ filters, kernelSize, strides, padding, dataFormat, dilationRate, useBias, unitForgetBias },
      activation: activationConfig(this.options.activation),
      recurrentActivation: activationConfig(this.options.recurrentActivation),
      ...{ dropout, recurrentDropout },
      ...(seed != null && { seed }),
      ...weightConfig(this.options, 'kernel'),
      ...weightConfig(this.options, 'recurrent'),
      ...weightConfig(this.options, 'bias'),
    };
  }
}
