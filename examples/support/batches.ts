import { NDArray } from 'nodegrad';
import { permutation, random } from './random.js';

/** Cuts bytes and their labels into batches without end, in a new order at each pass; a pass drops what does not fill a batch. */
export function* batches(x: NDArray, y: NDArray, size: number, seed: number): Generator<[NDArray, NDArray]> {
  const next = random(seed);
  const row = x.data.length / x.length;
  for (;;) {
    const order = permutation(x.length, next);
    for (let from = 0; from + size <= order.length; from += size) {
      const data = new Uint8Array(size * row);
      const labels = new Uint8Array(size);
      order.subarray(from, from + size).forEach((source, i) => {
        data.set(x.data.subarray(source * row, (source + 1) * row), i * row);
        labels[i] = y.data[source]!;
      });
      yield [new NDArray(data, [size, ...x.shape.slice(1)]), new NDArray(labels, [size])];
    }
  }
}
