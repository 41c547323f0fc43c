import { describe, expect, it } from 'vitest';
import { NDArray } from '../../lib/core/ndarray.js';

const array = new NDArray(
  Int32Array.from({ length: 12 }, (_, i) => i),
  [4, 3],
);

describe('NDArray', () => {
  it('takes its dtype from the memory', () => {
    expect(new NDArray(new Uint8Array(2), [2]).dtype).toBe('uint8');
    expect(array.dtype).toBe('int32');
    expect(new NDArray(new Float32Array(1), []).dtype).toBe('float32');
    expect(new NDArray(new Uint8Array(2), [2], 'bool').dtype).toBe('bool');
    expect(array.length).toBe(4);
    expect(new NDArray(new Float32Array(1), []).length).toBe(1);
  });

  it.each([
    [1, 3, [3, 4, 5, 6, 7, 8]],
    [2, undefined, [6, 7, 8, 9, 10, 11]],
    [-1, undefined, [9, 10, 11]],
    [-99, 1, [0, 1, 2]],
    [3, 99, [9, 10, 11]],
    [3, 1, []],
  ])('slices %s to %s as a view', (start, end, values) => {
    const part = array.slice(start, end);
    expect([...part.data]).toEqual(values);
    expect(part.shape).toEqual([values.length / 3, 3]);
    expect(part.data.buffer).toBe(array.data.buffer);
  });

  it('keeps a bool a bool, and its shape its own', () => {
    expect(new NDArray(new Uint8Array(2), [2], 'bool').slice(0, 1).dtype).toBe('bool');
    const shape = [4, 3];
    const kept = new NDArray(new Float32Array(12), shape);
    shape[0] = 5;
    expect(kept.shape).toEqual([4, 3]);
  });

  it('says what does not fit', () => {
    expect(() => new NDArray(new Uint8Array(5), [2, 3])).toThrow(
      'expected 6 numbers for shape [2, 3], received 5',
    );
    expect(() => new NDArray(new Uint8Array(6), [-2, -3])).toThrow(
      'non-negative integers as a shape, received [-2, -3]',
    );
    expect(() => new NDArray(new Float32Array(6), [6], 'int32')).toThrow(
      'the typed array of int32, received Float32Array',
    );
    expect(() => new NDArray([1, 2] as unknown as Uint8Array, [2])).toThrow('received [1, 2]');
    expect(() => new NDArray(new Float32Array(1), []).slice(0)).toThrow('received a scalar');
  });
});
