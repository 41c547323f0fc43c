import { warnOnce } from '../base/warn.js';
import { listOf } from '../base/list.js';
import type { Sym } from '../core/sym.js';
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
