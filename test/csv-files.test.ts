import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Dataset, Sequential, layers } from 'nodegrad';
import { afterAll, describe, expect, it } from 'vitest';
import { all } from './support/plainElements.js';
import { rejectionOf } from './support/run.js';

const folder = mkdtempSync(join(tmpdir(), 'nodegrad-csv-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});
let files = 0;
/** A file with these contents. */
function fileOf(contents: string): string {
  const file = join(folder, `${files++}.csv`);
  writeFileSync(file, contents);
  return file;
}

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
