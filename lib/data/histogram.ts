import { extentOf, itemAt } from '../base/list.js';

/** A bar of a histogram: the numbers from `low` up to, not including, `high`; the last one includes it. @internal */
export interface Bar {
  readonly low: number;
  readonly high: number;
  readonly count: number;
}

/** The finite numbers in bars of the same width, and how many others there are. @internal */
export function histogram(
  data: ArrayLike<number>,
  bins: number,
): { readonly bars: readonly Bar[]; readonly left: number } {
  let [low, high] = extentOf(data);
  if (low > high) return { bars: [], left: data.length };
  // Equal numbers have a bar of width 1 around them, as numpy's.
  if (low === high) [low, high] = [low - 0.5, high + 0.5];
  const width = (high - low) / bins;
  const counts = new Array<number>(bins).fill(0);
  let left = 0;
  for (let n = 0; n < data.length; n++) {
    const value = itemAt(data, n);
    if (Number.isFinite(value)) counts[Math.min(Math.floor((value - low) / width), bins - 1)]! += 1;
    else left++;
  }
  const bars = counts.map((number, n) => ({
    low: low + n * width,
    high: low + (n + 1) * width,
    count: number,
  }));
  return { bars, left };
}
