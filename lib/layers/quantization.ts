import { type OptionNames, expected, finite, knownOptions, mismatch, oneOf } from '../base/checks.js';
import { itemAt } from '../base/list.js';
import { type Operand, apply } from '../core/apply.js';
import type { Attrs } from '../engine/engine.js';
import type { Sym } from '../core/sym.js';
import { type Variable, variable } from '../core/variable.js';
import { max, maximum, min, minimum, quantile, stopGradient } from '../ops/index.js';

/** The ways to quantise: to whole numbers of 8 bits. */
export type QuantizationMode = 'int8';

/** How a layer computes once it is quantised, as its option `quantizationConfig` has it. */
export interface QuantizationConfig {
  /** What it multiplies: `int8`, whole numbers of 8 bits. */
  readonly mode: QuantizationMode;
  /**
   * The least and the largest number of its input, by which these are rounded: what is beyond counts as the nearest of them. Default: for
   * each sample (of a dense layer: each row) the largest magnitude, in every run anew.
   */
  readonly inputRange?: readonly [number, number] | undefined;
}

const configNames = { mode: 'required', inputRange: 'optional' } satisfies OptionNames<QuantizationConfig>;

/** The name of {@link QuantizationConfig} among a layer's options. @internal */
export const quantizationNames = { quantizationConfig: 'optional' } as const;

/** What a layer takes that can be quantised. */
export interface QuantizationOptions {
  /** How it computes where it is quantised, as `quantize` of a model sets it. Default: it is not. */
  quantizationConfig?: QuantizationConfig | null;
}

const LARGEST = { signed: 127, unsigned: 255 };

/** A way to quantise. @throws EngineError `ARGUMENT` for another. @internal */
export const checkMode = (who: string, mode: unknown): QuantizationMode =>
  oneOf(who, 'mode', mode as QuantizationMode, ['int8']);

/** The range of what has entered a layer so far. */
interface Seen {
  readonly low: Variable;
  readonly high: Variable;
  /** How much of a batch's numbers is in the range. */
  readonly percentile: number;
}

/**
 * What a layer does to its input and its kernel: nothing, or rounds both to 8 bits, where the engine multiplies these. A kernel has a scale
 * for each output channel, around 0.
 *
 * @internal
 */
export class Quantizer {
  readonly #who: string;
  readonly #changed: () => void;
  #config: QuantizationConfig | undefined;
  #seen: Seen | undefined;

  /** @param changed Told that the layer's calls do something else from now on. */
  constructor(who: string, given: QuantizationConfig | null | undefined, changed: () => void) {
    this.#who = who;
    this.#changed = changed;
    this.#config = given == null ? undefined : checkedConfig(who, given);
  }

  get config(): QuantizationConfig | undefined {
    return this.#config;
  }

  set config(given: QuantizationConfig | undefined) {
    this.#config = given && checkedConfig(this.#who, given);
    this.#changed();
  }

  /** Notes the range of what enters from now on. @param percentile How much of a batch it holds, 100 for all. */
  observe(percentile: number): void {
    const edge = (value: number) => variable(Float32Array.of(value), { trainable: false });
    this.#seen = { low: edge(Infinity), high: edge(-Infinity), percentile };
    this.#changed();
  }

  /** The range since {@link observe}. @param name The layer's. @throws EngineError `ARGUMENT` where numbers were not finite, or none came. */
  async observed(name: string): Promise<[number, number]> {
    const { low, high } = this.#seen!;
    const [least, most] = await Promise.all([low, high].map(async (edge) => itemAt(await edge.data(), 0)));
    if (Number.isFinite(least) && Number.isFinite(most)) return [least!, most!];
    const what = least === Infinity && most === -Infinity ? 'none' : `some from ${least} to ${most}`;
    throw mismatch(name, 'finite numbers as its input in the calibration', what);
  }

  /** Ends what {@link observe} began. */
  forget(): void {
    if (!this.#seen) return;
    this.#seen.low.dispose();
    this.#seen.high.dispose();
    this.#seen = undefined;
    this.#changed();
  }

  /** What the layer computes with instead of its input, of which the samples or rows are along the first axis. */
  input<T extends Operand>(x: T): T {
    if (this.#seen) note(x as Sym, this.#seen);
    if (!this.#config) return x;
    const { inputRange } = this.#config;
    return inputRange
      ? rounded('fakeQuantize', x, scaleOf(inputRange))
      : rounded('fakeQuantizeAlong', x, { axis: 0 });
  }

  /** What it computes with instead of its kernel, of which the last axis is that of output channels. */
  kernel<T extends Operand>(kernel: T): T {
    return this.#config ? rounded('fakeQuantizeAlong', kernel, { axis: -1 }) : kernel;
  }
}

/** Its entry in a layer's configuration. @internal */
export const quantizationConfig = ({ config }: Quantizer) => config && { quantizationConfig: config };

/** A value instead of another, for the same use. */
const rounded = <T extends Operand>(op: string, x: T, attrs: Attrs): T =>
  apply(op, [x], attrs) as unknown as T;

/** Bytes without sign hold twice as many steps of what is never negative, as after a ReLU. */
function scaleOf([low, high]: readonly [number, number]): { scale: number; signed: boolean } {
  const signed = low < 0;
  const scale = signed ? Math.max(-low, high) / LARGEST.signed : high / LARGEST.unsigned;
  return { scale: scale || 1, signed };
}

function note(x: Sym, { low, high, percentile }: Seen): void {
  const share = percentile / 100;
  const least = percentile === 100 ? min(x) : quantile(x, 1 - share);
  const most = percentile === 100 ? max(x) : quantile(x, share);
  const known = (edge: Variable) => x.trace.lift(edge);
  low.assign(minimum(known(low), stopGradient(least)));
  high.assign(maximum(known(high), stopGradient(most)));
}

function checkedConfig(who: string, given: QuantizationConfig): QuantizationConfig {
  knownOptions(who, given, configNames);
  const mode = checkMode(who, given.mode);
  const { inputRange } = given;
  if (inputRange === undefined || inputRange === null) return { mode };
  if (!Array.isArray(inputRange) || inputRange.length !== 2)
    throw expected(who, 'an inputRange of two numbers, the least and the largest', inputRange);
  const [low, high] = inputRange as readonly [number, number];
  finite(who, 'inputRange', low);
  finite(who, 'inputRange', high);
  if (low > high) throw expected(who, 'an inputRange whose first number is not above the second', inputRange);
  return { mode, inputRange: [low, high] };
}
