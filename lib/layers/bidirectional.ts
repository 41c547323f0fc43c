import { type OptionNames, expected, oneOf } from '../base/checks.js';
import { defaultsOf, withDefaults } from '../base/defaults.js';
import { atLeast, firstOf } from '../base/list.js';
import type { ObjectConfig } from '../base/registry.js';
import type { Shape } from '../engine/engine.js';
import type { NDArray } from '../core/ndarray.js';
import type { Sym } from '../core/sym.js';
import type { Tensor, TensorData } from '../core/tensor.js';
import * as ops from '../ops/index.js';
import { BaseRNN } from './baseRNN.js';
import { type CallContext, Layer, type LayerOptions } from './layer.js';
import { layerRegistry } from './layerRegistry.js';
import { sequenceMask } from './masks.js';
import { MultiInputLayer } from './multiInputLayer.js';
import { statesOf } from './stackedRNNCells.js';
import { reversed } from './steps.js';
import { layerFrom, layerLike } from './wrapper.js';

const MERGES = {
  sum: (a: Sym, b: Sym) => ops.add(a, b),
  mul: (a: Sym, b: Sym) => ops.multiply(a, b),
  ave: (a: Sym, b: Sym) => ops.divide(ops.add(a, b), 2),
  concat: (a: Sym, b: Sym) => ops.concatenate([a, b], { axis: -1 }),
};

/** What `layers.bidirectional` takes. */
export interface BidirectionalOptions extends LayerOptions {
  /** A recurrent layer, or its configuration: a copy of it goes forwards, with separate weights. */
  layer: BaseRNN | ObjectConfig;
  /** What becomes of both outputs: `concat` (along the last axis), `sum`, `mul`, `ave`, or null for two outputs. Default `concat`. */
  mergeMode?: 'concat' | 'sum' | 'mul' | 'ave' | null;
  /** What the weights begin as, those of the forward layer first. Default: what the layer's initializers draw. */
  weights?: readonly (NDArray | Tensor | TensorData)[];
  /** The layer that goes backwards (`goBackwards` is set), or its configuration. Default: another copy of `layer`, the other way round. */
  backwardLayer?: BaseRNN | ObjectConfig;
}

const DEFAULTS = defaultsOf<BidirectionalOptions>()({ mergeMode: 'concat' });

/** Goes through sequences both ways: made by `layers.bidirectional`, which says more. */
export class Bidirectional extends MultiInputLayer {
  static override readonly optionNames = {
    ...Layer.optionNames,
    layer: 'required',
    mergeMode: 'optional',
    weights: 'optional',
    backwardLayer: 'optional',
  } satisfies OptionNames<BidirectionalOptions>;
  readonly className = 'Bidirectional';
  /** The layer that goes forwards. */
  readonly forwardLayer: BaseRNN;
  /** The layer that goes backwards. */
  readonly backwardLayer: BaseRNN;
  /** What becomes of both outputs. */
  readonly mergeMode: 'concat' | 'sum' | 'mul' | 'ave' | null;
  readonly #weights: BidirectionalOptions['weights'];

  constructor(given: BidirectionalOptions) {
    super(given);
    const options = withDefaults(given, DEFAULTS);
    const { mergeMode, weights } = options;
    if (mergeMode !== null)
      oneOf('bidirectional', 'mergeMode', mergeMode, Object.keys(MERGES) as (keyof typeof MERGES)[]);
    const layer = recurrentFrom(options.layer);
    const copy = (way: string, changes: object = {}) => {
      const name = layer.name.startsWith(`${way}_`) ? layer.name : `${way}_${layer.name}`;
      return recurrentFrom(layerLike(layer, { name, ...changes }));
    };
    this.mergeMode = mergeMode;
    this.forwardLayer = copy('forward');
    this.backwardLayer =
      options.backwardLayer === undefined
        ? copy('backward', { goBackwards: true })
        : recurrentFrom(options.backwardLayer);
    this.#check();
    // Where the ways meet, what one says of a masked step must not be the last output of the other.
    for (const one of this.#both) one.zeroOutputForMask = one.returnSequences;
    this.#weights = weights;
  }

  get #both(): readonly [BaseRNN, BaseRNN] {
    return [this.forwardLayer, this.backwardLayer];
  }

