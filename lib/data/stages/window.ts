import { type Elements, type Stage, without } from './stage.js';

/** How {@link windows} cuts. */
export interface WindowSpec {
  /** How many elements a window has. */
  readonly size: number;
  /** How many elements after the start of one window the next one starts. */
  readonly shift: number;
  /** How many elements of the source one element of a window is after the one before. */
  readonly stride: number;
  /** Whether windows of fewer elements, at the end, are left out. */
  readonly dropRemainder: boolean;
}

/** Windows over the elements, as lists. */
export function windows<T>(source: Stage<T>, { size, shift, stride, dropRemainder }: WindowSpec): Stage<T[]> {
  const span = (size - 1) * stride + 1;
  const cut = (held: readonly T[]) => held.slice(0, span).filter((_, i) => i % stride === 0);
  async function* all(pass: number): Elements<T[]> {
    let held: T[] = [];
    let leave = 0;
    for await (const element of source.open(pass, 0)) {
      if (leave > 0) leave--;
      else held.push(element);
      if (held.length < span) continue;
      yield cut(held);
      leave = Math.max(0, shift - held.length);
      held = held.slice(shift);
    }
    if (dropRemainder) return;
    for (; held.length > 0; held = held.slice(shift)) yield cut(held);
  }
  return {
    sources: [source],
    size: () => {
      const count = source.size();
      if (count === undefined) return undefined;
      return dropRemainder ? Math.max(0, Math.floor((count - span) / shift) + 1) : Math.ceil(count / shift);
    },
    open: (pass, from) => without(all(pass), from),
  };
}
