import { describe, expect, test } from 'vitest';
import { NDArray } from '../lib/core/ndarray.js';
import { EngineError } from '../lib/base/errors.js';
import { add } from '../lib/ops/index.js';
import { arange, full, ones, tensor, zeros } from '../lib/core/tensor.js';
import { variable } from '../lib/core/variable.js';

describe('making tensors', () => {
  test('nested arrays give the shape and float32', async () => {
    const t = tensor([
      [1, 2, 3],
      [4, 5, 6.5],
    ]);
    expect(t.shape).toEqual([2, 3]);
    expect(t.dtype).toBe('float32');
    expect(t.rank).toBe(2);
    expect(t.size).toBe(6);
    expect(await t.data()).toEqual(new Float32Array([1, 2, 3, 4, 5, 6.5]));
    expect(t.toString()).toBe('Tensor(float32 [2, 3])');
  });

  test('booleans give bool, numbers among them float32', () => {
    expect(tensor([true, false]).dtype).toBe('bool');
    expect(tensor([true, false]).dataSync()).toEqual(new Uint8Array([1, 0]));
    expect(tensor([true, 3]).dtype).toBe('float32');
  });

  test.each([
    [new Float32Array([1, 2]), 'float32', new Float32Array([1, 2])],
    [new Float64Array([0.1, 2]), 'float32', new Float32Array([0.1, 2])],
    [new Int32Array([-1, 2]), 'int32', new Int32Array([-1, 2])],
    [new Int16Array([-1, 2]), 'int32', new Int32Array([-1, 2])],
    [new Int8Array([-1, 2]), 'int32', new Int32Array([-1, 2])],
    [new Uint16Array([65535, 2]), 'int32', new Int32Array([65535, 2])],
    [new Uint8Array([255, 2]), 'uint8', new Uint8Array([255, 2])],
    [new Uint8ClampedArray([255, 2]), 'uint8', new Uint8Array([255, 2])],
  ] as const)('%o becomes %s', (data, dtype, expected) => {
    const t = tensor(data);
    expect(t.dtype).toBe(dtype);
    expect(t.shape).toEqual([2]);
    expect(t.dataSync()).toEqual(expected);
  });

  test('a flat array takes the given shape, any data the given dtype', () => {
    expect(tensor(new Float32Array(6), [3, 2]).shape).toEqual([3, 2]);
    expect(tensor([1.9, -1.9, 3], undefined, 'int32').dataSync()).toEqual(new Int32Array([1, -1, 3]));
    expect(tensor([0, 0.5], [2], 'bool').dataSync()).toEqual(new Uint8Array([0, 1]));
  });

  test('an NDArray keeps its shape and dtype', () => {
    const t = tensor(new NDArray(new Uint8Array([1, 2, 3, 4]), [2, 2]));
    expect(t.shape).toEqual([2, 2]);
    expect(t.dtype).toBe('uint8');
  });

  test('the data is copied', async () => {
    const data = new Float32Array([1, 2]);
    const t = tensor(data);
    data[0] = 9;
    const first = await t.data();
    expect(first[0]).toBe(1);
    first[0] = 7;
    expect(t.dataSync()[0]).toBe(1);
  });

  test('NaN and infinities travel', () => {
    expect([...tensor([NaN, Infinity, -Infinity]).dataSync()]).toEqual([NaN, Infinity, -Infinity]);
  });

  test('scalars and empty tensors', async () => {
    expect(tensor(3).shape).toEqual([]);
    expect(await tensor(3).item()).toBe(3);
    expect(tensor(true).dtype).toBe('bool');
    expect(tensor([]).shape).toEqual([0]);
    expect(tensor([[], []]).dataSync()).toEqual(new Float32Array(0));
  });

  test('zeros, ones, full, arange', () => {
    expect(zeros([2]).dataSync()).toEqual(new Float32Array([0, 0]));
    expect(ones([2], 'int32').dataSync()).toEqual(new Int32Array([1, 1]));
    expect(full([2], 2.5).dataSync()).toEqual(new Float32Array([2.5, 2.5]));
    expect(full([1], 5, 'bool').dataSync()).toEqual(new Uint8Array([1]));
    expect(arange(0, 1, 0.25).dataSync()).toEqual(new Float32Array([0, 0.25, 0.5, 0.75]));
    expect(arange(3, 0, -1, 'int32').dataSync()).toEqual(new Int32Array([3, 2, 1]));
    expect(arange(3, 0).shape).toEqual([0]);
  });
});

describe('reading tensors', () => {
  test('array gives the nesting back', async () => {
    const rows = [
      [[1], [2]],
      [[3], [4]],
    ];
    expect(await tensor(rows).array()).toEqual(rows);
    expect(tensor(rows).arraySync()).toEqual(rows);
    expect(tensor(5).arraySync()).toBe(5);
  });

  test('slice takes the first axis, or the first axes of lists', () => {
    const t = tensor(arange(0, 12).dataSync(), [4, 3]);
    expect(t.slice(1, 3).arraySync()).toEqual([
      [3, 4, 5],
      [6, 7, 8],
    ]);
    expect(t.slice(-1).arraySync()).toEqual([[9, 10, 11]]);
    expect(t.slice([2, 0], [4, -1]).arraySync()).toEqual([
      [6, 7],
      [9, 10],
    ]);
  });

  test('item wants one element', async () => {
    await expect(tensor([1, 2]).item()).rejects.toThrow('[Tensor.item] expected one element');
    expect(tensor([[4]]).itemSync()).toBe(4);
  });
});

