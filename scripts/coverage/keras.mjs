// Compares the public names of Keras with ours: node scripts/coverage/keras.mjs [--check]. Writes docs/keras-coverage.md, or with
// --check fails where that file is not what would be written.
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { lettersOf, readSurface } from './surface.mjs';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const read = (file) => JSON.parse(readFileSync(join(root, file), 'utf8'));
const keras = read('test/fixtures/keras_surface.json');
const reasons = read('scripts/coverage/keras-reasons.json');
const surface = readSurface(root);

/** Why something of Keras is left out on purpose, if it is: by family and name, or by name in every family. */
const reasonFor = (table, family, name) => table[`${family}.${name}`] ?? table[name];

function compare(family, name, kerasArguments, ours) {
  const reason = reasonFor(reasons.names, family, name);
  if (ours === undefined)
    return { name, state: reason === undefined ? 'absent' : 'left out', notes: reason ?? '' };
  const letters = new Set([...ours.names].map(lettersOf));
  const renamed = (argument) => reasonFor(reasons.renamed, `${family}.${name}`, argument) ?? argument;
  const missing = kerasArguments.filter(({ name: argument }, place) => {
    // What a function needs is given by place: its name does not matter.
    const byPlace = !ours.isClass && place < ours.positional && kerasArguments[place].default === undefined;
    return !byPlace && !letters.has(lettersOf(renamed(argument)));
  });
  const without = missing.filter(
    ({ name: argument }) => reasonFor(reasons.arguments, `${family}.${name}`, argument) === undefined,
  );
  const notes = missing.map(({ name: argument }) => argument).join(', ');
  return {
    name,
    state: without.length === 0 ? 'present' : 'differs',
    notes:
      without.length > 0
        ? `misses ${without.map((one) => one.name).join(', ')}`
        : notes && `without ${notes} (below)`,
  };
}

function tableOf(family, names, ours) {
  return Object.entries(names).map(([name, { arguments: list = [], aliases = [] }]) => {
    const found = [name, ...aliases].map((one) => ours.get(lettersOf(one))).find(Boolean);
    return compare(family, name, list, found);
  });
}

const families = [
  ...Object.entries({ ...keras.classes, ...keras.functions }).map(([family, names]) => [
    family,
    tableOf(family, names, surface.namespace(family)),
  ]),
  ['Model', tableOf('Model', keras.model, surface.members('Model'))],
];

const count = (rows, state) => rows.filter((row) => row.state === state).length;
const row = (...cells) => `| ${cells.join(' | ')} |`;
const text = [
  `# Keras ${keras.version} and nodegrad, name by name`,
  '',
  'Written by `npm run coverage:keras` from the types of this package and a description of Keras (`test/fixtures/make_keras_surface.py`).',
  '',
  row('family', 'present', 'some arguments missing', 'absent', 'left out on purpose'),
  row('---', '---', '---', '---', '---'),
  ...families.map(([family, rows]) =>
    row(
      family,
      count(rows, 'present'),
      count(rows, 'differs'),
      count(rows, 'absent'),
      count(rows, 'left out'),
    ),
  ),
  '',
  ...families.flatMap(([family, rows]) => [
    `## ${family}`,
    '',
    ...['absent', 'differs', 'left out', 'present']
      .map((state) => [state, rows.filter((one) => one.state === state)])
      .filter(([, some]) => some.length > 0)
      .map(([state, some]) =>
        state === 'absent' || state === 'present'
          ? `- **${state}**: ${some.map(({ name, notes }) => (notes ? `${name} ${notes}` : name)).join(', ')}`
          : `- **${state}**:\n${some.map(({ name, notes }) => `  - ${name}: ${notes}`).join('\n')}`,
      ),
    '',
  ]),
  '## Arguments left out on purpose',
  '',
  ...Object.entries(reasons.arguments).map(([name, why]) => `- ${name}: ${why}`),
].join('\n');

const file = join(root, 'docs/keras-coverage.md');
if (process.argv.includes('--check')) {
  if (readFileSync(file, 'utf8') !== `${text}\n`) {
    console.error('docs/keras-coverage.md: not what the tree has; npm run coverage:keras writes it.');
    process.exit(1);
  }
} else {
  writeFileSync(file, `${text}\n`);
  console.log(text.slice(0, text.indexOf('\n## ')));
}
