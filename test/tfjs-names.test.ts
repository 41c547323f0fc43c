/** The tables of docs/coming-from-tfjs.md: each name of TensorFlow.js has a row, and what a row names is there. */
import { readFileSync } from 'node:fs';
import * as nodegrad from 'nodegrad';
import { describe, expect, it } from 'vitest';

const read = (file: string) => readFileSync(new URL(file, import.meta.url), 'utf8');
const names = JSON.parse(read('fixtures/tfjs_names.json')) as Record<string, string[]>;
const page = read('../docs/coming-from-tfjs.md');

/** Options and methods that rows name besides exports. */
const WORDS = new Set(
  'callbacks fit fromLogits interpolation mode momentum reduction sampleWeight side threshold useEma'.split(
    ' ',
  ),
);

const spans = (cell: string) => [...cell.matchAll(/`([^`]+)`/g)].map(([, span = '']) => span);

/** The rows below the title of a family. */
function rowsOf(family: string): { theirs: string[]; ours: string }[] {
  const [, section = ''] = page.split(`\n### ${family}\n`);
  return (section.split('\n### ')[0] ?? '')
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => {
      const [, theirs = '', ours = ''] = line.split('|');
      return { theirs: spans(theirs), ours: ours.trim() };
    });
}

function isThere(path: string): boolean {
  let value: unknown = nodegrad;
  for (const name of path.split('.')) {
    if ((typeof value !== 'object' && typeof value !== 'function') || value === null || !(name in value))
      return false;
    value = Object.getOwnPropertyDescriptor(value, name)?.value ?? (value as Record<string, unknown>)[name];
  }
  return value !== undefined;
}

describe.each(Object.entries(names))('the names of %s', (family, list) => {
  const rows = rowsOf(family);

  it('have a row each', () => {
    expect(rows.flatMap(({ theirs }) => theirs).sort()).toEqual([...new Set(list)].sort());
  });

  it('are told with names that are there, or a reason', () => {
    for (const { theirs, ours } of rows) {
      expect(ours.length).toBeGreaterThan(5);
      for (const span of spans(ours)) {
        if (span.endsWith('.*'))
          expect(theirs.filter((name) => !isThere(span.replace('*', name)))).toEqual([]);
        else if (!WORDS.has(span) && !/[()]/.test(span) && span !== 'console.log')
          expect([span, isThere(span)]).toEqual([span, true]);
      }
    }
  });
});
