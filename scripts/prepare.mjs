// Runs after `npm ci` in a clone, and before `npm pack`: the addon, the TypeScript and the page of the dashboard. What they print goes to
// stderr: the output of `npm pack --json` is JSON only.
import { spawnSync } from 'node:child_process';

for (const script of ['build:native', 'build:ts', 'build:web']) {
  const { status } = spawnSync('npm', ['run', '--silent', script], { stdio: ['inherit', 2, 'inherit'] });
  if (status !== 0) process.exit(status ?? 1);
}
