import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readIdx } from '../../lib/data/files/idx.js';
import { EngineError } from '../../lib/base/errors.js';
import { idxBytes } from './idx-bytes.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'nodegrad-idx-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function fileOf(bytes: Uint8Array, name = 'some.idx'): Promise<string> {
  const file = path.join(folder, name);
  await writeFile(file, bytes);
  return file;
}

async function errorOf(bytes: Uint8Array): Promise<EngineError> {
  const file = await fileOf(bytes);
  const error: unknown = await readIdx(file).catch((e: unknown) => e);
  expect(error).toBeInstanceOf(EngineError);
  expect((error as EngineError).code).toBe('IO');
  expect((error as EngineError).message).toContain(file);
  return error as EngineError;
}

describe('readIdx', () => {
  it.each([
    ['uint8', 'uint8', [0, 1, 127, 128, 200, 255]],
    ['int8', 'int32', [-128, -1, 0, 1, 5, 127]],
    ['int16', 'int32', [-32768, -258, 0, 1, 258, 32767]],
    ['int32', 'int32', [-2147483648, -16909060, 0, 1, 16909060, 2147483647]],
    ['float32', 'float32', [-1.5, 0, 0.25, 3, 1e10, -Infinity]],
    ['float64', 'float32', [-1.5, 0, 0.25, 3, 1024, Infinity]],
  ] as const)('reads %s as %s, plain and gzipped', async (type, dtype, values) => {
    const bytes = idxBytes(type, [2, 3], values);
    for (const packed of [bytes, gzipSync(bytes)]) {
      const array = await readIdx(await fileOf(packed));
      expect(array.shape).toEqual([2, 3]);
      expect(array.dtype).toBe(dtype);
      expect([...array.data]).toEqual(values);
    }
  });

  it('reads a rank of 1 and an empty array', async () => {
    const one = await readIdx(await fileOf(idxBytes('uint8', [3], [7, 8, 9])));
    expect([one.shape, [...one.data]]).toEqual([[3], [7, 8, 9]]);
    const none = await readIdx(await fileOf(idxBytes('int16', [0, 28], [])));
    expect([none.shape, none.data.length]).toEqual([[0, 28], 0]);
  });

  it('tells what a cut file should have held', async () => {
    const whole = idxBytes('int16', [2, 3], [1, 2, 3, 4, 5, 6]);
    expect((await errorOf(whole.subarray(0, 20))).message).toMatch(
      /expected 24 bytes for int16 \[2, 3\], received 20 bytes/,
    );
    expect((await errorOf(whole.subarray(0, 7))).message).toMatch(
      /a header of 12 bytes for rank 2, received 7 bytes/,
    );
    expect((await errorOf(whole.subarray(0, 3))).message).toMatch(/magic bytes .* received 00 00 0b;/);
    expect((await errorOf(whole.subarray(0, 0))).message).toMatch(/received an empty file/);
  });

  it('refuses bytes after the end', async () => {
    const bytes = new Uint8Array([...idxBytes('uint8', [2], [1, 2]), 0]);
    expect((await errorOf(bytes)).message).toMatch(/expected 10 bytes for uint8 \[2\], received 11 bytes/);
  });

  it.each([
    ['a first byte', 0, 1],
    ['an element type', 2, 0x0a],
    ['a rank', 3, 0],
  ])('refuses %s that the format has not', async (_what, at, value) => {
    const bytes = idxBytes('uint8', [2], [1, 2]);
    bytes[at] = value;
    expect((await errorOf(bytes)).message).toMatch(
      /expected the magic bytes 00 00, one of 08, 09, 0b, 0c, 0d, 0e/,
    );
  });

  it('takes dimensions that no memory holds for damage', async () => {
    const bytes = idxBytes('float64', [1, 1, 1], [1]);
    bytes.fill(0xff, 4, 16);
    expect((await errorOf(bytes)).message).toMatch(
      /\[4294967295, 4294967295, 4294967295\], received 24 bytes/,
    );
  });

  it('names a gzip stream that is cut or damaged', async () => {
    const whole = gzipSync(
      idxBytes(
        'uint8',
        [4, 64],
        Array.from({ length: 256 }, (_, i) => i),
      ),
    );
    expect((await errorOf(whole.subarray(0, whole.length - 12))).message).toMatch(/whole gzip stream/);
    const flipped = Uint8Array.from(whole);
    flipped[flipped.length - 6]! ^= 1;
    expect((await errorOf(flipped)).message).toMatch(/whole gzip stream/);
  });

  it('names a file that is not there, and stops when told', async () => {
    const missing = path.join(folder, 'missing.idx');
    await expect(readIdx(missing)).rejects.toMatchObject({
      code: 'IO',
      message: expect.stringContaining(missing),
    });
    const file = await fileOf(idxBytes('uint8', [1], [1]));
    await expect(readIdx(file, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'ABORTED' });
  });
});
