// npm run test:examples: runs every example with --quick and fails where one misses its figure, or its pictures, and where wrong arguments are taken.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const tsx = import.meta.resolve('tsx');
// Pictures go below the folder in which an example runs.
const folder = mkdtempSync(join(tmpdir(), 'nodegrad-examples-'));
const run = (name, ...args) =>
  spawnSync(process.execPath, ['--import', tsx, join(root, 'examples', `${name}.ts`), ...args], {
    cwd: folder,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    env: { ...process.env, TSX_TSCONFIG_PATH: join(root, 'tsconfig.json') },
  });

/** What examples answer to arguments, by one of them, mlp unless another is named: where it ends with a status and prints a text. */
const answers = [
  { args: ['--help'], status: 0, stream: 'stdout', text: '--quick  --points spirals' },
  { args: ['--epoch', '3'], status: 1, stream: 'stderr', text: "Unknown option '--epoch'" },
  {
    args: ['--epochs', 'few'],
    status: 1,
    stream: 'stderr',
    text: '--epochs: expected a number, received few',
  },
  {
    name: 'mnist',
    args: ['--device', 'gpu'],
    status: 1,
    stream: 'stderr',
    text: "expected 'cpu', 'cuda' or 'cuda:1', received 'gpu'",
  },
];

let [passed, failed] = [0, 0];
try {
  for (const { name = 'mlp', args, status, stream, text } of answers) {
    const answer = run(name, ...args);
    const isGood = answer.status === status && answer[stream].includes(text);
    isGood ? (passed += 1) : (failed += 1);
    console.log(`${isGood ? 'ok    ' : 'FAILED'} ${name} ${args.join(' ')}`);
    if (!isGood) console.log(`${answer.status}\n${answer.stdout}\n${answer.stderr}`);
  }
  const names = readdirSync(join(root, 'examples'))
    .filter((entry) => entry.endsWith('.ts'))
    .map((entry) => entry.slice(0, -3));
  for (const name of names) {
    const begin = performance.now();
    const { status, stdout, stderr } = run(name, '--quick');
    const seconds = ((performance.now() - begin) / 1000).toFixed(1);
    const figures = stdout.split('\n').filter((line) => /^(ok {4}|MISSED) /.test(line));
    const pictures = existsSync(join(folder, 'out', name))
      ? readdirSync(join(folder, 'out', name)).length
      : 0;
    const isGood = status === 0 && figures.length > 0;
    console.log(`${isGood ? 'ok    ' : 'FAILED'} ${name}: ${seconds} s, ${pictures} files`);
    if (isGood) {
      passed += 1;
      console.log(figures.map((line) => `       ${line.slice(7)}`).join('\n'));
    } else {
      failed += 1;
      console.log(`${stdout.slice(-2000)}\n${stderr.slice(-2000)}`);
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
console.log(`examples: ${passed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);
