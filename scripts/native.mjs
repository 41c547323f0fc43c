// Builds the native code: node scripts/native.mjs configure | addon | prebuild | test | kernels | lagging | floor | costs | build-sanitized | sanitize
import { execFile, execFileSync, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const CMAKE_FLOOR = [3, 21];
const JOBS = '2';
/** So many that two processes, which take one after the other, end at about the same time. */
const SHARDS = 8;

export class Failure extends Error {}

export function run(command, args, options = {}) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit', ...options });
  if (error || status !== 0) {
    throw new Failure(`${[command, ...args].join(' ')} failed${error ? `: ${error.message}` : ''}.`);
  }
}

/** Runs commands two at a time, and prints the output of each when it ends. */
async function runTwoAtATime(commands) {
  const waiting = [...commands];
  const failed = [];
  const takeAll = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const [command, args, options] = next;
      const error = await new Promise((resolve) => {
        execFile(command, args, { cwd: root, maxBuffer: 1 << 30, ...options }, (problem, stdout, stderr) => {
          process.stdout.write(stdout);
          process.stderr.write(stderr);
          resolve(problem);
        });
      });
      if (error) failed.push(`${[command, ...args].join(' ')} failed: ${error.signal ?? error.code}.`);
    }
  };
  await Promise.all(Array.from({ length: Number(JOBS) }, takeAll));
  if (failed.length > 0) throw new Failure(failed.join('\n'));
}

/** Runs the tests of a GoogleTest program in two processes; in this one, where some are asked for. */
async function runTests(program, args, chosen = []) {
  if (args.length > 0) return run(program, args);
  await runTwoAtATime(
    Array.from({ length: SHARDS }, (_, i) => {
      const env = { ...process.env, GTEST_TOTAL_SHARDS: `${SHARDS}`, GTEST_SHARD_INDEX: `${i}` };
      return [program, chosen, { env }];
    }),
  );
}

/** The command's output, or undefined where it is missing or fails. */
function probe(command, args) {
  const { status, stdout } = spawnSync(command, args, { cwd: root, encoding: 'utf8' });
  return status === 0 ? stdout.trim() : undefined;
}

export function fetchTool(name) {
  return execFileSync('python3', [join(root, 'scripts', 'fetch.py'), name], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  }).trim();
}

/** Checks the tools; a missing or too old cmake or ninja comes from its pinned wheel and goes first on the PATH. */
export function prepareTools() {
  const needs = (what, debian) =>
    new Failure(
      `nodegrad's native code needs ${what}: install the Debian package ${debian} (apt-get install ${debian}).`,
    );
  if (!probe('python3', ['--version'])) throw needs('python3', 'python3');
  if (!probe('python3', ['-m', 'pip', '--version'])) throw needs("python3's pip", 'python3-pip');
  if (!probe('g++', ['--version'])) throw needs('a C++ compiler', 'g++');

  const [major = 0, minor = 0] = (/version (\d+)\.(\d+)/.exec(probe('cmake', ['--version']) ?? '') ?? [])
    .slice(1)
    .map(Number);
  const recent = major > CMAKE_FLOOR[0] || (major === CMAKE_FLOOR[0] && minor >= CMAKE_FLOOR[1]);
  const folders = [];
  if (!recent) folders.push(join(fetchTool('cmake'), 'cmake/data/bin'));
  if (!probe('ninja', ['--version'])) folders.push(join(fetchTool('ninja'), 'bin'));
  process.env.PATH = [...folders, process.env.PATH].join(delimiter);
}

/** CMake refuses a build folder that came here with a copy of another clone. */
export function removeForeignBuild(folder) {
  const cache = join(folder, 'CMakeCache.txt');
  if (!existsSync(cache)) return;
  const home = /^CMAKE_HOME_DIRECTORY:INTERNAL=(.*)$/m.exec(readFileSync(cache, 'utf8'))?.[1];
  if (home !== root) rmSync(folder, { recursive: true });
}

