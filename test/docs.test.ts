import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { printedBy, programsOf, promisedBy, typeErrorsOf } from './support/examples.js';

const root = new URL('../', import.meta.url);
const read = (file: string) => readFileSync(new URL(file, root), 'utf8');
const pathOf = (file: string) => fileURLToPath(new URL(file, root));
const guides = readdirSync(new URL('docs/', root)).filter((file) => file.endsWith('.md'));
const documents = [
  'README.md',
  'examples/README.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  ...guides.map((file) => `docs/${file}`),
];

describe('the programs in docs/', () => {
  const programs = new Map(
    guides.flatMap((file) =>
      programsOf(read(`docs/${file}`)).map((program, i) => [`${file}.${i + 1}`, program] as const),
    ),
  );

  it('are type-correct', () => {
    expect(typeErrorsOf(programs)).toEqual([]);
  });

  it.each([...programs])('%s prints what it says', async (_, program) => {
    const promised = promisedBy(program);
    expect(promised.length, 'a program shows what it does').toBeGreaterThan(0);
    expect(await printedBy(program)).toEqual(promised);
  });

  it.each([
    'own-layer',
    'custom-objects',
    'own-training-loop',
    'own-training-step',
    'own-optimizer',
    'own-metric',
    'callbacks',
    'data',
    'reading-a-plan',
    'saving',
    'visualization',
  ])('%s.md has one', (guide) => {
    expect([...programs.keys()].filter((name) => name.startsWith(guide))).not.toEqual([]);
  });
});

describe.each(documents)('%s', (file) => {
  const text = read(file);
  const here = new URL(file, root);

  it('links to files that are there', () => {
    const prose = text.replace(/^```.*?^```$/gms, '');
    const links = [...prose.matchAll(/\]\((?!\w+:|#)([^)#]+)[^)]*\)/g)].map((match) => match[1]);
    expect(links.filter((link) => !existsSync(fileURLToPath(new URL(link!, here))))).toEqual([]);
  });

  it('names files that are there', () => {
    const named = text.matchAll(/`((?:lib|cpp|binding|test|bench|scripts|docs)\/[\w./-]+\.\w+)`/g);
    const missing = [...named].map((match) => match[1]).filter((path) => !existsSync(pathOf(path!)));
    expect(missing.filter((path) => !/NAME|FAMILY/.test(path!))).toEqual([]);
  });
});

it('the words of the glossary are in the files that it names', () => {
  const rows = read('docs/glossary.md').matchAll(/^\| (.*?) \| `(.*?)` \|/gm);
  const words = [...rows].flatMap(([, terms, file]) =>
    [...terms!.matchAll(/`(\w+)`/g)].map(([, word]) => ({ word, file })),
  );
  expect(words.length).toBeGreaterThan(30);
  expect(words.filter(({ word, file }) => !new RegExp(`\\b${word}\\b`).test(read(file!)))).toEqual([]);
});

it('the page that compares with Keras is what the tree has', () => {
  const { stderr, status } = spawnSync(process.execPath, [pathOf('scripts/coverage/keras.mjs'), '--check'], {
    encoding: 'utf8',
  });
  expect([stderr, status]).toEqual(['', 0]);
}, 60_000);

it('examples/README.md has a row for each example', () => {
  const examples = readdirSync(new URL('examples/', root)).filter((file) => file.endsWith('.ts'));
  const rows = [...read('examples/README.md').matchAll(/^\| `([\w-]+)` \|/gm)].map(
    (match) => `${match[1]}.ts`,
  );
  expect(rows.sort()).toEqual(examples.sort());
});
