// npm run test:onnx: fetches the tests of the package onnx (pinned) and installs the peer, then runs main.ts.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fetchTool } from '../../scripts/native.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const data = join(fetchTool('onnx-tests'), 'onnx/backend/test/data');
// Without the GPU libraries that the package would download.
if (!existsSync(join(here, 'node_modules')))
  execFileSync('npm', ['ci', '--onnxruntime-node-install=skip'], {
    cwd: here,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
const { status } = spawnSync(
  process.execPath,
  ['--import', 'tsx', join(here, 'main.ts'), '--data', data, ...process.argv.slice(2)],
  { cwd: dirname(dirname(here)), stdio: 'inherit' },
);
process.exit(status ?? 1);
