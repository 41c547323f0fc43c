import { mapTuple } from '../lib/base/list.js';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { Dataset, NDArray, Sequential, layers, tensor, utils } from 'nodegrad';
import { afterAll, describe, expect, it } from 'vitest';
import { npyBytes, parseNpy } from '../lib/base/npy.js';
import { Zip } from '../lib/base/zip.js';
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
const plain = (element: unknown): unknown =>
  element instanceof NDArray
    ? [element.dtype, element.shape, [...element.data]]
    : Array.isArray(element)
      ? element.map(plain)
      : typeof element === 'object' && element !== null
        ? Object.fromEntries(Object.entries(element).map(([name, part]) => [name, plain(part)]))
        : element;
const all = async (dataset: Dataset) => (await dataset.toArray()).map(plain);

describe('Dataset.csv', () => {
  const iris =
    'width,height,kind,ok\n1,2.5,"set, osa",true\n-3e1,,virginica,false\n4, 5 ,"a ""b""\nc",true\n';

  it('gives a record for each row, of the types that the values have', async () => {
    const file = fileOf(iris);
    expect(await all(Dataset.csv(file))).toEqual([
      {
        width: ['float32', [], [1]],
        height: ['float32', [], [2.5]],
        kind: 'set, osa',
        ok: ['bool', [], [1]],
      },
      {
        width: ['float32', [], [-30]],
        height: ['float32', [], [NaN]],
        kind: 'virginica',
        ok: ['bool', [], [0]],
      },
      { width: ['float32', [], [4]], height: ['float32', [], [5]], kind: 'a "b"\nc', ok: ['bool', [], [1]] },
    ]);
  });

  it('reads batches, columns, labels, types and what is filled in', async () => {
    const file = fileOf(iris);
    const batches = Dataset.csv(file, {
      columns: ['height', 'width'],
      label: 'kind',
      types: { width: 'int32', ok: 'string' },
      fill: { height: -1 },
      missing: ['', 'x'],
      batchSize: 2,
    });
    // 1e1 is no integer as text.
    expect(await rejectionOf(batches.toArray())).toMatchObject({
      message: expect.stringContaining("'width'"),
    });
    const pairs = Dataset.csv(file, {
      columns: ['height', 'width'],
      label: 'ok',
      features: 'array',
      fill: -1,
      batchSize: 2,
    });
    expect(await all(pairs)).toEqual([
      [
        ['float32', [2, 2], [2.5, 1, -1, -30]],
        ['bool', [2], [1, 0]],
      ],
      [
        ['float32', [1, 2], [5, 4]],
        ['bool', [1], [1]],
      ],
    ]);
    expect(await all(Dataset.csv(file, { columns: ['kind'], batchSize: 3 }))).toEqual([
      { kind: ['set, osa', 'virginica', 'a "b"\nc'] },
    ]);
  });

  it('reads other forms: separators, no header, a byte order mark, several files', async () => {
    const file = fileOf('\ufeff1;7\r\n\r\n2;8\r\n');
    const other = fileOf("'3';9");
    const options = { separator: ';', quote: "'", header: false, types: { 1: 'int32' } } as const;
    expect(await all(Dataset.csv([file, other], options))).toEqual(
      [1, 2, 3].map((n) => ({ 0: ['float32', [], [n]], 1: ['int32', [], [n + 6]] })),
    );
    const [first] = await all(Dataset.csv(file, { ...options, types: {}, columnNames: ['a', 'b'] }));
    expect(first).toEqual({ a: ['float32', [], [1]], b: ['float32', [], [7]] });
  });

  // 9 MB: three pieces, which end within records; with quotes one after the other, without them at once.
  it.each(['', '"'])('reads more than fits into one piece, with the quote %j', async (quote) => {
    const rows = 300_000;
    const lines = Array.from(
      { length: rows },
      (_, i) => `${i},${quote}${i * 0.5}${quote},${'x'.repeat(i % 30)}`,
    );
    const file = fileOf(`a,b,c\n${lines.join('\n')}`);
    let row = 0;
    const options = { columns: ['a', 'b'], features: 'array', batchSize: 1000 } as const;
    for await (const { data } of Dataset.csv(file, options)) {
      for (let i = 0; i < data.length; i += 2, row++)
        if (data[i] !== row || data[i + 1] !== row * 0.5)
          expect([data[i], data[i + 1]]).toEqual([row, row * 0.5]);
    }
    expect(row).toBe(rows);
    const later = Dataset.csv(file, options).skip(299);
    expect((await later.toArray())[0]?.data[0]).toBe(299_000);
  });

  it('reads columns of floats as rows in any order, with others between them', async () => {
    const file = fileOf('a,t,b,y,c\n1,x,,4,5\n6,"z, z",8,9,-0.5\n');
    const options = {
      label: 'y',
      features: 'array',
      types: { y: 'int32' },
      fill: { b: 7 },
      batchSize: 2,
    } as const;
    const labels = ['int32', [2], [4, 9]];
    expect(await all(Dataset.csv(file, { ...options, columns: ['c', 'a', 'b'] }))).toEqual([
      [['float32', [2, 3], [5, 1, 7, -0.5, 6, 8]], labels],
    ]);
    // A column twice, and one of integers: column by column.
    expect(await all(Dataset.csv(file, { ...options, columns: ['y', 'b'] }))).toEqual([
      [['float32', [2, 2], [4, 7, 9, 8]], labels],
    ]);
  });

  it('goes on from a place', async () => {
    const file = fileOf(`a\n${Array.from({ length: 50 }, (_, i) => i).join('\n')}`);
    const make = () => Dataset.csv(file).shuffle(20, { seed: 3 }).batch(4);
    const whole = await all(make());
    const dataset = make();
    const elements = dataset[Symbol.asyncIterator]();
    for (let i = 0; i < 5; i++) await elements.next();
    expect(await all(make().restore(dataset.state()))).toEqual(whole.slice(5));
  });

  it.each([
    ['a,b\n1,2\n3,x\n', { types: { b: 'float32' } }, "row 2, column 'b': expected a number, received 'x'"],
    ['a,b\n1,2\n3\n', {}, "row 2, column 'b': expected 2 fields, received 1"],
    ['a,b\n1,2\n3,4,5\n', {}, 'row 2, column 3'],
    ['a,b\n1,2\n"3,4\n', {}, "row 2, column 'a': expected a closing quote"],
    ['a,b\n1,\n', { types: { b: 'int32' } }, "row 1, column 'b': expected a value"],
    ['a,a\n1,2\n', {}, "received 'a' twice"],
    ['', {}, 'expected a record, received none'],
    ['a,b\n1,2\n', { columns: ['c'] }, "received 'c'"],
    ['a,b\n1,x\n', { features: 'array' }, "text in 'b'"],
    [
      'a,b\n1,2\n3,x\n',
      { features: 'array', types: { b: 'float32' } },
      "row 2, column 'b': expected a number",
    ],
    ['a,b\n1,2\n', { columnNames: ['a'] }, 'expected 1 columns'],
  ] as const)('tells what is wrong in %j', async (text, options, message) => {
    const file = fileOf(text);
    const error = await rejectionOf(Dataset.csv(file, options).toArray());
    expect(error.message).toContain(message);
    expect(error.message).toContain(file);
  });

  it('tells the row of a piece that is not the first', async () => {
    const lines = Array.from({ length: 1_000_000 }, (_, i) => (i === 999_000 ? 'no' : `${i}.25`));
    const file = fileOf(`a\n${lines.join('\n')}`);
    const error = await rejectionOf(Dataset.csv(file, { batchSize: 4096 }).toArray());
    expect(error).toMatchObject({ code: 'IO', message: expect.stringContaining("row 999001, column 'a'") });
  });

  it('refuses files that are not there and options that are none', async () => {
    expect(await rejectionOf(Dataset.csv(join(folder, 'none.csv')).toArray())).toMatchObject({ code: 'IO' });
    expect(await rejectionOf(Dataset.csv(folder).toArray())).toMatchObject({ code: 'IO' });
    for (const [file, options] of [
      [3, {}],
      [[], {}],
      ['a', { separator: ',,' }],
      ['a', { quote: ',' }],
      ['a', { types: { a: 'float64' } }],
      ['a', { types: { a: 'int32' }, fill: 0.5 }],
      ['a', { features: 'list' }],
      ['a', { batchSize: 0 }],
      ['a', { columns: 'a' }],
      ['a', { fill: 'x' }],
      ['a', { sep: ';' }],
    ] as const)
      expect(() => Dataset.csv(file as never, options as never)).toThrow(
        expect.objectContaining({ code: 'ARGUMENT' }) as Error,
      );
  });

  it('refuses a file whose columns are not those of the first', async () => {
    const first = fileOf('a,b\n1,2\n');
    for (const header of ['b,a', 'a,b,c', 'a']) {
      const other = fileOf(`${header}\n3,4\n`);
      const { code, message } = await rejectionOf(all(Dataset.csv([first, other])));
      expect(code).toBe('IO');
      expect(message).toContain(
        `${other}: expected a header with the columns of the first file (a, b), received`,
      );
    }
    // Names that are given stand for those of all files.
    const renamed = Dataset.csv([first, fileOf('b,a\n3,4\n')], { columnNames: ['x', 'y'] });
    expect(await all(renamed)).toHaveLength(2);
  });

  it('refuses lines that end with CR alone, which would be one header', async () => {
    const file = fileOf('a,b\r1,2\r3,4\r');
    const { message } = await rejectionOf(all(Dataset.csv(file)));
    expect(message).toContain(
      `${file}, row 1, column 2: expected lines that end with LF or CR LF, received CR alone`,
    );
    expect(await all(Dataset.csv(fileOf('"a\rb"\n1\n')))).toEqual([{ 'a\rb': ['float32', [], [1]] }]);
  });

  it('is data for fit', async () => {
    const rows = Array.from({ length: 64 }, (_, i) => `${i / 64},${1 - i / 64},${i / 32}`);
    const file = fileOf(`a,b,y\n${rows.join('\n')}`);
    const zeros = { kernelInitializer: 'zeros' } as const;
    const model = new Sequential([layers.input({ shape: [2] }), layers.dense({ units: 1, ...zeros })]);
    model.compile({ optimizer: 'sgd', loss: 'mse' });
    const options = { label: 'y', features: 'array', batchSize: 8 } as const;
    const { history } = await model.fit(Dataset.csv(file, options), undefined, { epochs: 20, verbose: 0 });
    expect(history['loss']?.at(-1)).toBeLessThan((history['loss']?.[0] ?? 0) / 4);
  });
});

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
