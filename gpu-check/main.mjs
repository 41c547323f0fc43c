// Looks at all that only a GPU shows, within nine minutes, and ends with one table in Markdown: gpu-check/run --help
import { spawn, spawnSync } from 'node:child_process';
import { createWriteStream, existsSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { performance } from 'node:perf_hooks';
import { clearTimeout, setTimeout } from 'node:timers';
import { parseArgs } from 'node:util';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const MOST_SECONDS = 540;
const LONGEST_TEXT = 400;

const measured = (part) => [process.execPath, ['--import', 'tsx', 'gpu-check/measure.ts', part]];

/** A file of tests of test/cuda/emulated. */
function tested(name) {
  const vitest = join(root, 'node_modules/vitest/vitest.mjs');
  const config = join(root, 'test/cuda/emulated/vitest.config.ts');
  return [process.execPath, [vitest, 'run', '--config', config, `emulated/${name}.ts`]];
}

const bench = (peers) => [
  process.execPath,
  [
    '--import',
    'tsx',
    'bench/main.ts',
    '--training',
    '--device',
    'cuda',
    '--json',
    '--steps',
    '5',
    '--peers',
    peers,
  ],
];

/** What a test run, a measurement and the bench tell: the last of their lines that matches, or what is made of it. */
const TEXTS = {
  tests: (output) => /^\s*Tests\s+(.*)$/m.exec(output)?.[1],
  result: (output) =>
    output
      .match(/^RESULT .*$/gm)
      ?.at(-1)
      ?.slice('RESULT '.length),
  memcheck: (output) => output.match(/ERROR SUMMARY: .*$/gm)?.join('; '),
  bench: (output) => {
    const line = output.split('\n').find((one) => one.startsWith('{"date"'));
    return line === undefined ? undefined : speedsOf(JSON.parse(line));
  },
};

function speedsOf({ training, failures }) {
  const ms = (entry) => entry.timing?.minimum.toFixed(3) ?? 'failed';
  const nets = training.map(({ net, precision, ours, peers }) =>
    [
      `${net} ${precision} ${ms(ours)} ms`,
      ...Object.entries(peers).map(([name, peer]) => `${name} ${ms(peer)}`),
    ].join(', '),
  );
  return [...nets, ...failures].join('; ');
}

/** Each part with the seconds that it may take. What is `decisive` ends the run where it fails: nothing else would tell more. */
const PARTS = {
  'self-check': { seconds: 40, command: measured('self-check'), text: TEXTS.result, decisive: true },
  'op table': { seconds: 90, command: tested('ops'), text: TEXTS.tests },
  products: { seconds: 40, command: tested('products'), text: TEXTS.tests },
  kernels: { seconds: 40, command: tested('kernels'), text: TEXTS.tests },
  nets: { seconds: 60, command: tested('nets'), text: TEXTS.tests },
  determinism: { seconds: 50, command: measured('determinism'), text: TEXTS.result },
  'host time': { seconds: 30, command: measured('host-time'), text: TEXTS.result },
  gaps: { seconds: 40, command: measured('gaps'), text: TEXTS.result },
  bandwidth: { seconds: 30, command: measured('bandwidth'), text: TEXTS.result },
  speed: { seconds: 150, command: bench, text: TEXTS.bench },
  memcheck: {
    seconds: 120,
    command: [
      'compute-sanitizer',
      ['--target-processes=all', '--error-exitcode=9', ...tested('products').flat()],
    ],
    text: TEXTS.memcheck,
  },
};

const USAGE = `gpu-check/run [--built] [--only PART,…] [--emulated] [--small] [--seconds N] [--out FOLDER]
  --built     takes the library of build/cuda/nodegrad-cuda as it is, else builds it (npm run build:cuda)
  --only      of ${Object.keys(PARTS).join(', ')}; default all
  --emulated  on the emulated GPU (node scripts/cuda.mjs emulated)
  --small     little work in each part, to try the script
  --seconds   the most that all parts together may take; default ${MOST_SECONDS}
  --out       where the outputs of the parts go, a file each; default build/cuda/gpu-check`;

/** Runs a command with a limit of time, and all processes that it has started end with it. */
function runLimited([command, args], { seconds, env, log }) {
  return new Promise((done) => {
    const child = spawn(command, args, { cwd: root, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    let isLate = false;
    const file = createWriteStream(log);
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (part) => {
        output += part;
        file.write(part);
        process.stdout.write(part);
      });
    const timer = setTimeout(() => {
      isLate = true;
      process.kill(-child.pid, 'SIGKILL');
    }, seconds * 1000);
    const end = (result) => {
      clearTimeout(timer);
      file.end();
      done({ output, ...result });
    };
    child.on('error', ({ code }) =>
      end({ state: code === 'ENOENT' ? 'skipped' : 'failed', why: `${command} is not installed (${code})` }),
    );
    child.on('close', (status, signal) => {
      if (isLate) end({ state: 'failed', why: `took more than ${Math.round(seconds)} s` });
      else if (status === 0) end({ state: 'passed' });
      else end({ state: 'failed', why: `ended with ${signal ?? status}` });
    });
  });
}

/** The peers of the speed part: PyTorch where the python3 on the PATH has one that sees the GPU. */
function peersHere() {
  const seen = 'import torch, sys; sys.exit(0 if torch.cuda.is_available() else 1)';
  return spawnSync('python3', ['-c', seen], { timeout: 60_000 }).status === 0
    ? 'torch,torch-compile'
    : 'none';
}

/** A folder with the package, for the tests and measurements to look into. */
function makeProject(isBuilt) {
  const made = join(root, 'build/cuda/nodegrad-cuda');
  if (!isBuilt || !existsSync(made)) {
    const { status } = spawnSync(process.execPath, ['scripts/cuda.mjs', 'package'], {
      cwd: root,
      stdio: 'inherit',
    });
    if (status !== 0) throw new Error('gpu-check: the library was not built.');
  }
  const project = join(root, 'build/cuda/project');
  rmSync(project, { recursive: true, force: true });
  mkdirSync(join(project, 'node_modules'), { recursive: true });
  symlinkSync(made, join(project, 'node_modules/nodegrad-cuda'));
  return project;
}

const cell = (text) => text.replaceAll('|', '/').replaceAll(/\s+/g, ' ').trim().slice(0, LONGEST_TEXT);

async function main({ built, only, emulated, small, seconds, out }) {
  const names = only === undefined ? Object.keys(PARTS) : only.split(',');
  const unknown = names.find((name) => !Object.hasOwn(PARTS, name));
  if (unknown !== undefined)
    throw new Error(`--only: expected some of ${Object.keys(PARTS).join(', ')}, received ${unknown}.`);
  const most = Number(seconds);
  if (!(most > 0)) throw new Error(`--seconds: expected a positive number, received ${seconds}.`);
  const env = { ...process.env, NO_COLOR: '1', NODEGRAD_GPU_CHECK: small ? 'small' : '' };
  if (!emulated) env.NODEGRAD_TEST_GPU = makeProject(built);
  const folder = resolve(out);
  mkdirSync(folder, { recursive: true });
  const begin = performance.now();
  const rows = [];
  let hasEnded = false;
  for (const name of names) {
    const { seconds: own, command, text, decisive = false } = PARTS[name];
    const left = most - (performance.now() - begin) / 1000;
    const limit = Math.min(own, left);
    const why = hasEnded ? 'the self-check failed' : limit < 1 ? `no time is left of ${most} s` : undefined;
    if (why !== undefined) {
      rows.push([name, 'skipped', '', why]);
      continue;
    }
    console.log(`--- ${name}`);
    const start = performance.now();
    const log = join(folder, `${name.replaceAll(' ', '-')}.log`);
    const called = name === 'speed' ? command(emulated ? 'none' : peersHere()) : command;
    const { state, why: reason = '', output } = await runLimited(called, { seconds: limit, env, log });
    const told = [reason, text(output) ?? (state === 'passed' ? 'told nothing' : '')]
      .filter(Boolean)
      .join(': ');
    rows.push([name, state, ((performance.now() - start) / 1000).toFixed(1), cell(told)]);
    hasEnded = decisive && state !== 'passed';
  }
  console.log(`\n| part | result | seconds | what it told |\n| --- | --- | --- | --- |`);
  for (const row of rows) console.log(`| ${row.join(' | ')} |`);
  return rows.some(([, state]) => state === 'failed') ? 1 : 0;
}

try {
  const { values } = parseArgs({
    options: {
      built: { type: 'boolean', default: false },
      only: { type: 'string' },
      emulated: { type: 'boolean', default: false },
      small: { type: 'boolean', default: false },
      seconds: { type: 'string', default: String(MOST_SECONDS) },
      out: { type: 'string', default: process.env.OUT ?? join(root, 'build/cuda/gpu-check') },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) console.log(USAGE);
  else process.exitCode = await main(values);
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
