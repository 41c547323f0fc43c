// Builds the library of nodegrad-cuda: node scripts/cuda.mjs emulated | test | package | pack | engines
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Failure, fetchTool, prepareTools, removeForeignBuild, run } from './native.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const JOBS = '2';
const LIBRARY = 'libnodegrad_cuda.so';
const CUDA_LICENCE = 'CUDA-LICENSE.txt';
/** Of the C++ library, which are those of libgomp, too. */
const GCC_LICENCES = {
  'GPL-3.txt': 'libgomp-GPL-3.txt',
  'GCC-exception-3.1.txt': 'libgomp-GCC-exception-3.1.txt',
};

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
    'cpp/devices',
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
  return hash.update(ownManifest().version).digest('hex').slice(0, 16);
}

/** Builds the library for GPUs and puts it with NVIDIA's licence into a folder, which is there when all of it is. */
function buildInto(folder) {
  const toolkit = fetchTool('cuda');
  const built = build('library', `-DNODEGRAD_CUDA_TOOLKIT=${join(toolkit, 'nvidia/cu13')}`);
  const part = `${folder}.part`;
  rmSync(part, { recursive: true, force: true });
  mkdirSync(part, { recursive: true });
  copyFileSync(built, join(part, LIBRARY));
  const runtime = readdirSync(toolkit).find((name) => name.startsWith('nvidia_cuda_runtime-'));
  copyFileSync(join(toolkit, runtime, 'licenses/License.txt'), join(part, CUDA_LICENCE));
  renameSync(part, folder);
}

/** A driver that takes code and runs none, with all functions that cuDNN asks for by name: to make plans it needs no more. */
function buildDriver(folder, libraries) {
  const names = new Set();
  for (const name of readdirSync(libraries).filter((one) => /^libcudnn_.*\.so/.test(one))) {
    const texts = execFileSync('strings', [join(libraries, name)], { encoding: 'utf8', maxBuffer: 2 ** 30 });
    for (const [found] of texts.matchAll(/^cu[A-Z]\w+$/gm)) names.add(found);
  }
  const handle =
    /^cu(Library(LoadData|LoadFromFile|GetKernel|GetModule)|Module(LoadData|LoadDataEx|GetFunction)|KernelGetFunction)$/;
  const code = [...names].map((name) => {
    if (name === 'cuDriverGetVersion') return `int ${name}(int* v) { *v = 13000; return 0; }`;
    if (handle.test(name)) return `int ${name}(void** p) { *p = (void*)64; return 0; }`;
    if (/^cu(Func|Kernel)GetAttribute$/.test(name))
      return `int ${name}(int* v, int a) { *v = a == 0 ? 1024 : a == 4 ? 128 : 0; return 0; }`;
    return `int ${name}() { return ${/^cu(Library|Module|Kernel|Func)/.test(name) ? 0 : 100}; }`;
  });
  const source = join(folder, 'driver.c');
  writeFileSync(source, code.join('\n'));
  run('gcc', [
    '-w',
    '-shared',
    '-fPIC',
    source,
    '-Wl,-soname,libcuda.so.1',
    '-o',
    join(folder, 'libcuda.so.1'),
  ]);
}

/** What npm is told of the package. It is private until it has run on a GPU, so that nobody publishes it. */
function manifest() {
  const { version, license } = ownManifest();
  return {
    name: 'nodegrad-cuda',
    version,
    description: 'Lets nodegrad compute on NVIDIA GPUs.',
    license,
    private: true,
    os: ['linux'],
    cpu: ['x64'],
    libc: ['glibc'],
    peerDependencies: { nodegrad: version },
    files: ['lib', 'NOTICE.txt', CUDA_LICENCE, ...Object.keys(GCC_LICENCES)],
  };
}