describe('disposing tensors', () => {
  test('a disposed tensor says so, twice is allowed', async () => {
    const t = tensor([1]);
    t.dispose();
    t.dispose();
    expect(t.isDisposed).toBe(true);
    expect(() => t.dataSync()).toThrow(EngineError);
    await expect(t.data()).rejects.toMatchObject({ code: 'DISPOSED' });
    expect(() => t.slice(0)).toThrow('expected a live tensor, received a disposed Tensor(float32 [1])');
  });

  test('using disposes at the end of the block', () => {
    let kept;
    {
      using t = tensor([1]);
      kept = t;
      expect(t.isDisposed).toBe(false);
    }
    expect(kept.isDisposed).toBe(true);
  });

  test('a read that is queued still gets the numbers', async () => {
    const t = tensor([1, 2]);
    const data = t.data();
    t.dispose();
    expect(await data).toEqual(new Float32Array([1, 2]));
  });
});

describe('bad data', () => {
  test.each([
    ['ragged rows', () => tensor([[1, 2], [3]]), 'SHAPE', 'received a row of 1'],
    ['rows too deep', () => tensor([[1], [[2]]] as never), 'SHAPE', 'received deeper ones'],
    ['rows and numbers', () => tensor([[1], 2] as never), 'SHAPE', 'received [object Number] at depth 1'],
    ['a string in it', () => tensor(['1'] as never), 'DTYPE', 'received [object String]'],
    ['nothing', () => tensor(undefined as never), 'DTYPE', 'received [object Undefined]'],
    [
      '64-bit integers',
      () => tensor(new BigInt64Array(1) as never),
      'DTYPE',
      'received [object BigInt64Array]',
    ],
    [
      'another size',
      () => tensor([1, 2, 3], [2, 2]),
      'SHAPE',
      'expected 4 numbers for shape [2, 2], received 3',
    ],
    ['a negative size', () => zeros([-1, 2]), 'SHAPE', '[zeros] expected a list of non-negative integers'],
    ['a fractional size', () => ones([1.5]), 'SHAPE', '[full] expected a list of non-negative integers'],
    ['a shape that is none', () => tensor([1], 1 as never), 'SHAPE', '[tensor] expected a list'],
    ['an unknown dtype', () => tensor([1], [1], 'float64' as never), 'DTYPE', "received 'float64'"],
    ['a step of 0', () => arange(0, 1, 0), 'ARGUMENT', '[arange] expected finite numbers'],
    ['a terabyte', () => zeros([2 ** 38]), 'OUT_OF_MEMORY', ''],
    ['more than can be counted', () => zeros([2 ** 40, 2 ** 40]), 'OUT_OF_MEMORY', ''],
  ])('%s', (_, make, code, message) => {
    expect(make).toThrow(EngineError);
    expect(make).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(message) as string }),
    );
  });
});

describe('variables', () => {
  test('assign overwrites, value and data copy', async () => {
    const v = variable([1, 2], { name: 'v' });
    const before = v.value();
    v.assign([3, 4]);
    expect(await v.data()).toEqual(new Float32Array([3, 4]));
    expect(before.dataSync()).toEqual(new Float32Array([1, 2]));
    v.assign(tensor([5, 6]));
    expect(v.dataSync()).toEqual(new Float32Array([5, 6]));
    v.assign(new Float32Array([7, 8]));
    expect(v.value().dataSync()).toEqual(new Float32Array([7, 8]));
    expect(v.toString()).toBe('Variable(v, float32 [2])');
  });

  test('a variable made of a tensor has memory of its own', () => {
    const t = tensor([1, 2]);
    const v = variable(t);
    t.dispose();
    expect(v.dataSync()).toEqual(new Float32Array([1, 2]));
  });

  test('arrays take its dtype, and a flat typed array its shape', () => {
    const v = variable([[1], [2]], { dtype: 'int32' });
    expect(v.dtype).toBe('int32');
    v.assign([[3], [4]]);
    v.assign(new Int32Array([5, 6]));
    expect(v.value().arraySync()).toEqual([[5], [6]]);
  });

  test('what does not fit is refused', () => {
    const v = variable([1, 2], { name: 'w' });
    expect(() => v.assign([1])).toThrow("[assign] expected shape [2] for variable 'w', received [1]");
    expect(() => v.assign(tensor([1, 2], [2], 'int32'))).toThrow(
      "[assign] expected float32 for variable 'w'",
    );
    expect(() => v.assign(new Float32Array(3))).toThrow(expect.objectContaining({ code: 'SHAPE' }));
    expect(() => variable(tensor([1]), { dtype: 'int32' })).toThrow('[variable] expected a tensor of int32');
    v.dispose();
    expect(() => v.assign([1, 2])).toThrow(expect.objectContaining({ code: 'DISPOSED' }));
    expect(() => v.value()).toThrow(expect.objectContaining({ code: 'DISPOSED' }));
    expect(() => v.dataSync()).toThrow(
      '[Variable] expected a live variable, received a disposed Variable(w,',
    );
  });
});

describe('memory that is not there', () => {
  const oneTB = 2 ** 38;
  const refusal = expect.objectContaining({ code: 'OUT_OF_MEMORY' }) as Error;

  test.each([
    ['zeros', () => zeros([oneTB])],
    ['ones', () => ones([oneTB])],
    ['arange', () => arange(0, oneTB)],
  ])('%s', (_, make) => {
    expect(make).toThrow(refusal);
  });

  test('the outcome of an op, where it is called', () => {
    const sum = () => add(zeros([2 ** 20, 1]), zeros([1, 2 ** 18]));
    expect(sum).toThrow(/expected room for 1099511627776 bytes/);
    expect(sum).toThrow(refusal);
    expect(tensor([1]).dataSync()).toEqual(new Float32Array([1]));
  });
});
