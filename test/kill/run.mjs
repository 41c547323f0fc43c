// Kills trainings at random moments and starts them again: each has to end with the bits of one that was let alone.
//     npm run test:kill -- --kills 300 --seed 7
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers';
import { URL, fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: { kills: { type: 'string', default: '10' }, seed: { type: 'string', default: '7' } },
});
const script = fileURLToPath(new URL('train.ts', import.meta.url));
let state = Number(values.seed);
/** The next number from 0 to 1. */
const random = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;

/** Runs a training; killed `after` milliseconds of fit, where that is given. Gives its digest, or undefined where it was killed. */
function train(folder, kind, after) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--import', 'tsx', script, folder, kind]);
    let [output, errors] = ['', ''];
    child.stderr.on('data', (text) => (errors += text));
    child.stdout.on('data', (text) => {
      output += text;
      if (after !== undefined && output === 'ready\n') setTimeout(() => child.kill('SIGKILL'), after);
    });
    child.on('close', (code, signal) => {
      const digest = /done (\w+)/.exec(output)?.[1];
      if (digest !== undefined || signal === 'SIGKILL') resolve(digest);
      else reject(new Error(`the training ended with ${code}: ${errors}`));
    });
  });
}

const KINDS = ['arrays', 'generator', 'dataset'];
const folders = mkdtempSync(join(tmpdir(), 'nodegrad-kill-'));
let [kills, runs, wrong] = [0, 0, 0];
try {
  const alone = {};
  for (const kind of KINDS) alone[kind] = await train(join(folders, kind), kind);
  while (kills < Number(values.kills)) {
    const kind = KINDS[runs % KINDS.length];
    const folder = join(folders, String(runs++));
    let digest;
    // A run is killed five times at most, so that it comes to its end.
    for (let i = 0; digest === undefined; i++) {
      const after =
        i < 5 && kills < Number(values.kills) ? random() * (kind === 'dataset' ? 900 : 250) : undefined;
      digest = await train(folder, kind, after);
      if (digest === undefined) kills++;
    }
    if (digest !== alone[kind]) {
      wrong++;
      console.log(`run ${runs} (${kind}) ended with other bits`);
    }
    const left = readdirSync(folder).filter((name) => name.endsWith('.tmp') || name === 'latest.safetensors');
    if (left.length > 0) {
      wrong++;
      console.log(`run ${runs} left ${left.join(', ')}`);
    }
  }
} finally {
  rmSync(folders, { recursive: true, force: true });
}
console.log(`${kills} kills in ${runs} trainings`);
console.log(`kill: ${Math.max(0, runs - wrong)} passed, ${wrong} failed`);
process.exit(wrong > 0 ? 1 : 0);
