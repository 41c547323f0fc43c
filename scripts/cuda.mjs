// Builds the library of nodegrad-cuda: node scripts/cuda.mjs emulated | test | library
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Failure, fetchTool, prepareTools, removeForeignBuild, run } from './native.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const JOBS = '2';
const LIBRARY = 'libnodegrad_cuda.so';

/** Configures and builds cuda/ in a folder of build/; gives the library. */
function build(kind, ...definitions) {
  const folder = join(root, 'build/cuda', kind);
  removeForeignBuild(folder);
  run('cmake', ['-S', join(root, 'cuda'), '-B', folder, '-G', 'Ninja', '-Wno-dev', ...definitions]);
  run('cmake', ['--build', folder, '-j', JOBS]);
  return join(folder, LIBRARY);
}

/** As lib/engine/settings.ts has it. */
function cacheFolder() {
  const { NODEGRAD_CACHE: own, XDG_CACHE_HOME: shared = '' } = process.env;
  return own || join(isAbsolute(shared) ? shared : join(homedir(), '.cache'), 'nodegrad');
}

/** A hash of all that the library is made from. */
function inputsHash() {
  const from = [
    'cuda',
    'cpp/core',
    'cpp/spec',
    'cpp/backend.h',
    'cmake',
    'binding/glibc_floor.cpp',
    'scripts',
  ];
  const listed = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', ...from], {
    cwd: root,
    encoding: 'utf8',
  });
  const hash = createHash('sha256');
  // Of the scripts those that fetch and build it, of the package's own file the version.
  const files = listed
    .split('\n')
    .filter((file) => !file.startsWith('scripts/') || /\/(cuda\.mjs|fetch\.py)$/.test(file));
  for (const file of files.filter((one) => one && existsSync(join(root, one))).sort())
    hash.update(file).update(readFileSync(join(root, file)));
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  return hash.update(version).digest('hex').slice(0, 16);
}

const commands = {
  /** The library for tests, which computes on the processor. */
  emulated() {
    build('emulated', '-DNODEGRAD_CUDA_EMULATED=ON', `-DNODEGRAD_WERROR=${process.env.CI ? 'ON' : 'OFF'}`);
  },

  /** Runs the tests of the public API on it. */
  test(args) {
    commands.emulated();
    const vitest = join(root, 'node_modules/vitest/vitest.mjs');
    const config = join(root, 'test/cuda/emulated/vitest.config.ts');
    const { status } = spawnSync(process.execPath, [vitest, 'run', '--config', config, ...args], {
      cwd: root,
      stdio: 'inherit',
    });
    if (status !== 0) throw new Failure('Tests on the emulated GPU failed.');
  },

  /** The library for GPUs, unless one of the same sources was built before, and checks it. */
  library() {
    const folder = join(cacheFolder(), `cuda-library-${inputsHash()}`);
    const kept = join(folder, LIBRARY);
    if (existsSync(kept)) {
      console.log(`${kept} is what the sources give`);
    } else {
      const built = build('library', `-DNODEGRAD_CUDA_TOOLKIT=${join(fetchTool('cuda'), 'nvidia/cu13')}`);
      mkdirSync(folder, { recursive: true });
      copyFileSync(built, `${kept}.part`);
      renameSync(`${kept}.part`, kept);
    }
    run(process.execPath, ['--import', 'tsx', 'test/cuda/library.ts', kept]);
  },
};

const [name, ...args] = process.argv.slice(2);
try {
  if (!Object.hasOwn(commands, name ?? ''))
    throw new Failure(`usage: cuda.mjs ${Object.keys(commands).join(' | ')}`);
  prepareTools();
  commands[name](args);
} catch (error) {
  if (!(error instanceof Failure)) throw error;
  console.error(error.message);
  process.exit(1);
}
