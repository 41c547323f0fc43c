import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import * as nodegrad from 'nodegrad';
import * as datasets from '../lib/datasets/index.js';
import { familiesOf } from '../scripts/docs/families.mjs';
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
    'start',
    'layers',
    'training',
    'several-inputs',
    'speed-and-precision',
    'servers-and-electron',
    'troubleshooting',
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

/** Blocks of code that are a part of something larger, by how they begin, and what they are a part of. */
const FRAGMENTS = {
  '    {"softsign", [](const Rule& r)': 'the table of an op that a reader adds',
  'struct Softsign {': 'a kernel of that op',
  '/** x / (1 + |x|). */': 'its public function',
};

/** Blocks of code, by their languages: those in fences, and those that are indented, which are commands. */
function blocksOf(text: string) {
  const fenced = [...text.matchAll(/^```(\w*)\n(.*?)^```$/gms)].map((match) => ({
    language: match[1]!,
    code: match[2]!,
  }));
  const rest = text.replace(/^```.*?^```$/gms, '');
  const indented = [...rest.matchAll(/(?<=\n\n)(?: {4}.+\n)+/g)].map(([code]) => ({
    language: 'bash',
    code,
  }));
  return [...fenced, ...indented];
}
const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };

describe.each(documents)('%s', (file) => {
  const text = read(file);
  const here = new URL(file, root);

  it('has no code that nothing runs', () => {
    for (const { language, code } of blocksOf(text)) {
      if (Object.keys(FRAGMENTS).some((start) => code.startsWith(start))) continue;
      if (language === 'text') continue; // what a program prints, or a drawing
      if (language === 'ts') {
        expect(code).toContain("from 'nodegrad'"); // a program: see above
        expect(file === 'README.md' || file.startsWith('docs/'), file).toBe(true);
      } else if (language === 'cpp') {
        const { stderr, status } = spawnSync(
          'g++',
          ['-std=c++20', '-Wall', '-Werror', '-fsyntax-only', `-I${pathOf('cpp')}`, '-x', 'c++', '-'],
          { input: code, encoding: 'utf8' },
        );
        expect([stderr, status]).toEqual(['', 0]);
      } else {
        expect(language).toBe('bash');
        const commands = code.split('\n').filter((line) => line.trim() !== '');
        const known = /^ *(\w+=\S+ )?(npm|npx|node|python3?|\.ci\/run|apt-get) /;
        expect(commands.filter((line) => !known.test(line))).toEqual([]);
        const called = [...code.matchAll(/npm run ([\w:-]+)/g)].map((match) => match[1]!);
        expect(called.filter((name) => !(name in scripts))).toEqual([]);
      }
    }
  });

  it('links to files that are there', () => {
    const prose = text.replace(/^```.*?^```$/gms, '');
    const links = [...prose.matchAll(/\]\((?!\w+:|#)([^)#]+)[^)]*\)/g)].map((match) => match[1]);
    expect(links.filter((link) => !existsSync(fileURLToPath(new URL(link!, here))))).toEqual([]);
  });

  // The changes tell old names, too.
  it.skipIf(file === 'CHANGELOG.md')('names what the package has', () => {
    const names = [...text.matchAll(/`[^`\n]+`/g)].flatMap(([code]) => [
      ...code.matchAll(/(?<![\w./])([a-z]\w*)\.((?:[a-z]\w*\.)*[a-z]\w*)\b/gi),
    ]);
    const isThere = ([, space, path]: RegExpExecArray) => {
      let found: unknown = nodegrad[space as keyof typeof nodegrad];
      for (const name of path!.split('.')) found = (found as Record<string, unknown> | undefined)?.[name];
      return found !== undefined;
    };
    const ofPackage = names.filter(
      ([all, space]) =>
        typeof nodegrad[space as keyof typeof nodegrad] === 'object' &&
        !/\.(ts|csv|png)$|_/.test(all) && // a file, or a name of Python's
        all !== 'layers.name', // stands for any
    );
    expect(ofPackage.filter((match) => !isThere(match)).map(([all]) => all)).toEqual([]);
  });

  it('names files that are there', () => {
    const named = text.matchAll(/`((?:lib|cpp|binding|test|bench|scripts|docs)\/[\w./-]+\.\w+)`/g);
    const missing = [...named].map((match) => match[1]).filter((path) => !existsSync(pathOf(path!)));
    expect(missing.filter((path) => !/NAME|FAMILY/.test(path!))).toEqual([]);
  });
});

it('names every fragment that is in a document', () => {
  const all = documents.flatMap((file) => blocksOf(read(file)));
  for (const start of Object.keys(FRAGMENTS))
    expect(all.filter(({ code }) => code.startsWith(start))).toHaveLength(1);
});

describe('the program of the README', () => {
  const [program, ...others] = programsOf(read('README.md'));

  it('has ten lines', () => {
    expect(program!.trimEnd().split('\n').length).toBeLessThanOrEqual(10);
    expect(others).toEqual([]);
    expect(typeErrorsOf(new Map([['readme', program!]]))).toEqual([]);
  });

  it('trains a net, draws its curves and saves it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'nodegrad-readme-'));
    try {
      writeFileSync(join(folder, 'program.mts'), program!);
      const { stderr, status } = spawnSync(
        process.execPath,
        ['--import', import.meta.resolve('tsx'), 'program.mts'],
        {
          cwd: folder,
          encoding: 'utf8',
          env: { ...process.env, TSX_TSCONFIG_PATH: pathOf('tsconfig.json') },
        },
      );
      expect([stderr, status]).toEqual(['', 0]);
      expect(readFileSync(join(folder, 'history.svg'), 'utf8')).toMatch(
        /^<svg.*accuracy.*validation|^<svg.*validation.*accuracy/s,
      );
      const model = await nodegrad.loadModel(join(folder, 'model.keras'));
      const { test } = await datasets.mnist();
      const { accuracy } = await model.evaluate(test.images, test.labels, { verbose: 0 });
      expect(accuracy).toBeGreaterThan(0.95);
    } finally {
      rmSync(folder, { recursive: true });
    }
  }, 180_000);
});

/** How many names, and files of `export *`, a piece of an index.ts has. */
const exportsOf = (text: string) =>
  [...text.matchAll(/\{([^}]*)\}|export \*/g)]
    .map(([, list]) => list?.split(',').filter((name) => name.trim() !== '').length ?? 1)
    .reduce((sum, count) => sum + count, 0);

describe('the pages of npm run docs', () => {
  const { chapters } = JSON.parse(read('scripts/docs/contents.json')) as {
    chapters: Record<string, readonly string[]>;
  };

  it('have a place for each guide, and so has the README a link', () => {
    const listed = Object.values(chapters).flat();
    const names = guides.map((file) => basename(file, '.md'));
    expect(listed.filter((name) => !name.endsWith('.md')).sort()).toEqual(names.sort());
    expect(names.filter((name) => !read('README.md').includes(`(docs/${name}.md)`))).toEqual([]);
  });

  it.each([
    ['layers', []],
    ['ops', ['methods', 'aliases']],
  ])('have a family for each name of lib/%s', (folder, without) => {
    const index = read(`lib/${folder}/index.ts`);
    const [first = '', ...parts] = index.split(/^\/\/ .*\n/m);
    expect([...first.matchAll(/'\.\/(\w+)\.js'/g)].map(([, file]) => file)).toEqual(without);
    const families = familiesOf(pathOf(`lib/${folder}/index.ts`));
    expect(families).toHaveLength(parts.length);
    for (const [i, { heading, names, files }] of families.entries())
      expect(names.size + files.length, heading).toBe(exportsOf(parts[i]!));
    const all = families.flatMap(({ names, files }) => [...names, ...files]);
    expect(all.length, 'none twice').toBe(new Set(all).size);
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

describe('the programs of lectures', () => {
  const sections = read('docs/decks.md').split(/^## /m).slice(1);
  const namesOf = (section: string) =>
    [...section.split('\n', 1)[0]!.matchAll(/`([\w-]+)`/g)].map((match) => match[1]!);
  /** An example, and what it imports from examples/. */
  const sourceOf = (file: string, seen = new Set<string>()): string => {
    if (seen.has(file)) return '';
    seen.add(file);
    const text = read(file);
    const imports = [...text.matchAll(/from '(\.[^']*)\.js'/g)].map((match) =>
      new URL(`${match[1]}.ts`, `file:///${file}`).pathname.slice(1),
    );
    return [text, ...imports.map((name) => sourceOf(name, seen))].join('\n');
  };

  it('have a section for each example, but those that no lecture shows', () => {
    const others = ['forecast', 'gan', 'int8', 'tabular', 'vae'];
    const examples = readdirSync(new URL('examples/', root)).filter((file) => file.endsWith('.ts'));
    const shown = sections.flatMap(namesOf);
    expect([...shown, ...others].sort()).toEqual(examples.map((file) => file.slice(0, -3)).sort());
  });

  it.each(sections.map((section) => [namesOf(section).join(), section] as const))(
    '%s: what TypeScript calls and sets is in the examples',
    (_, section) => {
      const sources = namesOf(section).map((name) => sourceOf(`examples/${name}.ts`));
      const source = sources.join('\n').replace(/\s+\./g, '.');
      const cells = section.split('\n').flatMap((line) => /^\| .* \| (.*) \|$/.exec(line)?.[1] ?? []);
      const code = cells.flatMap((cell) => [...cell.matchAll(/`([^`]*)`/g)].map((match) => match[1]!));
      const used = code.flatMap((text) => {
        const [calls, options] = [/(?:\w+\.)+\w+(?=\()|\bnew \w+(?=\()/g, /\b[a-z]\w*(?=: )/g];
        // Of a method its name alone: what it is called on has other names there.
        const names = [...text.matchAll(calls)].map(([name]) =>
          name.split('.', 1)[0]! in nodegrad ? name : name.replace(/^.*(?=\.)/, ''),
        );
        return [...names, ...[...text.matchAll(options)].map(([name]) => name)];
      });
      expect(used).not.toEqual([]);
      expect(used.filter((name) => !source.includes(name))).toEqual([]);
    },
  );
});
