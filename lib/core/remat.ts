import type { Sym } from './sym.js';
import type { Trace } from './trace.js';

/** The modes of `rematScope`, as in Keras. */
export const REMAT_MODES = ['full', 'activations', 'largerThan', 'listOfLayers'] as const;

/** Which layers compute anew. */
export type RematMode = (typeof REMAT_MODES)[number];

/** What a scope says of the layers that are made in it. @internal */
export interface Remat {
  readonly mode: RematMode;
  readonly outputSizeThreshold: number;
  readonly layerNames: readonly string[];
}

let current: Remat | undefined;

/** What the innermost scope says. @internal */
export const currentRemat = (): Remat | undefined => current;

/** Calls a function as within a scope. @internal */
export function withRemat<R>(remat: Remat | undefined, run: () => R): R {
  const before = current;
  current = remat;
  try {
    return run();
  } finally {
    current = before;
  }
}

let isWithin = false;

/** {@link rematerialized}, but for what is within such a function already: that would be computed twice again. @internal */
export function rematerializedOnce(trace: Trace, body: () => readonly Sym[]): readonly Sym[] {
  if (isWithin) return body();
  isWithin = true;
  try {
    return rematerialized(trace, body);
  } finally {
    isWithin = false;
  }
}

/**
 * Has the gradient of what a function gives compute anew what the function made for it, instead of keeping it (rematerialization,
 * https://arxiv.org/abs/1604.06174). Results that are not float32 stay as they are.
 *
 * @param isMeant Decides by the results. Default: always.
 * @internal
 */
export function rematerialized(
  trace: Trace,
  body: () => readonly Sym[],
  isMeant: (ys: readonly Sym[]) => boolean = () => true,
): Sym[] {
  const first = trace.constant(0);
  const ys = [...body()];
  const floats = ys.filter(({ dtype }) => dtype === 'float32');
  if (floats.length === 0 || !isMeant(ys)) return ys;
  const made = new Map(trace.remat(first, floats).map((y, i) => [floats[i], y]));
  return ys.map((y) => {
    const again = made.get(y);
    if (again) again.mask = y.mask;
    return again ?? y;
  });
}
