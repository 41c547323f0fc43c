import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tableOf, type Table } from './table.js';

const columns = ['culmen_length_mm', 'culmen_depth_mm', 'flipper_length_mm', 'body_mass_g'];

/**
 * Penguins of the Palmer Archipelago with known sex: 333 rows; beak and flipper in millimetres, mass in grams; the
 * class is female or male (K. B. Gorman, T. D. Williams, W. R. Fraser, PLoS ONE 9(3), 2014).
 */
export async function loadTabular(): Promise<Table> {
  const file = createRequire(import.meta.url).resolve('@observablehq/sample-datasets/penguins.csv');
  const [header = '', ...lines] = (await readFile(file, 'utf8')).trim().split(/\r?\n/);
  const place = Object.fromEntries(header.split(',').map((name, i) => [name, i]));
  const classes = ['FEMALE', 'MALE'];
  const known = lines.map((line) => line.split(',')).filter((row) => classes.includes(row[place['sex']!]!));
  return tableOf(
    known.map((row) => columns.map((name) => Number(row[place[name]!]))),
    known.map((row) => classes.indexOf(row[place['sex']!]!)),
    {
      columns: columns.map((name) => name.replace(/_(mm|g)$/, '').replace('_', ' ')),
      classes: ['female', 'male'],
    },
  );
}
