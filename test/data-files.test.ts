import { mapTuple } from '../lib/base/list.js';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { Dataset, NDArray, tensor, utils } from 'nodegrad';
import { afterAll, describe, expect, it } from 'vitest';
import { npyBytes, parseNpy } from '../lib/base/npy.js';
import { Zip } from '../lib/base/zip.js';
import { all } from './support/plainElements.js';
import { rejectionOf } from './support/run.js';

const folder = mkdtempSync(join(tmpdir(), 'nodegrad-files-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});
let files = 0;
/** A file with these contents. */
function fileOf(contents: string | Uint8Array, name = `file${files++}`): string {
  const file = join(folder, name);
  writeFileSync(file, contents);
  return file;
}

const stored = (name: string) => fileURLToPath(new URL(`fixtures/data_files/${name}`, import.meta.url));
const to = (count: number) => Array.from({ length: count }, (_, i) => i);

describe('Dataset.hdf5', () => {
  const file = stored('arrays.h5');

  it('reads rows and batches of compressed arrays', async () => {
    const images = to(240).map((i) => i % 251);
    const dataset = Dataset.hdf5(file, { x: 'images', y: 'targets/labels' }, { batchSize: 4 });
    expect(await all(dataset)).toEqual(
      [
        [0, 4],
        [4, 8],
        [8, 10],
      ].map(([from = 0, end = 0]) => ({
        x: ['uint8', [end - from, 4, 3, 2], images.slice(from * 24, end * 24)],
        y: ['int32', [end - from], to(end).slice(from)],
      })),
    );
    expect(dataset.cardinality()).toBe(3);
    const rows = Dataset.hdf5(file, ['targets/wide', 'targets/names']);
    expect(await all(rows.skip(7))).toEqual([7, 8, 9].map((i) => [['float32', [], [i * 0.5]], `n${i}`]));
    expect(await all(Dataset.hdf5(file, 'images').take(1))).toEqual([
      ['uint8', [4, 3, 2], images.slice(0, 24)],
    ]);
  });

  it.each([
    ['none', 'IO', 'an array at none, received nothing'],
    ['targets', 'IO', 'received Group'],
    ['scalar', 'IO', 'a scalar'],
    [['images', 'short'], 'SHAPE', 'as many rows in short as in images (10), received 5'],
  ] as const)('tells what is wrong with %j', async (paths, code, message) => {
    const error = await rejectionOf(Dataset.hdf5(file, paths).toArray());
    expect([error.code, error.message]).toEqual([code, expect.stringContaining(message)]);
  });

  it('refuses files that are none, and arguments', async () => {
    for (const path of [
      join(folder, 'none.h5'),
      fileOf('text'),
      fileOf(readFileSync(file).subarray(0, 2000)),
    ])
      expect(await rejectionOf(Dataset.hdf5(path, 'images').toArray())).toMatchObject({
        code: 'IO',
        message: expect.stringContaining(path),
      });
    for (const paths of [3, [], {}, [3]]) expect(() => Dataset.hdf5(file, paths as never)).toThrow(/name/);
  });
});

describe.each([
  [
    'Dataset.parquet',
    'table.snappy.parquet',
    (...args: Parameters<typeof Dataset.parquet>) => Dataset.parquet(...args),
  ],
  [
    'Dataset.parquet',
    'table.zstd.parquet',
    (...args: Parameters<typeof Dataset.parquet>) => Dataset.parquet(...args),
  ],
  ['Dataset.arrow', 'table.arrow', (...args: Parameters<typeof Dataset.arrow>) => Dataset.arrow(...args)],
  ['Dataset.arrow', 'stream.arrow', (...args: Parameters<typeof Dataset.arrow>) => Dataset.arrow(...args)],
])('%s of %s', (who, name, read) => {
  const file = stored(name);

  it('gives a record for each row', async () => {
    const columns = ['x', 'd', 'label', 'ok', 'name', 'pair'];
    expect(await all(read(file, { columns }))).toEqual(
      to(10).map((i) => ({
        x: ['float32', [], [i * 0.25]],
        d: ['float32', [], [i === 4 ? NaN : i * 1.5]],
        label: ['int32', [], [i]],
        ok: ['bool', [], [i % 3 === 0 ? 1 : 0]],
        name: `n${i}`,
        pair: ['float32', [2], [i, 0 - i]],
      })),
    );
  });

  it('gives batches over the borders of its parts, and the end of a file', async () => {
    const options = { columns: ['pair', 'x'], label: 'label', features: 'array', batchSize: 7 } as const;
    expect(await all(read([file, file], options).skip(1))).toEqual(
      [
        [7, 14],
        [14, 20],
      ].map(([from = 0, end = 0]) => {
        const rows = to(end)
          .slice(from)
          .map((i) => i % 10);
        return [
          ['float32', [rows.length, 3], rows.flatMap((i) => [i, 0 - i, i * 0.25])],
          ['int32', [rows.length], rows],
        ];
      }),
    );
  });

  it('tells of a Parquet file that is empty', async () => {
    const file = fileOf('', 'empty.parquet');
    expect((await rejectionOf(all(Dataset.parquet(file)))).message).toBe(
      `[Dataset.parquet] ${file}: expected a Parquet file of 12 bytes or more, received an empty file`,
    );
  });

  it('tells what is wrong', async () => {
    const told = async (path: string, options: object) => {
      const error = await rejectionOf(read(path, options).toArray());
      return [error.code, error.message];
    };
    const about = (...words: string[]): unknown => expect.stringMatching(words.join('.*'));
    expect(await told(file, { columns: ['none'] })).toEqual(['ARGUMENT', about(name, "'none'")]);
    expect(await told(file, { columns: ['huge'] })).toEqual(['IO', about(name, "'huge'")]);
    expect(await told(file, { columns: ['name'], features: 'array' })).toEqual(['ARGUMENT', about("'name'")]);
    const none = join(folder, 'none');
    expect(await told(none, {})).toEqual(['IO', about(none)]);
    const cut = fileOf(readFileSync(file).subarray(0, 700));
    expect(await told(cut, {})).toEqual(['IO', about(cut)]);
    expect(() => read(file, { column: [] } as never)).toThrow(who);
  });
});

describe('Dataset.npy', () => {
  it.each([
    ['float32', 'float32', [2], [0, 0.25, 0.5, 0.75, 1, 1.25]],
    ['float64', 'float32', [2], [0, 0.25, 0.5, 0.75, 1, 1.25]],
    ['float16', 'float32', [2], [0, 1, -2.5, 65504, Math.fround(2 ** -24), Infinity]],
    ['fortran', 'int32', [4, 2], to(24)],
    ['big', 'int32', [], [0, 1, 2]],
    ['int64', 'int32', [], [1, -2, 3]],
    ['bool', 'bool', [], [1, 0, 1]],
  ] as const)('reads %s', async (name, dtype, shape, numbers) => {
    const rows = await Dataset.npy(stored(`${name}.npy`)).toArray();
    expect(rows.map((row) => [row.dtype, row.shape])).toEqual(to(3).map(() => [dtype, shape]));
    expect(rows.flatMap(({ data }) => [...data])).toEqual(numbers);
  });

  it('writes what NumPy would', () => {
    for (const name of ['float32', 'float64', 'int64', 'bool']) {
      const bytes = new Uint8Array(readFileSync(stored(`${name}.npy`)));
      expect(npyBytes(parseNpy('test', name, bytes))).toEqual(bytes);
    }
  });

  it('refuses what is cut or lies', async () => {
    const bytes = readFileSync(stored('float32.npy'));
    const lie = Buffer.from(bytes.toString('latin1').replace('(3, 2)', '(9, 2)'), 'latin1');
    const text = Buffer.from(bytes.toString('latin1').replace('<f4', '|O8'), 'latin1');
    for (const wrong of [bytes.subarray(0, 140), bytes.subarray(0, 5), lie, text, Buffer.from('other')]) {
      const file = fileOf(wrong);
      expect(await rejectionOf(Dataset.npy(file).toArray())).toMatchObject({
        code: 'IO',
        message: expect.stringContaining(file),
      });
    }
  });

  it('tells its own name with a file that is not there', async () => {
    const file = join(folder, 'none.npy');
    expect((await rejectionOf(all(Dataset.npy(file)))).message).toContain(`[Dataset.npy] ${file}: expected`);
  });

  it('and idx take several files', async () => {
    const pair = { a: stored('int64.npy'), b: stored('bool.npy') };
    expect(await all(Dataset.npy(pair, { batchSize: 3 }))).toEqual([
      { a: ['int32', [3], [1, -2, 3]], b: ['bool', [3], [1, 0, 1]] },
    ]);
    const images = fileOf(Uint8Array.of(0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6));
    const labels = fileOf(gzipSync(Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 2, 8, 9)));
    expect(await all(Dataset.idx([images, labels]))).toEqual([
      [
        ['uint8', [3], [1, 2, 3]],
        ['uint8', [], [8]],
      ],
      [
        ['uint8', [3], [4, 5, 6]],
        ['uint8', [], [9]],
      ],
    ]);
  });
});

describe('Dataset.npz', () => {
  const names = ['float32', 'float64', 'float16', 'fortran', 'big', 'int64', 'bool'];

  it.each(['arrays', 'packed'])('reads %s.npz as the files of its arrays', async (archive) => {
    const path = stored(`${archive}.npz`);
    for (const name of names)
      expect(await all(Dataset.npz(path, name))).toEqual(await all(Dataset.npy(stored(`${name}.npy`))));
    expect(await all(Dataset.npz(path, { a: 'int64', b: 'bool' }, { batchSize: 3 }))).toEqual([
      { a: ['int32', [3], [1, -2, 3]], b: ['bool', [3], [1, 0, 1]] },
    ]);
  });

  it('and readNpz read arrays of zeros, which pack to a thousandth', async () => {
    const { zeros } = await utils.readNpz(stored('packed.npz'), { names: ['zeros'] });
    expect([zeros?.shape, zeros?.data.some(Boolean)]).toEqual([[1000, 1000], false]);
  });

  it.each([{}, { compressed: true }])('reads what writeNpz has written with %o', async (options) => {
    const path = join(folder, 'own.npz');
    const arrays = await utils.readNpz(stored('arrays.npz'));
    expect(Object.keys(arrays)).toEqual(names);
    await utils.writeNpz(path, arrays, options);
    expect(await utils.readNpz(path)).toEqual(arrays);
    // Members as numpy.savez has them, of the dtypes that do not change.
    const [ours, theirs] = mapTuple(
      [path, stored('arrays.npz')],
      (file) => new Zip('test', file, readFileSync(file)),
    );
    for (const name of ['float32.npy', 'bool.npy']) expect(ours.read(name)).toEqual(theirs.read(name));
  });

  it('refuses names, members and files that are wrong', async () => {
    const path = stored('packed.npz');
    const cut = fileOf(readFileSync(path).subarray(0, 900), 'cut.npz');
    for (const [file, name, message] of [
      [path, 'x', /float32, .*'x'/],
      [path, 'text', /packed\.npz, text/],
      [cut, 'int64', /cut\.npz/],
    ] as const) {
      const error = { code: 'IO', message: expect.stringMatching(message) };
      expect(await rejectionOf(Dataset.npz(file, name).toArray())).toMatchObject(error);
      expect(await rejectionOf(utils.readNpz(file, { names: [name] }))).toMatchObject(error);
    }
    expect(() => Dataset.npz('', 'x')).toThrow(/path/);
    expect(await rejectionOf(utils.readNpz(path, { names: 'x' as never }))).toMatchObject({
      code: 'ARGUMENT',
    });
    expect(await rejectionOf(utils.writeNpz(join(folder, 'a.npz'), [[1]] as never))).toMatchObject({
      code: 'ARGUMENT',
    });
    expect(await rejectionOf(utils.writeNpz(join(folder, 'a.npy'), {}))).toMatchObject({ code: 'ARGUMENT' });
  });
});

describe('utils.readNpy', () => {
  it('reads what writeNpy has written, byte for byte what NumPy writes', async () => {
    const path = join(folder, 'own.npy');
    await utils.writeNpy(path, await utils.readNpy(stored('float32.npy')));
    expect(readFileSync(path)).toEqual(readFileSync(stored('float32.npy')));
    await utils.writeNpy(path, tensor([[1, 2]], undefined, 'int32'));
    expect(await utils.readNpy(path)).toEqual(new NDArray(Int32Array.of(1, 2), [1, 2]));
    expect(await rejectionOf(utils.readNpy(join(folder, 'none.npy')))).toMatchObject({ code: 'IO' });
    expect(await rejectionOf(utils.writeNpy(join(folder, 'x.txt'), [1]))).toMatchObject({ code: 'ARGUMENT' });
  });
});

describe('Dataset.lines', () => {
  it('leaves the byte order mark out', async () => {
    const text = '\ufeffone\r\n\ufefftwo';
    expect(await all(Dataset.lines([fileOf(text), fileOf('\ufeff')]))).toEqual(['one', '\ufefftwo']);
  });

  it('gives the lines of files', async () => {
    const long = 'ä'.repeat(700_000); // more than a piece
    const file = fileOf(`one\r\n\n${long}\nlast`);
    expect(await Dataset.lines([file, fileOf('more\n')]).toArray()).toEqual([
      'one',
      '',
      long,
      'last',
      'more',
    ]);
    expect(await rejectionOf(Dataset.lines(join(folder, 'none')).toArray())).toMatchObject({ code: 'IO' });
  });
});
