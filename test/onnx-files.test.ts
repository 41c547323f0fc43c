import { firstOf } from '../lib/base/list.js';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { onnxCodec } from '../lib/onnx/codec.js';
import { externalData } from '../lib/onnx/externalData.js';
import { arrayOf, tensorProto } from '../lib/onnx/tensors.js';
import type { ModelProto, TensorProto } from '../lib/onnx/messages.js';

interface TensorCase {
  readonly type: string;
  readonly form: string;
  readonly numbers: readonly number[];
  readonly bytes: string;
}

const cases = JSON.parse(
  readFileSync(new URL('fixtures/onnx_tensors.json', import.meta.url), 'utf8'),
) as TensorCase[];
const codec = await onnxCodec('test');
const folder = mkdtempSync(join(tmpdir(), 'nodegrad-onnx-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe('tensors in files of ONNX', () => {
  test.each(cases)('$type, $form', ({ type, numbers, bytes }) => {
    const array = arrayOf('test', codec.decodeTensor(Buffer.from(bytes, 'base64'), 'a'));
    expect(array.type).toBe(type);
    expect(array.shape).toEqual([1, numbers.length]);
    expect(Array.from(array.data as ArrayLike<number>)).toEqual(numbers);
  });

  test.each([
    [{ dims: [2], dataType: 1, rawData: new Uint8Array(4) }, '8 bytes of FLOAT'],
    [{ dims: [2 ** 40, 2 ** 40], dataType: 1, rawData: new Uint8Array(4) }, 'a size'],
    [{ dims: [-1], dataType: 1 }, 'a shape'],
    [{ dims: [3], dataType: 7, int64Data: [1, 2] }, '3 numbers of INT64'],
    [{ dims: [1], dataType: 14, floatData: [1, 2] }, 'real numbers'],
    [{ dims: [1], dataType: 99 }, 'real numbers'],
  ] satisfies [TensorProto, string][])('one that is broken: %o', (tensor, message) => {
    expect(() => arrayOf('test', tensor)).toThrow(message);
  });

  test('numbers in other files are read below the folder of the model alone', () => {
    const inside = join(folder, 'model');
    mkdirSync(inside);
    writeFileSync(join(inside, 'data'), new Uint8Array(new Float32Array([1, 2, 3]).buffer));
    writeFileSync(join(folder, 'secret'), new Uint8Array(8));
    symlinkSync(join(folder, 'secret'), join(inside, 'link'));
    const read = (location: string, offset = '0') =>
      arrayOf(
        'test',
        {
          ...{ dims: [2], dataType: 1, dataLocation: 1 },
          externalData: [
            { key: 'location', value: location },
            { key: 'offset', value: offset },
          ],
        },
        externalData('test', join(inside, 'a.onnx')),
      ).data;
    expect(read('data', '4')).toEqual(new Float32Array([2, 3]));
    for (const location of ['../secret', 'link', join(folder, 'secret'), '', '.', 'none'])
      expect(() => read(location), location).toThrow(expect.objectContaining({ code: 'IO' }) as Error);
    expect(() => read('data', '8')).toThrow('16 bytes');
    expect(() => read('data', '-4')).toThrow('whole number as offset');
  });
});

describe('messages of ONNX', () => {
  const model: ModelProto = {
    irVersion: 8,
    opsetImport: [{ domain: '', version: 17 }],
    graph: {
      ...{ name: 'g', input: [], output: [] },
      node: [{ opType: 'Relu', input: ['x'], output: ['y'] }],
      initializer: [tensorProto('w', 'INT64', [3], [1, -2, 2 ** 40])],
    },
  };

  test('come back as they were written', () => {
    const { graph, irVersion } = codec.decode(codec.encode(model), 'a');
    expect(irVersion).toBe(8);
    expect(graph?.node[0]?.opType).toBe('Relu');
    expect(graph?.node[0]?.domain).toBe('');
    expect(arrayOf('test', firstOf(graph!.initializer!)).data).toEqual(new Float64Array([1, -2, 2 ** 40]));
  });

  test('are refused where they are cut, nested too deep or have too many fields', () => {
    const bytes = codec.encode(model);
    expect(() => codec.decode(bytes.subarray(0, bytes.length - 3), 'a')).toThrow(
      expect.objectContaining({ code: 'IO' }) as Error,
    );
    // Graphs within attributes within nodes within graphs: field 7 of the model, then 1, 5 and 6.
    let nested = Buffer.alloc(0);
    const around = (field: number, inner: Buffer) => {
      const length: number[] = [];
      for (let n = inner.length; ; n >>>= 7) {
        length.push(n > 127 ? (n & 127) | 128 : n);
        if (n <= 127) break;
      }
      return Buffer.concat([Buffer.from([(field << 3) | 2, ...length]), inner]);
    };
    for (let i = 0; i < 40; i++) nested = around(1, around(5, around(6, nested)));
    expect(() => codec.decode(around(7, nested), 'a')).toThrow('max depth');
    // Empty nodes, two bytes each: 250,000 fields and a 25th of the bytes are allowed.
    const many = Buffer.alloc(2 * 1.5e6).fill(Buffer.from([0x0a, 0]));
    expect(() => codec.decode(around(7, many), 'a')).toThrow('fields');
  });
});