const ownManifest = () => JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

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

  /**
   * Has the cuDNN in one of the folders of NODEGRAD_CUDA_PATH, which has cuBLASLt and CUDA's runtime, too, make plans of the convolutions of nets
   * and tests for a GPU that is described. It needs none. What cuDNN has no engine for, or compiles when it is met, is to be among
   * what test/cuda/engines/h100.txt lists; `engines update` writes that.
   */
  engines([update]) {
    const folders = (process.env.NODEGRAD_CUDA_PATH ?? '').split(':');
    const cudnn = folders.find((folder) => existsSync(join(folder, 'libcudnn.so.9')));
    if (!cudnn)
      throw new Failure('Set NODEGRAD_CUDA_PATH to the folders of cuDNN, cuBLASLt and the CUDA runtime.');
    const folder = join(root, 'build/cuda/engines');
    mkdirSync(folder, { recursive: true });
    buildDriver(folder, cudnn);
    const own = join(root, 'test/cuda/engines');
    const includes = ['cpp', 'cuda', 'test/cuda/emulation'].map((name) => `-I${join(root, name)}`);
    const core = ['error', 'shape', 'dtype', 'attrs', 'window', 'buffer'].map(
      (name) => `cpp/core/${name}.cpp`,
    );
    const sources = ['cuda/cudnn.cpp', 'cuda/convolution_plan.cpp', 'cpp/spec/conv.cpp', ...core];
    const files = [...sources, 'cpp/devices/shared_library.cpp'].map((name) => join(root, name));
    const program = join(folder, 'engines');
    run('g++', ['-std=c++20', '-O1', ...includes, join(own, 'engines.cpp'), ...files, '-o', program]);
    const env = { ...process.env, LD_LIBRARY_PATH: [folder, ...folders].join(':') };
    const list = join(folder, 'convolutions.txt');
    const printed = ['--import', 'tsx', join(own, 'convolutions.ts')];
    writeFileSync(list, execFileSync(process.execPath, printed, { cwd: root, maxBuffer: 2 ** 28 }));
    const found = execFileSync(program, [join(own, 'h100.json'), list], {
      env,
      encoding: 'utf8',
      maxBuffer: 2 ** 28,
    });
    const [version, ...lines] = found.trim().split('\n');
    const exceptions = lines.filter((line) => !line.startsWith('ready ')).sort();
    const title = `${version}: ${lines.length} plans, of which ${exceptions.length} are not ready`;
    console.log(title);
    const tracked = join(own, 'h100.txt');
    if (update === 'update') writeFileSync(tracked, `${[title, ...exceptions].join('\n')}\n`);
    const known = new Set(readFileSync(tracked, 'utf8').trim().split('\n').slice(1));
    const fresh = exceptions.filter((line) => !known.has(line));
    if (fresh.length > 0)
      throw new Failure(
        `cuDNN has no engine that is ready for what ${tracked} has not:\n${fresh.join('\n')}`,
      );
  },

  /** The package for npm in build/cuda/nodegrad-cuda, with the library for GPUs: one of the same sources that was built before, if there is. */
  package() {
    const folder = join(cacheFolder(), `cuda-library-${inputsHash()}`);
    if (existsSync(folder)) console.log(`${folder} has what the sources give`);
    else buildInto(folder);
    const target = join(root, 'build/cuda/nodegrad-cuda');
    rmSync(target, { recursive: true, force: true });
    mkdirSync(join(target, 'lib'), { recursive: true });
    copyFileSync(join(folder, LIBRARY), join(target, 'lib', LIBRARY));
    copyFileSync(join(folder, CUDA_LICENCE), join(target, CUDA_LICENCE));
    copyFileSync(join(root, 'LICENSE'), join(target, 'LICENSE'));
    for (const [name, source] of Object.entries(GCC_LICENCES))
      copyFileSync(join(root, 'scripts/licences', source), join(target, name));
    for (const name of ['README.md', 'NOTICE.txt'])
      copyFileSync(join(root, 'cuda/package', name), join(target, name));
    writeFileSync(join(target, 'package.json'), JSON.stringify(manifest(), null, 2));
    run(process.execPath, ['--import', 'tsx', 'test/cuda/package.ts', target]);
  },

  /** Packs that package as npm does when it publishes, into this folder or another one. */
  pack([target = root]) {
    commands.package();
    run('npm', ['pack', '--pack-destination', resolve(target)], {
      cwd: join(root, 'build/cuda/nodegrad-cuda'),
    });
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
