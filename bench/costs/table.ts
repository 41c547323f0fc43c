import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { PriceList, Prices } from './fit.js';

const FILE = fileURLToPath(new URL('../../cpp/cpu/conv/cost_table.cpp', import.meta.url));

export const CLASSES = ['base', 'avx2', 'avx512', 'avx512_bf16', 'amx'] as const;
export type Processors = (typeof CLASSES)[number];

const PASSES = ['Forward', 'BackwardData', 'BackwardFilter'];
const DIRECT = ['Direct', 'Pointwise', 'Grouped', 'Depthwise'];
/** Of oneDNN's products of matrices, where no shape of a pass needed them: so many times what its code takes. */
const UNFOLDED = 3;

/** The rows that the engine reads of a class (`${dtype}, ${way}, ${pass}`), in their order. */
export function rowsOf(processors: Processors): string[] {
  const all = (dtype: string, ways: readonly string[]) =>
    ways.flatMap((way) => PASSES.map((pass) => `${dtype}, ${way}, ${pass}`));
  const winograd = processors === 'base' ? [] : ['Winograd'];
  return [
    ...all('F32', [...DIRECT, 'Unfolded', ...winograd, 'Samples', 'Narrow']),
    'F32, Boxes, BackwardFilter',
    'F32, Relayout, Forward',
    ...(processors === 'avx512_bf16' || processors === 'amx'
      ? ['F32, Rounding, Forward', ...all('BF16', DIRECT)]
      : []),
    ...(processors === 'avx512_bf16' ? all('BF16', ['Winograd']) : []),
    ...(processors === 'amx' ? ['BF16, TileBoxes, BackwardFilter', 'BF16, TileRows, Forward'] : []),
  ];
}

/** With the rows that no shape had: oneDNN's other code. */
export function completed(processors: Processors, prices: PriceList): PriceList {
  return new Map(
    rowsOf(processors).map((row) => {
      const found = prices.get(row) ?? replaced(row, prices);
      if (!found) throw new Error(`bench: no convolution was timed for the prices of ${row}.`);
      return [row, found];
    }),
  );
}

function replaced(row: string, prices: PriceList): Prices | undefined {
  const [dtype, way, pass] = row.split(', ');
  if (way === 'Unfolded') {
    const direct = prices.get(`${dtype}, Direct, ${pass}`);
    return direct?.map((price) => UNFOLDED * price) as Prices | undefined;
  }
  return ['Direct', 'Unfolded', 'Pointwise', 'TileBoxes']
    .map((other) => prices.get(`${dtype}, ${other}, ${pass}`))
    .find((found) => found !== undefined);
}

const lineOf = (processors: Processors, row: string, prices: Prices) =>
  `      {"${processors}", ${row}, {${prices.map((price) => Number(price.toPrecision(3))).join(', ')}}},`;

export const linesOf = (processors: Processors, prices: PriceList): string[] =>
  [...prices].map(([row, found]) => lineOf(processors, row, found));

/** Puts the lines of a class in the place of those that a text has. */
export function withLines(text: string, processors: Processors, lines: readonly string[]): string {
  const all = text.split('\n');
  const isOwn = (line: string) => line.startsWith(`      {"${processors}",`);
  const first = all.findIndex(isOwn);
  if (first < 0) throw new Error(`bench: the table of prices has no rows of ${processors}.`);
  const rest = all.filter((line) => !isOwn(line));
  rest.splice(first, 0, ...lines);
  return rest.join('\n');
}

export function writeLines(processors: Processors, lines: readonly string[]): void {
  writeFileSync(FILE, withLines(readFileSync(FILE, 'utf8'), processors, lines));
}
