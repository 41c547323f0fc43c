// Reads files of all formats that were changed at random, in a process that may crash or hang: each has to be read, or refused with an
// EngineError, within 5 s and 10 times its size and 100 MB of memory.
//     npm run test:files -- --cases 2000 --seed 7
import { spawn } from 'node:child_process';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { clearTimeout, setTimeout } from 'node:timers';
import { URL, fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: { cases: { type: 'string', default: '2000' }, seed: { type: 'string', default: '7' } },
});
const script = fileURLToPath(new URL('cases.ts', import.meta.url));
/** The process says of slower cases itself that they are too slow; this is for those without an end. */
const SILENT_MS = 60_000;
const results = {};
let wrong = 0;

function complain(at, what) {
  wrong++;
  console.log(`case ${at}: ${what}`);
}

/** What libraries leave of broken files adds up. */
const CASES_A_PROCESS = 5000;

/** Runs cases until the process ends. @returns The case that was the last. */
async function run(from) {
  const { seed } = values;
  const cases = String(Math.min(Number(values.cases), from + CASES_A_PROCESS));
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', script, '--from', String(from), '--cases', cases, '--seed', seed],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  let [at, isOver, isSilent] = [`${from}`, false, false];
  let timer;
  const wait = () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      isSilent = true;
      child.kill('SIGKILL');
    }, SILENT_MS);
  };
  wait();
  const ended = new Promise((resolve) => child.on('close', (code, signal) => resolve(signal ?? code)));
  for await (const line of createInterface({ input: child.stdout })) {
    wait();
    const [word, ...rest] = line.split(' ');
    if (word === 'case') at = rest.join(' ');
    else if (word === 'wrong:') complain(at, rest.join(' '));
    else if (word === 'end') isOver = true;
    else if (word === 'read' || word === 'refused') {
      const name = rest.join(' ');
      results[name] ??= { read: 0, refused: 0 };
      results[name][word]++;
    }
    // What else is printed comes from libraries.
  }
  clearTimeout(timer);
  const how = await ended;
  if (isOver && how === 0) return Number(cases) - 1;
  // What the cases before it have left may be the reason, or a machine without time for this: it has to end in a new process.
  if (isSilent && parseInt(at) > from) {
    console.log(`case ${at}: nothing for ${SILENT_MS / 1000} s; once more in a new process`);
    return parseInt(at) - 1;
  }
  complain(at, `the process ended with ${how}`);
  return parseInt(at);
}

for (let from = 0; from < Number(values.cases);) from = (await run(from)) + 1;
const sum = (what) => Object.values(results).reduce((total, counts) => total + counts[what], 0);
for (const [name, { read, refused }] of Object.entries(results).sort())
  console.log(`${name}: ${read} read, ${refused} refused`);
console.log(`files: ${sum('read') + sum('refused') - wrong} passed, ${wrong} failed`);
process.exit(wrong > 0 ? 1 : 0);
