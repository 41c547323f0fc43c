import { spawnSync } from 'node:child_process';

/** Runs a script in a process of its own, in the project's folder, where it may import TypeScript. */
export function runScript(script: string, env: Record<string, string | undefined> = {}, ...args: string[]) {
  const options = ['--import', 'tsx', '--input-type=module', '-e', script, ...args];
  return spawnSync(process.execPath, options, {
    encoding: 'utf8',
    env: { ...process.env, ...env },
    cwd: new URL('../..', import.meta.url),
    timeout: 240_000,
  });
}