  #check(): void {
    const [forwards, backwards] = this.#both;
    if (forwards.goBackwards === backwards.goBackwards) {
      const wanted = `a backwardLayer with goBackwards ${String(!forwards.goBackwards)}`;
      throw expected('bidirectional', wanted, backwards.goBackwards);
    }
    for (const name of ['stateful', 'returnSequences', 'returnState'] as const)
      if (forwards[name] !== backwards[name])
        throw expected(
          'bidirectional',
          `a backwardLayer with ${name} ${String(forwards[name])}, as that of layer`,
          backwards[name],
        );
  }

  /** Whether a batch starts with the states that the one before it ended with. */
  get stateful(): boolean {
    return this.forwardLayer.stateful;
  }

  /** Makes the states zeros, where the layers are `stateful`: what follows is a new sequence. */
  resetState(): void {
    for (const one of this.#both) one.resetState();
  }

  /** Another name of {@link resetState}. */
  resetStates(): void {
    this.resetState();
  }

  override build([shape, ...states]: readonly [Shape, ...Shape[]]): void {
    this.#both.forEach((one, i) => {
      one.build([shape, ...half(states, i)]);
    });
    if (this.#weights) this.setWeights(this.#weights);
  }

  call([x, ...states]: readonly [Sym, ...Sym[]], context: CallContext): readonly Sym[] {
    const made = this.#both.map((one, i) => one.applyAll([x, ...half(states, i)], context));
    const [forwards, backwards] = atLeast(
      made.map((outputs) => firstOf(outputs)),
      2,
    );
    const turned = this.forwardLayer.returnSequences ? reversed(backwards) : backwards;
    const merged = this.mergeMode === null ? [forwards, turned] : [MERGES[this.mergeMode](forwards, turned)];
    return [...merged, ...made.flatMap((outputs) => outputs.slice(1))];
  }

  /** Which steps count: states have no mask. @internal */
  protected override givenMask(mask: Sym, input: Sym, i: number): Sym {
    return sequenceMask(this.name, mask, input.shape, i);
  }

  /** That of the sequence, where every step comes out. */
  override computeMask(_inputs: readonly Sym[], [sequence]: readonly (Sym | undefined)[]) {
    const { returnSequences, returnState } = this.forwardLayer;
    const mask = returnSequences ? sequence : undefined;
    const states = returnState ? this.#both.flatMap(({ cell }) => statesOf(cell.stateSize)) : [];
    return [...(this.mergeMode === null ? [mask, mask] : [mask]), ...states.map(() => undefined)];
  }

  override getConfig(): Record<string, unknown> {
    const [layer, backwardLayer] = this.#both.map((one) => layerRegistry.config(one));
    return { ...super.getConfig(), layer, mergeMode: this.mergeMode, backwardLayer };
  }
}

const half = <T>(list: readonly T[], i: number): readonly T[] =>
  list.slice((i * list.length) / 2, ((i + 1) * list.length) / 2);

const isRecurrent = (layer: Layer): layer is BaseRNN => layer instanceof BaseRNN;

function recurrentFrom(given: unknown): BaseRNN {
  const layer = layerFrom('bidirectional', given);
  if (isRecurrent(layer)) return layer;
  throw expected(
    'bidirectional',
    'a recurrent layer, such as layers.lstm(…) or layers.rnn({ cell, … })',
    layer,
  );
}

/**
 * Goes through a sequence [n, steps, …] from both ends, with a recurrent layer each, and merges both outputs. Called with a list it takes
 * the first states after the input, those of the forward layer first; with `returnState` the last states follow the output in the same
 * order. Outputs of all steps are in the order of the input. Schuster and Paliwal, 1997.
 * https://keras.io/api/layers/recurrent_layers/bidirectional/
 *
 * Weights: those of the forward layer, then those of the backward layer.
 *
 * @throws EngineError `ARGUMENT` for what is no recurrent layer, another merge mode, and a backward layer that does not go the other way or
 *   gives other outputs.
 * @example layers.bidirectional({ layer: layers.lstm({ units: 8, returnSequences: true }) });
 */
export const bidirectional = (options: BidirectionalOptions) => new Bidirectional(options);
