import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('.', import.meta.url));
const venv = join(folder, '.venv');
const python = join(venv, 'bin/python');

// stdout is the table's: what installers say goes to stderr.
function run(command: string, args: string[], cwd = folder): void {
  const { status } = spawnSync(command, args, { cwd, stdio: ['ignore', 2, 2] });
  if (status !== 0) throw new Error(`bench: ${command} ${args.join(' ')} failed.`);
}

/** Installs what the lock file pins, once for each of its versions. */
function once(lock: string, stamp: string, install: () => void): void {
  const wanted = readFileSync(lock, 'utf8');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  install();
  writeFileSync(stamp, wanted);
}

/** The command of a peer's driver, its packages installed: peers/FAMILY holds its requirements.txt (Python) or package-lock.json (Node), and its
 * driver where it is another one. onGpu: by the python3 on the PATH, whose packages are taken as they are: those for GPUs have to fit the driver. */
export function driverOf(peer: string, onGpu: boolean): string[] {
  const family = peer.split('-')[0]!;
  const home = join(folder, 'peers', family);
  const requirements = join(home, 'requirements.txt');
  if (onGpu) return ['python3', join(folder, 'peers/driver.py'), peer];
  if (existsSync(requirements)) {
    once(requirements, join(venv, `${family}.installed`), () => {
      if (!existsSync(python)) run('python3', ['-m', 'venv', venv]);
      run(python, ['-m', 'pip', '--disable-pip-version-check', 'install', '--quiet', '-r', requirements]);
    });
    const own = join(home, 'driver.py');
    return [python, existsSync(own) ? own : join(folder, 'peers/driver.py'), peer];
  }
  const lock = join(home, 'package-lock.json');
  if (!existsSync(lock)) throw new Error(`bench: no such peer: ${peer} (bench/peers/${family} is missing).`);
  // Install scripts would fetch kernels for GPUs from elsewhere.
  once(lock, join(home, 'node_modules/.installed'), () => {
    run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], home);
  });
  return [process.execPath, join(home, 'driver.mjs'), peer];
}
