import { expected, notOneOf } from '../base/checks.js';
import { itemAt } from '../base/list.js';

// Sums of cosines: Σ (−1)ᵏ aₖ cos(2πk t), t from 0 to 1. The numbers are SciPy's (scipy.signal.windows).
const COSINES: Readonly<Record<string, readonly number[]>> = {
  boxcar: [1],
  hann: [0.5, 0.5],
  hamming: [0.54, 0.46],
  blackman: [0.42, 0.5, 0.08],
  nuttall: [0.3635819, 0.4891775, 0.1365995, 0.0106411],
  blackmanharris: [0.35875, 0.48829, 0.14128, 0.01168],
  flattop: [0.21557895, 0.41663158, 0.277263158, 0.083578947, 0.006947368],
};

// Others, of place i of n.
const SHAPES: Readonly<Record<string, (i: number, n: number) => number>> = {
  bartlett: (i, n) => 1 - Math.abs((2 * i) / (n - 1) - 1),
  triang: (i, n) => {
    const from = Math.min(i, n - 1 - i) + 1;
    return n % 2 ? (2 * from) / (n + 1) : (2 * from - 1) / n;
  },
  cosine: (i, n) => Math.sin((Math.PI * (i + 0.5)) / n),
};

/** A name that a window has in SciPy. */
export type WindowName =
  | 'boxcar'
  | 'hann'
  | 'hamming'
  | 'blackman'
  | 'nuttall'
  | 'blackmanharris'
  | 'flattop'
  | 'bartlett'
  | 'triang'
  | 'cosine';

/** What a stretch of a signal is multiplied by: a name, its numbers, or null for ones. */
export type Window = WindowName | readonly number[] | Float32Array | null;

/** @throws EngineError `ARGUMENT` for what is no window. @internal */
export function checkWindow(who: string, window: unknown): Window {
  if (window === null || window instanceof Float32Array) return window;
  if (Array.isArray(window) && window.every((w) => typeof w === 'number')) return window;
  const names = [...Object.keys(COSINES), ...Object.keys(SHAPES)];
  if (typeof window !== 'string') throw expected(who, 'a name of a window, its numbers or null', window);
  if (!names.includes(window)) throw notOneOf(who, `one of ${names.join(', ')} as window`, window);
  return window as WindowName;
}

/** The numbers of a window. periodic: of a named one, that of one place more without its last. @internal */
export function windowNumbers(
  who: string,
  window: Window,
  length: number,
  periodic: boolean,
): readonly number[] {
  if (window === null) return Array<number>(length).fill(1);
  if (typeof window !== 'string') {
    if (window.length !== length) throw expected(who, `${length} numbers as window`, window);
    return Array.from(window);
  }
  if (length === 1) return [1];
  const places = periodic ? length + 1 : length;
  const cosines = COSINES[window];
  return Array.from({ length }, (_, i) => {
    if (!cosines) return itemAt([SHAPES[window]], 0)?.(i, places) ?? 0;
    return cosines.reduce(
      (sum, a, k) => sum + (k % 2 ? -a : a) * Math.cos((2 * Math.PI * k * i) / (places - 1)),
      0,
    );
  });
}
