// Lines per folder, and which files grew since the commit this work starts from. A long file needs its reason below.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const LIMIT = 500;
const REASONS = {
  'lib/data/dataset.ts': 'one class, most of whose lines document its methods',
};

/** The command's output; empty where git has no such commit (a shallow clone has no parent). */
function git(...args) {
  try {
    return execFileSync('git', args, {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return '';
  }
}

const SOURCES =
  /^(lib|cpp|binding|cuda|test|bench|examples|scripts|cmake|web|bin|gpu-check)\/.*\.(ts|tsx|mjs|js|py|cpp|h|cu|cuh|cmake)$/;
const files = git('ls-files', '--cached', '--others', '--exclude-standard')
  .split('\n')
  .filter((file) => SOURCES.test(file));
const totals = new Map();
let failed = false;
for (const file of files) {
  const lines = readFileSync(join(root, file), 'utf8').split('\n').length - 1;
  const folder = file.split('/').slice(0, file.startsWith('cpp/') || file.startsWith('lib/') ? 2 : 1);
  const key = folder.at(-1).includes('.') ? folder[0] : folder.join('/');
  const { count = 0, sum = 0 } = totals.get(key) ?? {};
  totals.set(key, { count: count + 1, sum: sum + lines });
  if (lines > LIMIT && !(file in REASONS)) {
    console.error(
      `${file}: ${lines} lines; over ${LIMIT} a file is split, or its reason goes into scripts/check-lines.mjs.`,
    );
    failed = true;
  }
}
for (const file of Object.keys(REASONS)) {
  if (!files.includes(file)) {
    console.error(`${file} has a reason in scripts/check-lines.mjs but does not exist.`);
    failed = true;
  }
}
for (const [folder, { count, sum }] of totals)
  console.log(`${String(sum).padStart(7)} lines ${String(count).padStart(4)} files  ${folder}`);

const head = git('rev-parse', 'HEAD');
const fork = git('merge-base', 'HEAD', 'main');
const base = fork && fork !== head ? fork : git('rev-parse', 'HEAD~1');
const grown = git('diff', '--numstat', base || 'HEAD', '--', ...files)
  .split('\n')
  .map((row) => row.split('\t'))
  .map(([added, removed, file]) => ({ file, growth: Number(added) - Number(removed) }))
  .filter(({ growth }) => growth > 0)
  .sort((a, b) => b.growth - a.growth);
if (grown.length) console.log(`Grown since ${base.slice(0, 8)}:`);
for (const { file, growth } of grown.slice(0, 15)) console.log(`${String(growth).padStart(7)} ${file}`);
process.exit(failed ? 1 : 0);
