import { itemAt, sizeOf } from '../base/list.js';

/**
 * Mean and variance of arrays, in float64, for each index along some axes; merged as by Chan, Golub and LeVeque, 1979,
 * http://i.stanford.edu/pub/cstr/reports/cs/tr/79/773/CS-TR-79-773.pdf
 *
 * @internal
 */
export class Moments {
  readonly mean: Float64Array;
  /** The sums of squared distances from the mean. */
  readonly #squares: Float64Array;
  /** How many numbers each mean is of. */
  count = 0;

  /** @param shape The sizes of the axes that have separate means. */
  constructor(readonly shape: readonly number[]) {
    this.mean = new Float64Array(sizeOf(shape));
    this.#squares = new Float64Array(sizeOf(shape));
  }

  /** The mean of the squared distances from the mean. */
  get variance(): Float64Array {
    return this.#squares.map((sum) => sum / this.count);
  }

  /** @param kept The axes with separate means, in order. */
  add(data: ArrayLike<number>, shape: readonly number[], kept: readonly number[]): void {
    const cells = this.mean.length;
    const more = sizeOf(shape) / Math.max(1, cells);
    if (more === 0) return;
    const mean = new Float64Array(cells);
    forEachNumber(data, shape, kept, (cell, n) => (mean[cell]! += n));
    mean.forEach((sum, cell) => (mean[cell] = sum / more));
    const squares = new Float64Array(cells);
    forEachNumber(data, shape, kept, (cell, n) => (squares[cell]! += (n - mean[cell]!) ** 2));
    const total = this.count + more;
    mean.forEach((own, cell) => {
      const apart = own - this.mean[cell]!;
      const between = (apart ** 2 * this.count * more) / total;
      this.mean[cell]! += (apart * more) / total;
      this.#squares[cell]! += squares[cell]! + between;
    });
    this.count = total;
  }
}

/** Calls a function for each number, with its index along the kept axes. */
function forEachNumber(
  data: ArrayLike<number>,
  shape: readonly number[],
  kept: readonly number[],
  each: (cell: number, n: number) => void,
): void {
  const strides = shape.map((_, axis) =>
    kept.includes(axis)
      ? sizeOf(kept.filter((other) => other > axis).map((other) => itemAt(shape, other)))
      : 0,
  );
  let place = 0;
  const walk = (axis: number, cell: number): void => {
    if (axis === shape.length) {
      each(cell, data[place++]!);
      return;
    }
    const [size, stride] = [itemAt(shape, axis), itemAt(strides, axis)];
    for (let i = 0; i < size; i++) walk(axis + 1, cell + i * stride);
  };
  walk(0, 0);
}
