// Memory over very many calls: npm run test:soak [-- --predict 100000 --train 100000 --models 1000 --lengths 2000]
// Each kind runs in a process of its own. After the first tenth of the calls its resident memory has to stay within 5 %.
import { spawnSync } from 'node:child_process';
import { URL, fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    predict: { type: 'string', default: '100000' },
    train: { type: 'string', default: '100000' },
    models: { type: 'string', default: '1000' },
    lengths: { type: 'string', default: '2000' },
  },
});
// V8 doubles its young generation at some later call: it has its full size from the start.
const YOUNG = ['--min-semi-space-size=16', '--max-semi-space-size=16'];
const worker = fileURLToPath(new URL('calls.mjs', import.meta.url));
const kinds = Object.entries(values).filter(([, count]) => Number(count) > 0);
const failed = kinds.filter(
  ([kind, count]) =>
    spawnSync(process.execPath, [...YOUNG, '--import', 'tsx', worker, kind, count], { stdio: 'inherit' })
      .status !== 0,
);
console.log(`soak: ${kinds.length - failed.length} passed, ${failed.length} failed`);
process.exit(failed.length ? 1 : 0);
