import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

/** The largest temperature of each day of 2012 to 2015 in Seattle, 1,461 days, in °C (US National Climatic Data Center). */
export async function seattleTemperatures(): Promise<Float32Array> {
  const file = createRequire(import.meta.url).resolve('@observablehq/sample-datasets/weather.csv');
  const [header = '', ...lines] = (await readFile(file, 'utf8')).trim().split(/\r?\n/);
  const column = header.split(',').indexOf('temp_max');
  const days = lines.map((line) => line.split(',')).filter(([place]) => place === 'Seattle');
  return Float32Array.from(days, (cells) => Number(cells[column]));
}
