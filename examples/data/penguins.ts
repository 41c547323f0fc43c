import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tableOf, type Table } from './table.js';

/** The columns of numbers. */
export const measurements = ['culmen_length_mm', 'culmen_depth_mm', 'flipper_length_mm', 'body_mass_g'];

/**
 * Penguins of the Palmer Archipelago, 344 rows, each a word for each column: `species`, `island`, four {@link measurements}, beak and flipper
 * in millimetres, mass in grams, and `sex`; NaN where one was not taken (K. B. Gorman, T. D. Williams, W. R. Fraser, PLoS ONE 9(3), 2014).
 */
export async function loadPenguins(): Promise<Record<string, string>[]> {
  const file = createRequire(import.meta.url).resolve('@observablehq/sample-datasets/penguins.csv');
  const [header = '', ...lines] = (await readFile(file, 'utf8')).trim().split(/\r?\n/);
  const columns = header.split(',');
  const rowOf = (line: string) =>
    Object.fromEntries(line.split(',').map((cell, i) => [columns[i]!, cell])) as Record<string, string>;
  return lines.map(rowOf);
}

/** Those with known sex, 333 rows: four {@link measurements}; the class is female or male. */
export async function loadTabular(): Promise<Table> {
  const classes = ['FEMALE', 'MALE'];
  const known = (await loadPenguins()).filter((row) => classes.includes(row['sex']!));
  return tableOf(
    known.map((row) => measurements.map((name) => Number(row[name]))),
    known.map((row) => classes.indexOf(row['sex']!)),
    {
      columns: measurements.map((name) => name.replace(/_(mm|g)$/, '').replace('_', ' ')),
      classes: ['female', 'male'],
    },
  );
}
