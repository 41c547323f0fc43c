import { mkdtempSync, readFileSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Dataset, type DatasetState, NDArray, setSeed, tensor } from 'nodegrad';
import { afterAll, describe, expect, it } from 'vitest';
import { rejectionOf } from './support/run.js';

interface Reference {
  interleave: { cycleLength: number; blockLength: number; elements: number[] }[];
  window: { count: number; size: number; options: object; windows: number[][]; cardinality: number }[];
}
const reference = JSON.parse(
  readFileSync(new URL('fixtures/dataset.json', import.meta.url), 'utf8'),
) as Reference;

const folder = mkdtempSync(join(tmpdir(), 'nodegrad-dataset-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** The whole numbers from 0 up to `count`. */
const range = (count: number, options = { cardinality: count }) =>
  Dataset.fromGenerator(function* () {
    for (let i = 0; i < count; i++) yield i;
  }, options);
/** The same where only reading tells how many there are. */
const unknown = (count: number) => range(count, {} as { cardinality: number });
const to = (count: number) => Array.from({ length: count }, (_, i) => i);
/** The first element; then the pass is broken off. */
async function first<T>(dataset: Dataset<T>): Promise<T | undefined> {
  for await (const element of dataset) return element;
  return undefined;
}
const plain = (element: unknown): unknown =>
  element instanceof NDArray
    ? { data: [...element.data], shape: element.shape, dtype: element.dtype }
    : Array.isArray(element)
      ? element.map(plain)
      : element;

describe('fromArrays', () => {
  it('gives the samples of an array, in its dtype', async () => {
    const rows = await Dataset.fromArrays(new NDArray(Int32Array.of(1, 2, 3, 4, 5, 6), [3, 1, 2])).toArray();
    expect(rows.map(({ shape, dtype }) => [shape, dtype])).toEqual(to(3).map(() => [[1, 2], 'int32']));
    expect(rows.map(({ data }) => [...data])).toEqual([
      [1, 2],
      [3, 4],
      [5, 6],
    ]);
  });

  it('takes several, a record, a list, text, nested lists and tensors', async () => {
    const x = [
      [1, 2],
      [3, 4],
    ];
    const begin = async (dataset: Dataset) => plain(await first(dataset));
    const scalar = { data: [7], shape: [], dtype: 'uint8' };
    const row = { data: [1, 2], shape: [2], dtype: 'float32' };
    expect(await begin(Dataset.fromArrays(x, Uint8Array.of(7, 8)))).toEqual([row, scalar]);
    expect(await begin(Dataset.fromArrays(x))).toEqual(row);
    expect(await begin(Dataset.fromArrays(tensor(x)))).toEqual(row);
    expect(await begin(Dataset.fromArrays([tensor(x), Uint8Array.of(7, 8)]))).toEqual([row, scalar]);
    expect(await begin(Dataset.fromArrays([Float64Array.of(5, 6), ['a', 'b']]))).toEqual([
      { data: [5], shape: [], dtype: 'float32' },
      'a',
    ]);
    const [record] = await Dataset.fromArrays({ x, name: ['a', 'b'] }).toArray();
    expect([plain(record?.x), record?.name]).toEqual([row, 'a']);
  });

  it('knows how many there are', () => {
    expect(Dataset.fromArrays(new Float32Array(5)).cardinality()).toBe(5);
    expect(Dataset.fromArrays({ a: tensor([1, 2]) }).cardinality()).toBe(2);
  });

  it.each([
    [[new Float32Array(2), new Float32Array(3)], 'SHAPE', 'data[1]'],
    [[{ a: [1], b: [1, 2] }], 'SHAPE', 'data.b'],
    [[new NDArray(new Float32Array(1), [])], 'SHAPE', 'scalar'],
    [[3], 'SHAPE', 'scalar'],
    [[() => 1], 'ARGUMENT', 'data[0]'],
    [[], 'ARGUMENT', 'undefined'],
    [[{}], 'ARGUMENT', 'arrays'],
  ] as const)('refuses %j', (arrays, code, word) => {
    const make = () => Dataset.fromArrays(...(arrays as readonly unknown[] as [unknown, unknown]));
    expect(make).toThrow(expect.objectContaining({ code, message: expect.stringContaining(word) }) as Error);
  });
});

describe('batch', () => {
  it('stacks what elements hold', async () => {
    const pairs = range(5).map(
      (i) => [{ a: i, b: [i, -i] }, `t${i}`, i % 2 === 0, Int32Array.of(i)] as const,
    );
    const [first, , last] = await pairs.batch(2).toArray();
    expect(first?.map((part) => (part instanceof NDArray ? part.dtype : typeof part))).toEqual([
      'object',
      'object',
      'bool',
      'int32',
    ]);
    expect([plain(first?.[0].a), plain(first?.[0].b), first?.[1]]).toEqual([
      { data: [0, 1], shape: [2], dtype: 'float32' },
      { data: [0, -0, 1, -1], shape: [2, 2], dtype: 'float32' },
      ['t0', 't1'],
    ]);
    expect(last?.[3].shape).toEqual([1, 1]);
    expect(await pairs.batch(2, { dropRemainder: true }).toArray()).toHaveLength(2);
  });

  it('reads tensors', async () => {
    const [batch] = await range(2)
      .map((i) => [tensor([i, 1]), i] as const)
      .batch(2)
      .toArray();
    expect(plain(batch?.[0])).toEqual({ data: [0, 1, 1, 1], shape: [2, 2], dtype: 'float32' });
  });

  it('is taken apart by unbatch', async () => {
    const rows = unknown(7)
      .map((i) => [Int32Array.of(i, i), `t${i}`] as const)
      .batch(3)
      .unbatch();
    expect((await rows.toArray()).map(([a, text]) => [...a.data, text])).toEqual(
      to(7).map((i) => [i, i, `t${i}`]),
    );
  });

  it.each([
    ['sizes', (i: number) => new Float32Array(i + 1), 'SHAPE', 'paddedBatch'],
    ['dtypes', (i: number) => (i ? Int32Array.of(1) : Float32Array.of(1)), 'DTYPE', 'float32'],
    ['kinds', (i: number) => (i ? 'text' : 1), 'ARGUMENT', 'numbers at element'],
    ['names', (i: number) => (i ? { a: 1 } : { b: 1 }), 'ARGUMENT', 'names b'],
    ['lists', (i: number) => [0, to(i)], 'SHAPE', 'element[1]'],
    ['lengths', (i: number) => to(i), 'ARGUMENT', 'a list of 0'],
    ['functions', () => () => 1, 'ARGUMENT', 'at element'],
  ] as const)('refuses elements of different %s', async (_, make, code, word) => {
    const error = await rejectionOf(
      range(2)
        .map(make as (i: number) => number)
        .batch(2)
        .toArray(),
    );
    expect(error).toMatchObject({ code, message: expect.stringContaining(word) });
  });

  it('fills arrays up where it pads', async () => {
    const rows = range(3).map((i) => [new Int32Array(i).fill(i), [to(i + 1), to(i + 1)]] as const);
    const [first, last] = await rows.paddedBatch(2).toArray();
    expect(plain(first)).toEqual([
      { data: [0, 1], shape: [2, 1], dtype: 'int32' },
      { data: [0, 0, 0, 0, 0, 1, 0, 1], shape: [2, 2, 2], dtype: 'float32' },
    ]);
    expect(last?.[0].shape).toEqual([1, 2]);
    const options = { paddedShapes: [[3], [-1, 4]], paddingValues: [-1, 9] };
    const [wide] = await rows.paddedBatch(2, options).toArray();
    expect(plain(wide)).toEqual([
      { data: [-1, -1, -1, 1, -1, -1], shape: [2, 3], dtype: 'int32' },
      { data: [0, 9, 9, 9, 0, 9, 9, 9, 0, 1, 9, 9, 0, 1, 9, 9], shape: [2, 2, 4], dtype: 'float32' },
    ]);
    const narrow = rows.paddedBatch(3, { paddedShapes: [[1], [-1, -1]] }).toArray();
    expect(await rejectionOf(narrow)).toMatchObject({ code: 'SHAPE' });
  });
});

describe('stages', () => {
  it('map, filter, take, skip, enumerate', async () => {
    const odd = range(10).filter((i) => Promise.resolve(i % 2 === 1));
    expect(await odd.map((i) => Promise.resolve(i * 10)).toArray()).toEqual([10, 30, 50, 70, 90]);
    expect(await range(10).skip(3).take(4).toArray()).toEqual([3, 4, 5, 6]);
    expect(await range(3).enumerate(5).toArray()).toEqual([
      [5, 0],
      [6, 1],
      [7, 2],
    ]);
    // The element, its number in the pass, the number of the pass.
    const calls = range(2).map((...args) => args);
    expect(await calls.repeat(2).toArray()).toEqual([
      [0, 0, 0],
      [1, 1, 0],
      [0, 0, 1],
      [1, 1, 1],
    ]);
  });

  it('keeps the order of calls that run at once', async () => {
    let running = 0;
    let most = 0;
    const slow = range(9).map(
      async (i) => {
        most = Math.max(most, ++running);
        await new Promise((resolve) => setTimeout(resolve, i % 3 === 0 ? 5 : 1));
        running--;
        return i;
      },
      { numParallelCalls: 3 },
    );
    expect(await slow.toArray()).toEqual(to(9));
    expect(most).toBe(3);
  });

  it('repeat, concatenate, zip', async () => {
    for (const source of [range(2), unknown(2)]) {
      expect(await source.repeat(3).toArray()).toEqual([0, 1, 0, 1, 0, 1]);
      expect(await source.repeat().take(5).toArray()).toEqual([0, 1, 0, 1, 0]);
      expect(await source.concatenate(range(3)).skip(1).toArray()).toEqual([1, 0, 1, 2]);
    }
    expect(await unknown(0).repeat().toArray()).toEqual([]);
    expect(await Dataset.zip([range(3), unknown(2)]).toArray()).toEqual([
      [0, 0],
      [1, 1],
    ]);
    expect(await Dataset.zip({ a: range(1), b: range(2).skip(1) }).toArray()).toEqual([{ a: 0, b: 1 }]);
  });

  it.each(reference.interleave)('interleaves as tf.data: $cycleLength, $blockLength', async (given) => {
    const { elements, ...options } = given;
    const mixed = Dataset.fromArrays([3, 1, 4, 0, 2]).interleave(({ data: [n = 0] }) => {
      return range(n).map((i) => i + 10 * n);
    }, options);
    expect(await mixed.toArray()).toEqual(elements);
  });

  it.each(reference.window)('windows as tf.data: $size of $count, $options', async (given) => {
    const { count, size, options, windows, cardinality } = given;
    const dataset = range(count).window(size, options);
    expect(await Promise.all((await dataset.toArray()).map((window) => window.toArray()))).toEqual(windows);
    expect(dataset.cardinality()).toBe(cardinality);
  });

  it('tells how many elements there are where it is known', () => {
    const known = range(10);
    const sizes = (dataset: Dataset<number>) =>
      [
        dataset.map((i) => i),
        dataset.shuffle(2),
        dataset.batch(3),
        dataset.batch(3, { dropRemainder: true }),
        dataset.take(3),
        dataset.skip(3),
        dataset.skip(30),
        dataset.repeat(3),
        dataset.repeat(),
        dataset.concatenate(known),
        Dataset.zip([dataset, known.take(4)]),
        dataset.cache(),
        dataset.prefetch(1),
        dataset.filter(() => true),
        dataset.batch(2).unbatch(),
      ].map((made: Dataset) => made.cardinality());
    const none = undefined;
    expect(sizes(known)).toEqual([10, 10, 4, 3, 3, 7, 0, 30, Infinity, 20, 4, 10, 10, none, none]);
    expect(sizes(unknown(10))).toEqual(Array(15).fill(none));
    expect(unknown(3).take(0).cardinality()).toBe(0);
  });
});

describe('shuffle', () => {
  const sorted = (list: number[]) => [...list].sort((a, b) => a - b);

  it('gives all elements, in another order each pass', async () => {
    const dataset = range(50).shuffle(50, { seed: 1 });
    const [first, second] = [await dataset.toArray(), await dataset.toArray()];
    expect([sorted(first), sorted(second)]).toEqual([to(50), to(50)]);
    expect(first).not.toEqual(to(50));
    expect(second).not.toEqual(first);
    const again = range(50).shuffle(50, { seed: 1 });
    expect([await again.toArray(), await again.toArray()]).toEqual([first, second]);
    expect(await range(50).shuffle(50, { seed: 2 }).toArray()).not.toEqual(first);
    const fixed = range(50).shuffle(50, { seed: 1, reshuffleEachEpoch: false });
    expect([await fixed.toArray(), await fixed.toArray()]).toEqual([first, first]);
    expect(await range(50).shuffle(50, { seed: 1 }).repeat(2).toArray()).toEqual([...first, ...second]);
  });

  it('moves no element further to the front than the buffer is long', async () => {
    const order = await range(1000).shuffle(10, { seed: 3 }).toArray();
    order.forEach((element, place) => expect(element).toBeLessThan(place + 10));
    expect(sorted(order)).toEqual(to(1000));
  });

  // Each of the 24 orders of 4 elements is as likely: 2,400 draws give 100 each, with a deviation of √(2400 · 1/24 · 23/24) = 9.8;
  // 5 of them are passed by one of 24 numbers in a million runs, and the seeds are fixed.
  it('draws each order as often', async () => {
    const counts = new Map<string, number>();
    const dataset = range(4).shuffle(4, { seed: 5 });
    for (let pass = 0; pass < 2400; pass++) {
      const key = (await dataset.toArray()).join('');
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    expect(counts.size).toBe(24);
    for (const count of counts.values()) expect(Math.abs(count - 100)).toBeLessThan(49);
  });

  it('follows setSeed', async () => {
    setSeed(3);
    const first = await range(20).shuffle(20).toArray();
    setSeed(3);
    expect(await range(20).shuffle(20).toArray()).toEqual(first);
  });
});

describe('cache', () => {
  const counted = () => {
    const seen = { passes: 0 };
    const source = Dataset.fromGenerator(function* () {
      seen.passes++;
      for (let i = 0; i < 4; i++)
        yield [new NDArray(Float32Array.of(i, 0.5), [1, 2]), `t${i}`, { a: Uint8Array.of(i) }] as const;
    });
    return { seen, source };
  };

  it.each(['memory', 'file'])('in a %s makes the elements once', async (kind) => {
    const { seen, source } = counted();
    const cached = source.cache(kind === 'file' ? join(folder, 'sub/whole') : undefined);
    // A pass that does not get to its end keeps nothing.
    await first(cached);
    const all = await cached.toArray();
    expect(seen.passes).toBe(2);
    expect(await cached.toArray()).toEqual(all);
    expect((await cached.skip(2).toArray()).map(([, text]) => text)).toEqual(['t2', 't3']);
    expect(seen.passes).toBe(2);
    expect(all[1]?.[0]).toEqual(new NDArray(Float32Array.of(1, 0.5), [1, 2]));
    if (kind === 'file') expect(readdirSync(join(folder, 'sub'))).toEqual(['whole']);
  });

  it('reads the file of an earlier program', async () => {
    const file = join(folder, 'kept');
    const { seen, source } = counted();
    const first = await source.cache(file).toArray();
    expect(await counted().source.cache(file).toArray()).toEqual(first);
    expect(seen.passes).toBe(1);
  });

  it('refuses a file that is cut or another, and a folder', async () => {
    const file = join(folder, 'cut');
    await counted().source.cache(file).toArray();
    truncateSync(file, readFileSync(file).length - 5);
    const wrong = { code: 'IO', message: expect.stringContaining(file) };
    expect(await rejectionOf(counted().source.cache(file).toArray())).toMatchObject(wrong);
    writeFileSync(file, 'something else, long enough');
    expect(await rejectionOf(counted().source.cache(file).toArray())).toMatchObject(wrong);
    expect(await rejectionOf(counted().source.cache(folder).toArray())).toMatchObject({ code: 'IO' });
  });
});

describe('iterators', () => {
  /** A source that tells how often it was opened and closed. */
  const watched = (count: number) => {
    const seen = { opened: 0, closed: 0 };
    const dataset = Dataset.fromGenerator(async function* () {
      seen.opened++;
      try {
        for (let i = 0; i < count; i++) yield await Promise.resolve(i);
      } finally {
        seen.closed++;
      }
    });
    return { seen, dataset };
  };

  it.each([
    ['map', (dataset: Dataset<number>) => dataset.map((i) => i)],
    ['map at once', (dataset: Dataset<number>) => dataset.map(async (i) => i, { numParallelCalls: 3 })],
    ['filter', (dataset: Dataset<number>) => dataset.filter(() => true)],
    ['shuffle', (dataset: Dataset<number>) => dataset.shuffle(3)],
    ['batch', (dataset: Dataset<number>) => dataset.batch(2)],
    ['unbatch', (dataset: Dataset<number>) => dataset.batch(2).unbatch()],
    ['cache', (dataset: Dataset<number>) => dataset.cache()],
    ['prefetch', (dataset: Dataset<number>) => dataset.prefetch(2)],
    ['take', (dataset: Dataset<number>) => dataset.take(2)],
    ['repeat', (dataset: Dataset<number>) => dataset.repeat()],
    ['zip', (dataset: Dataset<number>) => Dataset.zip([dataset, range(100)])],
    ['concatenate', (dataset: Dataset<number>) => dataset.concatenate(range(3))],
    ['interleave', (dataset: Dataset<number>) => dataset.interleave(() => range(3), { cycleLength: 2 })],
    ['window', (dataset: Dataset<number>) => dataset.window(2)],
  ] as const)('are closed early by %s', async (_, make) => {
    const { seen, dataset } = watched(100);
    await first(make(dataset) as Dataset);
    await new Promise((resolve) => setImmediate(resolve));
    expect(seen).toEqual({ opened: 1, closed: 1 });
  });

  it('hand the error of the user on and close the source', async () => {
    const mine = new Error('mine');
    const { seen, dataset } = watched(9);
    const failing = dataset.map((i) => {
      if (i === 3) throw mine;
      return i;
    });
    await expect(failing.shuffle(2).batch(2).prefetch(2).toArray()).rejects.toBe(mine);
    expect(seen).toEqual({ opened: 1, closed: 1 });
  });

  it('ask for as many elements ahead as they are told to', async () => {
    let made = 0;
    const dataset = range(20).map((i) => ((made = i + 1), i));
    for await (const element of dataset.prefetch(4)) {
      await new Promise((resolve) => setTimeout(resolve, 1));
      expect(made).toBe(Math.min(20, element + 5));
    }
  });
});

describe('state', () => {
  const make = (seed?: number) =>
    range(23)
      .map((i) => i + 100)
      .shuffle(7, seed === undefined ? {} : { seed })
      .filter((i) => i % 5 !== 0)
      .concatenate(unknown(4))
      .repeat(2)
      .batch(3)
      .map(({ data }, index, pass) => [...data, index, pass]);

  it('goes on where it was taken, in whichever place, with other seeds too', async () => {
    const whole = make(11);
    const passes = [await whole.toArray(), await whole.toArray(), await whole.toArray()];
    const [first = [], second = [], third = []] = passes;
    expect(second).not.toEqual(first);
    for (let stop = 1; stop <= second.length; stop++) {
      const dataset = make(11);
      await dataset.toArray();
      const before: number[][] = [];
      for await (const element of dataset) if (before.push(element) === stop) break;
      const state = JSON.parse(JSON.stringify(dataset.state())) as DatasetState;
      // Another program: other seeds, until the state is there.
      const later = make().restore(state);
      expect([...before, ...(await later.toArray())]).toEqual(second);
      expect(await later.toArray()).toEqual(third);
    }
  });

  it('of a pass that is over is the begin of the next', async () => {
    const dataset = range(4).shuffle(4, { seed: 2 });
    const [first, second] = [await dataset.toArray(), await dataset.toArray()];
    const again = range(4).shuffle(4, { seed: 2 });
    expect(await again.toArray()).toEqual(first);
    expect(again.state()).toEqual({ version: 1, pass: 1, position: 0, seeds: [2] });
    expect(await range(4).shuffle(4).restore(again.state()).toArray()).toEqual(second);
  });

  it.each([
    undefined,
    {},
    { version: 2, pass: 0, position: 0, seeds: [1] },
    { version: 1, pass: -1, position: 0, seeds: [1] },
    { version: 1, pass: 0, position: 0.5, seeds: [1] },
    { version: 1, pass: 0, position: 0, seeds: [1, 2] },
    { version: 1, pass: 0, position: 0, seeds: ['1'] },
  ])('refuses %j', (state) => {
    expect(() =>
      range(3)
        .shuffle(2)
        .restore(state as DatasetState),
    ).toThrow(expect.objectContaining({ code: 'ARGUMENT' }) as Error);
  });
});

describe('what is no argument', () => {
  const dataset = range(3) as unknown as Record<string, (...args: unknown[]) => unknown>;
  it.each([
    ['map', 3],
    ['map', () => 1, { numParallelCalls: 0 }],
    ['filter'],
    ['shuffle', 0],
    ['shuffle', 2, { seed: 'a' }],
    ['shuffle', 2, { reshuffle: true }],
    ['batch', -1],
    ['batch', 1, { dropRemainder: 1 }],
    ['cache', 3],
    ['prefetch', 0],
    ['take', -1],
    ['skip', 1.5],
    ['repeat', -1],
    ['concatenate', [1]],
    ['interleave', 1],
    ['interleave', () => 1, { cycleLength: 0 }],
    ['window', 0],
    ['window', 2, { shift: 0 }],
    ['enumerate', 'a'],
  ])('%s(%j, %j) is refused', (name, ...args) => {
    expect(() => dataset[name]?.(...args)).toThrow(expect.objectContaining({ code: 'ARGUMENT' }) as Error);
  });

  it('is refused within a pass where only that tells', async () => {
    const wrong = { code: 'ARGUMENT' };
    expect(await rejectionOf(Dataset.fromGenerator(() => 3 as never).toArray())).toMatchObject(wrong);
    expect(
      await rejectionOf(
        range(2)
          .interleave(() => 3 as never)
          .toArray(),
      ),
    ).toMatchObject(wrong);
    expect(await rejectionOf(range(2).unbatch().toArray())).toMatchObject({ code: 'SHAPE' });
  });
});
