/**
 * The variables of the environment that JavaScript reads, each once, when it is first needed. The engine reads its own
 * (cpp/core/settings.h). docs/settings.md has them all.
 */
import { existsSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { expected } from '../base/checks.js';

function once<T>(read: () => T): () => T {
  let kept: { value: T } | undefined;
  return () => (kept ??= { value: read() }).value;
}

/** Undefined where a variable is unset or empty. */
const valueOf = (variable: string): string | undefined => process.env[variable] || undefined;

/**
 * Where downloaded files are kept: `$NODEGRAD_CACHE`, else `$XDG_CACHE_HOME/nodegrad`, else `~/.cache/nodegrad`. It need not be there.
 *
 * @throws EngineError `ARGUMENT` where NODEGRAD_CACHE names something else, or is unset and the user has no home.
 */
export const cacheFolder = once(() => {
  const own = valueOf('NODEGRAD_CACHE');
  if (own !== undefined) {
    if (mayBeFolder(own)) return own;
    throw wrong('NODEGRAD_CACHE', 'a folder (it need not exist)', own);
  }
  // Relative ones do not count: https://specifications.freedesktop.org/basedir-spec/latest/
  const shared = valueOf('XDG_CACHE_HOME') ?? '';
  if (path.isAbsolute(shared)) return path.join(shared, 'nodegrad');
  const home = homeFolder();
  if (home === undefined) throw wrong('NODEGRAD_CACHE', 'a folder (the user has no home)', '');
  return path.join(home, '.cache', 'nodegrad');
});

function mayBeFolder(file: string): boolean {
  try {
    return statSync(file, { throwIfNoEntry: false })?.isDirectory() ?? true;
  } catch {
    return false; // below a file, or not to be entered
  }
}

function homeFolder(): string | undefined {
  try {
    return homedir() || undefined;
  } catch {
    return undefined; // a user that the system does not know
  }
}

/** Where Keras keeps what it downloads: `$KERAS_HOME`, else `~/.keras`. Undefined where the user has no home. */
export const kerasFolder = once(() => {
  const home = homeFolder();
  return valueOf('KERAS_HOME') ?? (home === undefined ? undefined : path.join(home, '.keras'));
});

/**
 * `$NODEGRAD_CUDA_PATH`: folders with NVIDIA's libraries, with a colon between two.
 *
 * @throws EngineError `ARGUMENT` where one of them is no folder.
 */
export const cudaFolders = once((): readonly string[] => {
  const folders = (valueOf('NODEGRAD_CUDA_PATH') ?? '').split(path.delimiter).filter((folder) => folder);
  const missing = folders.find((folder) => !isFolder(folder));
  if (missing === undefined) return folders;
  throw wrong('NODEGRAD_CUDA_PATH', `folders (with '${path.delimiter}' between two)`, missing);
});

/** Where packages of Python are installed below: the environment that is active, else that of the python3 which a shell would find. */
export const pythonPrefixes = once((): readonly string[] => {
  const active = valueOf('VIRTUAL_ENV') ?? valueOf('CONDA_PREFIX');
  if (active !== undefined) return [active];
  const found = (valueOf('PATH') ?? '')
    .split(path.delimiter)
    .find((folder) => path.isAbsolute(folder) && existsSync(path.join(folder, 'python3')));
  if (found === undefined) return [];
  // Debian's Python has what pip installs below /usr/local, and pip without rights installs into the user's home.
  const home = homeFolder();
  const others = home === undefined ? [] : [path.join(home, '.local')];
  return [...new Set([path.dirname(found), '/usr/local', ...others])];
});

function isFolder(file: string): boolean {
  try {
    return statSync(file).isDirectory();
  } catch {
    return false; // not there, or not to be entered
  }
}

/**
 * `$NODEGRAD_MNIST_MIRROR`: the address below which the files of MNIST are.
 *
 * @throws EngineError `ARGUMENT` for what is no address.
 */
export const mnistMirror = once(() => {
  const mirror = valueOf('NODEGRAD_MNIST_MIRROR');
  if (mirror === undefined || isWebAddress(mirror)) return mirror;
  throw wrong('NODEGRAD_MNIST_MIRROR', 'an address (http:// or https://) or nothing', mirror);
});

export const isWebAddress = (text: string): boolean => /^https?:\/\//i.test(text) && URL.canParse(text);

/**
 * Loads libgomp with a bound on how often idle threads look for work. What the user has set counts, and processes that this one starts
 * inherit none.
 */
export function withSpinCount<T>(count: string, load: () => T): T {
  const { env } = process;
  if (env['OMP_WAIT_POLICY'] !== undefined || env['GOMP_SPINCOUNT'] !== undefined) return load();
  env['GOMP_SPINCOUNT'] = count;
  try {
    return load();
  } finally {
    delete env['GOMP_SPINCOUNT'];
  }
}

const wrong = (variable: string, what: string, received: string) =>
  expected('nodegrad', `${what} in ${variable}`, received);
