import { describe, expect, it } from 'vitest';
import { type Prices, type TimedWay, choices, fitAll, fitPrices, predict } from '../bench/costs/fit.js';
import { CLASSES, completed, linesOf, rowsOf, withLines } from '../bench/costs/table.js';
import { readOptions } from '../bench/options.js';

describe('the options of the bench', () => {
  it('runs and writes everything where nothing is named', () => {
    const options = readOptions([]);
    expect(options.parts.size).toBe(7);
    expect(options.write).toBe(true);
    expect(options.calibrate).toBe(false);
  });

  it('reads --calibrate with --write and --threads', () => {
    const options = readOptions(['--calibrate', '--write', '--threads', '1']);
    expect(options).toMatchObject({ calibrate: true, write: true, threads: 1 });
    expect(readOptions(['--calibrate']).write).toBe(false);
  });

  it.each([
    [['--training'], '--training'],
    [['--nets', 'mnist'], '--nets'],
    [['--json'], '--json'],
  ])('refuses --calibrate with %j', (others, named) => {
    expect(() => readOptions(['--calibrate', ...others])).toThrow(
      `--calibrate: expected no other options than --write and --threads, received ${named}.`,
    );
  });

  it('refuses nets that there are not', () => {
    expect(() => readOptions(['--nets', 'mnist,nets'])).toThrow('--nets: expected some of ');
  });
});

const timed = (shape: string, way: string, work: TimedWay['work'], ms: number): TimedWay => ({
  ...{ shape, pass: 'Forward', dtype: 'F32', way, implementation: '', work, ms },
});

describe('the prices of convolutions', () => {
  const works: TimedWay['work'][] = Array.from({ length: 12 }, (_, i) => [
    1e6 * (1 + i * i),
    1e4 * (1 + ((7 * i) % 5)),
    1e3 * (1 + ((3 * i) % 4)),
  ]);

  it('are found again where times follow from them', () => {
    const prices = [5, 300, 2000, 1e6] as const;
    const ways = works.map((work, i) =>
      timed(
        String(i),
        'Direct',
        work,
        [...work, 1].reduce((sum, amount, k) => sum + amount * prices[k]!, 0) / 1e9,
      ),
    );
    fitPrices(ways).forEach((price, k) => expect(price / prices[k]!).toBeCloseTo(1, 3));
  });

  it('are never negative, and none where few shapes were timed', () => {
    const ways = works.map((work, i) => timed(String(i), 'Direct', work, 1 / (1 + i)));
    for (const price of fitPrices(ways)) expect(price).toBeGreaterThanOrEqual(0);
    expect(fitPrices(ways.slice(0, 9)).slice(2)).toEqual([0, 0]);
    expect([...fitAll(ways.slice(0, 4))]).toEqual([]);
    expect([...fitAll(ways).keys()]).toEqual(['F32, Direct, Forward']);
  });

  it('tell which way is chosen and which one is fastest', () => {
    const ways = works.flatMap((work, i) => [
      timed(String(i), 'Direct', work, work[0] * 4e-9),
      timed(String(i), 'Winograd', [work[0] / 4, 0, 0], work[0] * (i === 3 ? 8e-9 : 2e-9)),
    ]);
    const prices = fitAll(ways);
    const all = choices(ways, prices);
    expect(all.map(({ chosen }) => chosen.way)).toEqual(works.map(() => 'Winograd'));
    expect(all.map(({ fastest }) => fastest.way)).toEqual(
      works.map((_, i) => (i === 3 ? 'Direct' : 'Winograd')),
    );
    expect(predict(ways[0]!, prices)).toBeCloseTo(ways[0]!.ms, 6);
  });

  it('become the rows of a class in the place of its others', () => {
    const found = new Map(
      ['Direct', 'Winograd', 'Samples', 'Narrow', 'Boxes', 'Grouped', 'Depthwise']
        .flatMap((way) => ['Forward', 'BackwardData', 'BackwardFilter'].map((pass) => `F32, ${way}, ${pass}`))
        .concat('F32, Relayout, Forward')
        .map((row) => [row, [1, 20.123, 0, 0]] as [string, Prices]),
    );
    const prices = completed('avx2', found);
    expect([...prices.keys()]).toEqual(rowsOf('avx2'));
    expect(prices.get('F32, Unfolded, Forward')).toEqual([3, 60.369, 0, 0]);
    const lines = linesOf('avx2', prices);
    expect(lines[0]).toBe('      {"avx2", F32, Direct, Forward, {1, 20.1, 0, 0}},');
    const text = ['{', '      {"base", a},', '      {"avx2", b},', '      {"amx", c},', '}'].join('\n');
    expect(withLines(text, 'avx2', lines.slice(0, 2)).split('\n')).toEqual([
      ...['{', '      {"base", a},', lines[0], lines[1], '      {"amx", c},', '}'],
    ]);
    expect(() => withLines('', 'avx2', lines)).toThrow('no rows of avx2');
  });

  it('are missed where no shape was timed', () => {
    for (const processors of CLASSES)
      expect(() => completed(processors, new Map())).toThrow('no convolution was timed for the prices of');
  });
});
