import { readFileSync } from 'node:fs';
import { firstOf, itemAt } from '../lib/base/list.js';
import { Trace } from '../lib/core/trace.js';
import { EngineError, type Fetched, type Sym, type Tensor } from 'nodegrad';
import { describe, expect, it } from 'vitest';
import { type Case, type Compile, call, cases, checkNumbers } from './cases/run.js';

/** The shapes that Keras names where the first size of a row's first input is not known. */
const keras = (
  JSON.parse(readFileSync(new URL('fixtures/open_batch.json', import.meta.url), 'utf8')) as {
    rows: Record<string, (number | null)[] | (number | null)[][]>;
  }
).rows;

const sides =
  'the weights of an image are made of its sides when the step is traced: one image alone has them first';
const channels = 'how many channels there are decides what is made of them';

/** Rows that have to know the first size, each by its op or its name, and why. */
const NEEDS_SIZE: Readonly<Record<string, string>> = {
  ...Object.fromEntries([...['cropImages 5x7x3', 'extractPatches 6x7x2']].map((name) => [name, sides])),
  ...Object.fromEntries(
    [
      ...[
        'rgbToGrayscale 3x4x5 {"dataFormat"',
        'rgbToHsv 3x1x3 {"dataFormat"',
        'hsvToRgb 3x3x4 {"dataFormat"',
      ],
      ...['extractPatches3d 2x4x5x4 [', 'ssim 2x6x7'],
    ].map((name) => [name, channels]),
  ),
  'cross 3x4': 'how many numbers a vector has decides the shape of the result',
  'cross 2 5x3': 'how many numbers a vector has decides the shape of the result',
  'fftRealBack 2 2 {"fftLength": 1}': 'a transform is planned for its length',
  'uniqueJoined 2x7 uint8 {"axis": 1':
    'parts are sorted number by number, as many times as a part has numbers',
  ...Object.fromEntries(
    ['correlate 17 ', 'correlate 3 ', 'correlate 5 ', 'correlate 4 '].map((name) => [
      name,
      'which of the lists is longer decides which one moves, and Keras refuses it, too',
    ]),
  ),
  ...Object.fromEntries(
    ['linalgQr 3x3', 'linalgQr 3x2', 'linalgQr 2x3'].map((name) => [
      name,
      'the gradient takes another way for wide matrices than for high ones',
    ]),
  ),
  'linalgCholesky 4x4': 'the row adds a diagonal, made of the sizes',
  'linalgCholesky 1x1': 'the row adds a diagonal, made of the sizes',
  ...Object.fromEntries(
    [
      'norm 3x2 {"ord": "nuc"}',
      'linalgNorm 3x2 "2"',
      'linalgNorm 3x2 "-2"',
      'linalgSvd 2x3',
      'linalgSvd 3',
    ].map((name) => [
      name,
      'the gradient of singular values takes another way for wide matrices than for high ones',
    ]),
  ),
};

const reasonOf = ({ name, op }: Case): string | undefined =>
  NEEDS_SIZE[op] ?? Object.entries(NEEDS_SIZE).find(([start]) => name.startsWith(start))?.[1];

/** Their other operands of the first size are weights. */
const WEIGHTED = new Set(['lstm', 'gru', 'simpleRnn']);

/** Which inputs have an open first axis. */
type Open = (input: number) => boolean;

const isOpen = (row: Case, input: number): boolean => {
  const { shape } = itemAt(row.inputs, input);
  return shape.length > 0 && shape[0] === itemAt(row.inputs, 0).shape[0];
};

/** Compiles for arguments of which some have a first size that is known only when the step runs. */
const openly =
  (open: Open): Compile =>
  <R>(fn: (...xs: Sym[]) => R) => {
    return async (...feeds: Tensor[]): Promise<Fetched<R>> => {
      const trace = new Trace();
      const inputs = feeds.map(({ dtype, shape }, i) =>
        trace.input(dtype, open(i) ? [-1, ...shape.slice(1)] : shape, `argument ${i}`),
      );
      const fetches: Sym[] = [];
      const fetched = (value: unknown): unknown => {
        if (value instanceof Object && 'rank' in value) return fetches.push(value as Sym) - 1;
        if (Array.isArray(value)) return value.map(fetched);
        return Object.fromEntries(Object.entries(value as object).map(([name, one]) => [name, fetched(one)]));
      };
      const result = trace.within(() => fetched(fn(...inputs)));
      const run = trace.program(inputs, fetches).run(feeds);
      await run.done;
      const filled = (value: unknown): unknown => {
        if (typeof value === 'number') return run.outputs[value];
        if (Array.isArray(value)) return value.map(filled);
        return Object.fromEntries(Object.entries(value as object).map(([name, one]) => [name, filled(one)]));
      };
      return filled(result) as Fetched<R>;
    };
  };

/** The type of what a row gives, without numbers. */
function typeOf(row: Case, open: Open): Sym {
  const trace = new Trace();
  return trace.within(() =>
    call(
      row,
      row.inputs.map(({ dtype, shape }, i) =>
        trace.input(dtype, open(i) ? [-1, ...shape.slice(1)] : shape, `argument ${i}`),
      ),
    ),
  );
}

const withBatch = cases.filter(({ inputs }) => inputs.length > 0 && firstOf(inputs).shape.length > 0);

/** The first input alone, and all inputs of its first size. */
function opened(row: Case): Open[] {
  const alone: Open = (i) => i === 0;
  if (WEIGHTED.has(row.op) || !row.inputs.some((_, i) => i > 0 && isOpen(row, i))) return [alone];
  return [alone, (i) => i < row.inputs.length && isOpen(row, i)];
}

/** What a row fails with, or undefined. */
const failureOf = (row: Case, open: Open): Promise<unknown> =>
  checkNumbers(row, openly(open)).then(
    () => undefined,
    (error: unknown) => error,
  );

describe('a first axis whose size is known only when the step runs', () => {
  it.each(withBatch.filter((row) => reasonOf(row) === undefined))('$name', async (row) => {
    for (const open of opened(row)) await checkNumbers(row, openly(open));
  });

  it.each(Object.keys(keras))('Keras names the shape of %s', (name) => {
    const row = withBatch.find((one) => one.name === name);
    expect(row, 'run test/fixtures/make_open_batch.py').toBeDefined();
    if (reasonOf(row!) !== undefined) return;
    const { shape } = typeOf(row!, (i) => i === 0);
    const wanted = keras[name] as (number | null)[];
    expect(shape).toHaveLength(wanted.length);
    shape.forEach((n, axis) => {
      if (n >= 0 && wanted[axis] !== null) expect(n).toBe(wanted[axis]);
    });
  });

  it.each(Object.entries(NEEDS_SIZE))('%s needs it: %s', async (start) => {
    const rows = withBatch.filter(({ name, op }) => op === start || name.startsWith(start));
    expect(rows.length).toBeGreaterThan(0);
    for (const row of rows) {
      const failures: unknown[] = [];
      for (const open of opened(row)) failures.push(await failureOf(row, open));
      const said = failures.filter((failure) => failure !== undefined);
      expect(said.length, row.name).toBeGreaterThan(0);
      for (const failure of said) {
        // Assertions about numbers are no EngineErrors: what an op needs it says.
        expect(failure, row.name).toBeInstanceOf(EngineError);
        expect((failure as EngineError).code, row.name).toBe('SHAPE');
      }
    }
  });
});
