import { oneOrAll } from '../base/list.js';
import type { Shape } from '../engine/engine.js';

/** Inputs, or what belongs to them, as the methods of a layer take them: a list, or one alone. @internal */
export const taken = <T>({ takesLists }: { takesLists: boolean }, list: readonly T[]): T | readonly T[] =>
  takesLists ? list : oneOrAll(list);

/** One shape or several, as a list. @internal */
export const shapesOf = (given: Shape | readonly Shape[]): readonly Shape[] =>
  Array.isArray(given) && Array.isArray(given[0]) ? (given as readonly Shape[]) : [given as Shape];
