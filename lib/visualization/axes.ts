import { extentOf } from '../base/list.js';

/** How numbers become heights. @internal */
export const SCALES = ['linear', 'log'] as const;

/** Numbers in few letters: 0.05, 1e-7. */
const shortNumber = (value: number): string => {
  const size = Math.abs(value);
  const rounded = Number(value.toPrecision(4));
  return size !== 0 && (size < 1e-4 || size >= 1e6) ? rounded.toExponential() : String(rounded);
};

/** What `Plot.plot` takes for the vertical axis of these numbers; those that are not finite are gaps. @internal */
export function verticalAxis(
  label: string | null,
  scale: (typeof SCALES)[number],
  numbers: readonly number[],
): object {
  const axis = { label, grid: true, type: scale, nice: true };
  const [low, high] = extentOf(numbers);
  if (low > high) return axis; // no number at all
  // Of a number that stays the same the package would write as many digits as it can tell apart.
  if (low === high) return { ...axis, ticks: [low], tickFormat: shortNumber };
  // Of a logarithmic axis the package chooses the lines that have a number, but would write 100m for 0.1.
  return scale === 'log' ? { ...axis, tickFormat: shortNumber } : axis;
}

/** What `Plot.plot` takes for the horizontal axis of these numbers. @internal */
export function horizontalAxis(label: string, numbers: readonly number[]): object {
  // Steps and epochs: there is nothing between them to be named.
  if (numbers.every(Number.isInteger))
    return { label, tickFormat: (n: number) => (Number.isInteger(n) ? n.toLocaleString('en-US') : '') };
  const [low, high] = extentOf(numbers);
  // The package would write all zeros of 0.0000001.
  return Math.max(Math.abs(low), Math.abs(high)) < 1e-3 ? { label, tickFormat: shortNumber } : { label };
}
