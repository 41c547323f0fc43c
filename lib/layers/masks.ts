import { expected, mismatch } from '../base/checks.js';
import { shapeText } from '../base/errors.js';
import { warnOnce } from '../base/warn.js';
import { listOf } from '../base/list.js';
import type { GivenMasks } from '../core/operation.js';
import type { Shape } from '../engine/engine.js';
import type { Sym } from '../core/sym.js';
import { asBool } from '../ops/asBool.js';
import { taken } from './inputLists.js';

/** The mask of a value, bool [n, steps], or undefined where all steps count; a list of these for several values. */
export type Masks = Sym | undefined | readonly (Sym | undefined)[];

/** What a layer says about masks. */
interface Masked {
  readonly name: string;
  readonly className: string;
  readonly supportsMasking: boolean;
  readonly takesLists: boolean;
  computeMask(inputs: Sym | readonly Sym[], previousMask: Masks): Masks;
}

/**
 * Gives the outputs of a layer their masks; those that the layer's call has given them stay, as in Keras.
 *
 * @param previous The masks of the inputs before the call.
 */
export function passMasks(
  layer: Masked,
  inputs: readonly Sym[],
  outputs: readonly Sym[],
  previous: readonly (Sym | undefined)[],
): void {
  if (outputs.every(({ mask }) => mask)) return;
  if (layer.supportsMasking) {
    const made = listOf(layer.computeMask(taken(layer, inputs), taken(layer, previous)));
    outputs.forEach((output, i) => (output.mask ??= made[i]));
  } else if (previous.some((mask) => mask)) {
    warnOnce(
      'NODEGRAD_MASK_LOST',
      `[${layer.name}] takes an input with a mask, which ${layer.className} does not support: what follows sees all steps`,
    );
  }
}

/**
 * What goes into a call that gives masks: the inputs and, after them, the masks.
 *
 * @param mask One, of the first input, or a list: one for each input, null where none is given.
 * @param isValue Whether something is a value of the inputs' kind.
 * @throws EngineError `ARGUMENT` for something else.
 */
export function withMasks<T>(
  who: string,
  inputs: readonly T[],
  mask: unknown,
  isValue: (item: unknown) => boolean,
): { all: readonly T[]; mask?: GivenMasks } {
  if (mask === undefined || mask === null) return { all: inputs };
  const list: readonly unknown[] = Array.isArray(mask) ? mask : [mask];
  const isMask = (item: unknown) => item === undefined || item === null || isValue(item);
  if (list.length > inputs.length || !list.every(isMask)) {
    const kind = `a mask for each of ${inputs.length} inputs, of their kind, or null`;
    throw expected(who, kind, mask);
  }
  const all = [...inputs];
  const indexes = inputs.map((_, i) => (list[i] == null ? null : all.push(list[i] as T) - 1));
  return { all, mask: indexes };
}

/**
 * What goes into a call, as {@link withMasks} lists it: the inputs, and the masks by their input.
 *
 * @throws EngineError `ARGUMENT` where the list is another.
 */
export function splitMasks<T>(
  who: string,
  all: readonly T[],
  mask: GivenMasks | undefined,
): { inputs: readonly T[]; masks: readonly (T | undefined)[] } {
  if (mask === undefined) return { inputs: all, masks: [] };
  const isIndex = (i: number | null) =>
    i === null || (Number.isInteger(i) && i >= mask.length && i < all.length);
  if (!Array.isArray(mask) || mask.length === 0 || mask.length > all.length || !mask.every(isIndex))
    throw expected(who, 'indexes of masks among the inputs of its call', mask);
  return {
    inputs: all.slice(0, mask.length),
    masks: (mask as GivenMasks).map((i) => (i === null ? undefined : all[i])),
  };
}

/**
 * A mask of the first axes of an input, as bool.
 *
 * @param rank How many axes it has; undefined: any number.
 * @throws EngineError `SHAPE` where it does not fit the input.
 */
export function checkedMask(who: string, given: Sym, input: Shape, rank?: number): Sym {
  const mask = given.shape;
  const fits = (n: number, axis: number) => n < 0 || (input[axis] ?? 0) < 0 || n === input[axis];
  const hasRank = rank === undefined ? mask.length > 0 && mask.length <= input.length : mask.length === rank;
  if (hasRank && mask.every(fits)) return asBool(given);
  const axes = rank === undefined ? 'the' : `the ${rank}`;
  throw mismatch(who, `a mask of ${axes} first axes of ${shapeText(input)}`, shapeText(mask), 'SHAPE');
}

/** The mask that a call gives a recurrent layer, bool [n, steps]: of input 0, the sequence; those after it are first states. */
export function sequenceMask(who: string, mask: Sym, sequence: Shape, i: number): Sym {
  if (i > 0) throw expected(who, 'a mask of the sequence alone', 'one of a first state');
  return checkedMask(who, mask, sequence, 2);
}
