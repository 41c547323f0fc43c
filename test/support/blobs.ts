import { itemAt } from '../../lib/base/list.js';
import { NDArray } from '../../lib/core/ndarray.js';

/** Repeatable numbers in [0, 1) (mulberry32). */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Points of three classes around three centres of the plane, in a mixed order. */
export function blobs(
  count: number,
  seed = 1,
): { x: NDArray; y: NDArray; rows: number[][]; labels: number[] } {
  const next = random(seed);
  const centres = [
    [2, 0],
    [-1, 2],
    [-1, -2],
  ];
  const labels = Array.from({ length: count }, () => Math.floor(next() * 3));
  const rows = labels.map((label) => itemAt(centres, label).map((at) => at + next() + next() - 1));
  return {
    x: new NDArray(Float32Array.from(rows.flat()), [count, 2]),
    y: new NDArray(Uint8Array.from(labels), [count]),
    rows,
    labels,
  };
}