/** Configures build/ through cmake-js and builds one target there, or none. */
function cmakeJs(target, definitions = []) {
  removeForeignBuild(join(root, 'build'));
  const cli = join(root, 'node_modules/cmake-js/bin/cmake-js');
  // Warnings stop CI, whose compiler is known, but nobody with a newer one.
  const all = [`NODEGRAD_WERROR=${process.env.CI ? 'ON' : 'OFF'}`, ...definitions];
  const options = [
    '-l',
    'warn',
    '-O',
    'build',
    '-G',
    'Ninja',
    ...all.map((definition) => `--CD${definition}`),
  ];
  try {
    run(process.execPath, [cli, 'configure', ...options]);
  } catch (error) {
    // A failed configure leaves a cache that cmake-js would take for a good one.
    rmSync(join(root, 'build/CMakeCache.txt'), { force: true });
    throw error;
  }
  if (target) run(process.execPath, [cli, 'build', ...options, '-T', target, '-p', JOBS]);
}

/** The tests that go through the binding in every way: its calls, processes and their ends, workers, memory. */
const BINDING_TESTS = ['engine', 'process', 'worker', 'tensor', 'memory'].map(
  (name) => `test/${name}.test.ts`,
);

/** Makes a copy of the project, as far as git knows it, that loads the addon of a folder. */
function projectWith(addon, copy) {
  rmSync(copy, { recursive: true, force: true });
  const files = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
  });
  for (const name of files.split('\0').filter((file) => file && existsSync(join(root, file))))
    cpSync(join(root, name), join(copy, name));
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  // The page of the dashboard.
  if (existsSync(join(root, 'dist/board')))
    cpSync(join(root, 'dist/board'), join(copy, 'dist/board'), { recursive: true });
  mkdirSync(join(copy, 'build/Release'), { recursive: true });
  for (const name of ['nodegrad.node', 'libdnnl.so.3'])
    symlinkSync(join(addon, name), join(copy, 'build/Release', name));
  return copy;
}

/** What meets the device as other tests do, and takes long for other reasons: CI leaves it out where the device is late, and runs half of the rest. */
const OF_FILES_AND_PICTURES = (
  'applications pretrained keras-json onnx-export onnx-import files data-files csv-files folders torch-weights tfjs ' +
  'tensorboard board visualization utils docs doc-examples data/mnist augmentation augmentation-mixes'
)
  .split(' ')
  .map((name) => `test/${name}.test.ts`);

const vitest = join(root, 'node_modules/vitest/vitest.mjs');

/** Runs them, and wild calls, in a copy of the project that has the sanitized addon. */
async function runSanitizedAddon(build) {
  const copy = projectWith(build, join(build, 'project'));
  // Node does not link the sanitizer, which has to come first and wants the C++ library loaded when it starts.
  const preloaded = ['libasan.so', 'libstdc++.so.6'].map((name) =>
    probe('g++', [`-print-file-name=${name}`]),
  );
  const env = {
    ...process.env,
    LD_PRELOAD: preloaded.join(' '),
    // Node, oneDNN's caches and our engine's thread are never taken down: what they hold at the end is no leak.
    // An allocation of more than there is fails, as it does without the sanitizer.
    ASAN_OPTIONS: 'detect_leaks=0:allocator_may_return_null=1:quarantine_size_mb=16',
    UBSAN_OPTIONS: 'print_stacktrace=1',
  };
  const node = (...args) => [process.execPath, args, { cwd: copy, env }];
  await runTwoAtATime([
    // The tests of loading read the whole addon into a string, for which a sanitized one is too large.
    node(vitest, 'run', '--maxWorkers=1', ...BINDING_TESTS, '--testNamePattern', '^(?!loading)'),
    node('--import', 'tsx', 'test/wild/main.ts', '--calls', '1500'),
  ]);
}

