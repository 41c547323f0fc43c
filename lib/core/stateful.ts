/** Something whose state decides what a traced function does, such as a layer, of which weights may be frozen. @internal */
export interface Stateful {
  /** Equal strings mean equal traces. */
  readonly state: string;
}

let changes = 0;

/** Says that the state of something has changed. @internal */
export function stateChanged(): void {
  changes++;
}

/** Counts such changes: while the number is the same, no state need be read again. @internal */
export const stateChanges = (): number => changes;
