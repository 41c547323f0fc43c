import { itemAt } from '../../lib/base/list.js';
import { describe, expect, it } from 'vitest';
import { loadIris, separablePair } from '../../examples/data/iris.js';
import { loadTabular } from '../../examples/data/penguins.js';
import { rings, spirals } from '../../examples/data/shapes.js';
import { type Table, select, split, standardize } from '../../examples/data/table.js';

const column = (table: Table, c: number): number[] =>
  Array.from(table.labels.keys(), (r) => itemAt(table.features, r * table.shape[1] + c));
const countOf = (table: Table, label: number): number => table.labels.filter((l) => l === label).length;

describe('the examples’ tables', () => {
  it('holds 50 flowers of each Iris species', () => {
    const iris = loadIris();
    expect(iris.shape).toEqual([150, 4]);
    expect(iris.names.classes).toEqual(['setosa', 'versicolor', 'virginica']);
    expect([0, 1, 2].map((label) => countOf(iris, label))).toEqual([50, 50, 50]);
    expect(Array.from(iris.features.subarray(0, 4), (x) => x.toFixed(1))).toEqual([
      '5.1',
      '3.5',
      '1.4',
      '0.2',
    ]);
  });

  it('gives the perceptron a pair that a line separates', () => {
    const pair = separablePair();
    expect(pair.shape).toEqual([100, 2]);
    const [length, width] = [column(pair, 0), column(pair, 1)];
    pair.labels.forEach((label, r) => expect(itemAt(length, r) + itemAt(width, r) > 3).toBe(label === 1));
  });

  it('holds the penguins of known sex', async () => {
    const penguins = await loadTabular();
    expect(penguins.shape).toEqual([333, 4]);
    expect([countOf(penguins, 0), countOf(penguins, 1)]).toEqual([165, 168]);
    expect(penguins.names.columns).toEqual(['culmen length', 'culmen depth', 'flipper length', 'body mass']);
    expect(penguins.features.every((x) => x > 10 && x < 7000)).toBe(true);
  });

  it('standardizes each column', async () => {
    const table = standardize(await loadTabular());
    for (const c of [0, 1, 2, 3]) {
      const values = column(table, c);
      const mean = values.reduce((a, b) => a + b) / values.length;
      expect(mean).toBeCloseTo(0, 5);
      expect(values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length).toBeCloseTo(1, 5);
    }
  });

  it('selects by name and deals out rows', () => {
    const two = select(loadIris(), {
      classes: ['virginica', 'setosa'],
      columns: ['petal width', 'sepal length'],
    });
    expect(two.shape).toEqual([100, 2]);
    expect([two.labels[0], two.labels[99]]).toEqual([1, 0]);
    expect(Array.from(two.features.subarray(0, 2), (x) => x.toFixed(1))).toEqual(['0.2', '5.1']);
    const { train, test } = split(two, 4);
    expect([train.shape, test.shape]).toEqual([
      [75, 2],
      [25, 2],
    ]);
    expect(test.features.subarray(2, 4)).toEqual(two.features.subarray(8, 10));
    expect(() => select(two, { columns: ['height'] })).toThrow(
      'expected one of petal width, sepal length, received height',
    );
  });

  it('makes as many points of each shape’s classes, within [-1, 1]', () => {
    for (const table of [spirals(50), rings(50)]) {
      expect(table.shape).toEqual([100, 2]);
      expect(countOf(table, 1)).toBe(50);
      expect(table.features.every((x) => Math.abs(x) <= 1)).toBe(true);
    }
    const radius = (table: Table, r: number): number =>
      Math.hypot(itemAt(table.features, 2 * r), itemAt(table.features, 2 * r + 1));
    const both = rings(50);
    both.labels.forEach((label, r) => expect(radius(both, r) > 0.5).toBe(label === 1));
  });
});