const commands = {
  configure() {
    cmakeJs();
  },

  addon() {
    cmakeJs('nodegrad');
  },

  /** Fills prebuilds/ with the addon, the libraries it needs, and the licences of all. */
  prebuild() {
    cmakeJs('nodegrad');
    const folder = join(root, 'prebuilds', `${process.platform}-${process.arch}`);
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    const release = join(root, 'build/Release');
    const binaries = {
      'nodegrad.node': join(release, 'nodegrad.node'),
      'libdnnl.so.3': join(release, 'libdnnl.so.3'),
      // Not this system's: it needs a glibc as new as the system.
      'libgomp.so.1': join(fetchTool('libgomp'), 'libgomp.so.1'),
    };
    for (const [name, source] of Object.entries(binaries)) {
      copyFileSync(realpathSync(source), join(folder, name));
      run('strip', ['--strip-unneeded', join(folder, name)]);
    }
    const own = join(root, 'scripts/licences');
    for (const name of readdirSync(own)) copyFileSync(join(own, name), join(folder, name));
    const headers = join(root, 'node_modules/node-addon-api/LICENSE.md');
    copyFileSync(headers, join(folder, 'node-addon-api-LICENSE.md'));
    const onednn = join(dirname(realpathSync(binaries['libdnnl.so.3'])), '../share/doc/onednn');
    for (const name of ['LICENSE', 'THIRD-PARTY-PROGRAMS']) {
      copyFileSync(join(onednn, name), join(folder, `oneDNN-${name}`));
    }
  },

  async test(args) {
    cmakeJs('engine_tests', ['NODEGRAD_TESTS=ON']);
    await runTests(join(root, 'build/test/cpp/engine_tests'), args);
  },

  kernels(args) {
    cmakeJs('kernel_sweep', ['NODEGRAD_TESTS=ON']);
    run(join(root, 'build/test/cpp/kernel_sweep'), args);
  },

  /** Runs the tests of the public API on a device that is late, and compares the bits of some nets with the CPU's. */
  lagging(args) {
    cmakeJs('nodegrad');
    cmakeJs('nodegrad_lagging', ['NODEGRAD_TESTS=ON']);
    const folder = join(root, 'build/lagging');
    const copy = projectWith(folder, join(folder, 'project'));
    // Left out is what counts the process's threads, of which this device has one more, and its memory, of which
    // the device's is a file that the system may count elsewhere; and ends of the process while workers train:
    // this device's thread may then still run code that oneDNN has made and frees, once in about 75 ends.
    const pattern =
      '^(?!.*(limit of processes lets it be|a process that may use 800 MB|exit with steps of workers))';
    const left = process.env.CI
      ? ['--shard=1/2', ...OF_FILES_AND_PICTURES.flatMap((file) => ['--exclude', file])]
      : [];
    const options = ['--testNamePattern', pattern, '--testTimeout', '240000', ...left]; // late as it is
    run(process.execPath, [vitest, 'run', ...args, ...options], { cwd: copy });
    if (args.length > 0) return;
    const [here, there] = [root, copy].map((cwd) =>
      execFileSync(process.execPath, ['--import', 'tsx', 'test/lagging/bits.ts'], { cwd, encoding: 'utf8' })
        .trim()
        .split('\n'),
    );
    const other = here.filter((net, i) => net !== there[i]);
    console.log(`bits: ${here.length - other.length} passed, ${other.length} failed`);
    if (other.length > 0)
      throw new Failure(`The nets ${other.join(', ')} have other bits on the late device.`);
  },

  floor() {
    cmakeJs('floor', ['NODEGRAD_BENCH=ON']);
  },

  costs() {
    cmakeJs('costs', ['NODEGRAD_BENCH=ON']);
  },

  /** Without running anything: CI does this while its other suites leave a core idle. */
  'build-sanitized'() {
    const folder = join(root, 'build-sanitize');
    removeForeignBuild(folder);
    run('cmake', [
      '-S',
      root,
      '-B',
      folder,
      '-G',
      'Ninja',
      '-DCMAKE_BUILD_TYPE=Debug',
      '-DNODEGRAD_TESTS=ON',
      '-DNODEGRAD_SANITIZE=ON',
      '-DNODEGRAD_WERROR=ON',
      `-DCMAKE_JS_INC=${join(root, 'node_modules/node-api-headers/include')}`,
    ]);
    run('cmake', ['--build', folder, '--target', 'engine_tests', 'nodegrad', '-j', JOBS]);
    return folder;
  },

  async sanitize(args) {
    const folder = commands['build-sanitized']();
    // Those of the time that plans take have nothing to tell a sanitizer; random nets run in the tests' own code.
    await runTests(join(folder, 'test/cpp/engine_tests'), args, ['--gtest_filter=-*DeepPlans*:FusedPlans*']);
    if (args.length === 0) await runSanitizedAddon(folder);
  },
};

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [name, ...args] = process.argv.slice(2);
  try {
    if (!(name in commands)) throw new Failure(`usage: native.mjs ${Object.keys(commands).join(' | ')}`);
    prepareTools();
    await commands[name](args);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    console.error(error.message);
    process.exit(1);
  }
}
