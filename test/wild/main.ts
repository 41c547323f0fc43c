/**
 * Random calls of the whole public surface in child processes: node --import tsx test/wild/main.ts [--calls N] [--seed S] [--only CALL]
 *
 * A call fails where its process dies, where it takes more than 5 s, or where it throws or rejects with anything but an EngineError
 * (what a user's own getter or function throws comes through as it is). Each failure tells the command that repeats it.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    calls: { type: 'string', default: '5000' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string' },
  },
});
const seed = Number(values.seed);
const first = values.only === undefined ? 0 : Number(values.only);
const calls = values.only === undefined ? Number(values.calls) : first + 1;

/** Calls that one process makes: a new one now and then, so that what a call leaves behind does not reach all later ones. */
const CALLS_A_PROCESS = 2000;
const LONGEST_MS = 5000;
/** What a process may take to load. */
const START_MS = 60_000;

const child = fileURLToPath(new URL('child.ts', import.meta.url));
const cache = mkdtempSync(join(tmpdir(), 'nodegrad-wild-'));
let failed = 0;

function fail(call: number, what: string, text: string): void {
  failed++;
  console.log(`call ${call}: ${what}\n  ${text}\n  npm run test:wild -- --seed ${seed} --only ${call}`);
}

/** Runs calls in one process until they are done or it dies, and gives the number of the next call. */
async function run(from: number, count: number): Promise<number> {
  let call = from - 1;
  let text = 'while it was loaded';
  let hung = false;
  const worker = spawn(
    process.execPath,
    ['--import', 'tsx', '--expose-gc', child, String(seed), String(from), String(count)],
    {
      stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
      // No data set is fetched from anywhere.
      env: { ...process.env, NODEGRAD_CACHE: cache, NODEGRAD_MNIST_MIRROR: 'http://127.0.0.1:9' },
    },
  );
  let errors = '';
  worker.stderr!.on('data', (chunk: Buffer) => (errors = (errors + chunk.toString()).slice(-2000)));
  const kill = () => {
    hung = true;
    worker.kill('SIGKILL');
  };
  let watchdog = setTimeout(kill, START_MS);
  let rest = '';
  let done = false;
  const reports = worker.stdio[3] as Readable;
  reports.on('data', (chunk: Buffer) => {
    const lines = (rest + chunk.toString()).split('\n');
    rest = lines.pop()!;
    clearTimeout(watchdog);
    watchdog = setTimeout(kill, LONGEST_MS + 1000);
    for (const line of lines) {
      const message = JSON.parse(line) as { begin?: number; text?: string; error?: string; done?: true };
      if (message.begin !== undefined) [call, text] = [message.begin, message.text!];
      if (message.error !== undefined) fail(call, message.error, text);
      if (message.done) done = true;
    }
  });
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve) =>
    worker.on('close', (...end) => resolve(end)),
  );
  clearTimeout(watchdog);
  if (done && code === 0) return from + count;
  fail(
    Math.max(call, from),
    hung ? 'no end after 5 s' : `the process died (${signal ?? code})`,
    `${text}\n  ${errors.trim()}`,
  );
  return Math.max(call, from) + 1;
}

console.log(`seed ${seed}`);
for (let next = first; next < calls;) next = await run(next, Math.min(CALLS_A_PROCESS, calls - next));
rmSync(cache, { recursive: true, force: true });
console.log(`wild: ${calls - first - failed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);
