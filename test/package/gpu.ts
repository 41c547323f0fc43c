// Packs nodegrad and nodegrad-cuda, installs both in an empty project without network, scripts or a compiler, and asks the doctor there.
// Ends with "gpu package: N passed, N failed".
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DRIVER_VERSION, Stubs } from '../cuda/stubs.js';

const MOST_BYTES = 15e6;

const root = fileURLToPath(new URL('../..', import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'nodegrad-gpu-package-'));
const project = join(scratch, 'project');
const installed = join(project, 'node_modules/nodegrad-cuda');
/** The library that computes on the processor (`node scripts/cuda.mjs emulated`). */
const emulated = join(root, 'build/cuda/emulated/libnodegrad_cuda.so');

/** No compiler, no library path, no hint of the clone. */
const bare = {
  PATH: `${dirname(process.execPath)}:/usr/bin:/bin`,
  HOME: scratch,
  npm_config_update_notifier: 'false',
};

const run = (
  command: string,
  args: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
) =>
  execFileSync(command, args, {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    ...options,
  });

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly scripts?: Record<string, string>;
  readonly dependencies?: Record<string, string>;
  readonly optionalDependencies?: Record<string, string>;
  readonly peerDependencies?: Record<string, string>;
}
const manifestOf = (folder: string) =>
  JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
const filesOf = (tarball: string) => run('tar', ['-tzf', tarball]).trimEnd().split('\n');
const doctor = (env: NodeJS.ProcessEnv = {}) =>
  run('npx', ['--offline', 'nodegrad', 'doctor'], { cwd: project, env: { ...bare, ...env } })
    .trimEnd()
    .split('\n');

run('npm', ['run', '--silent', 'prebuild']);
run('npm', ['run', '--silent', 'build:ts']);
run(process.execPath, ['scripts/cuda.mjs', 'emulated']);
run(process.execPath, ['scripts/cuda.mjs', 'pack', scratch]);
run('npm', ['pack', '--ignore-scripts', '--pack-destination', scratch]);
const { version } = manifestOf(root);
const own = join(scratch, `nodegrad-${version}.tgz`);
const gpu = join(scratch, `nodegrad-cuda-${version}.tgz`);
const size = statSync(gpu).size;
console.log(`nodegrad-cuda-${version}.tgz: ${(size / 1e6).toFixed(1)} MB packed`);

const checks: Record<string, () => void> = {
  'is small'() {
    assert(size <= MOST_BYTES, `${size} bytes`);
  },
  'installs offline next to nodegrad, from an empty cache'() {
    mkdirSync(project);
    writeFileSync(join(project, 'package.json'), '{ "name": "consumer", "private": true }\n');
    const flags = [
      '--offline',
      '--ignore-scripts',
      '--no-audit',
      '--no-fund',
      '--cache',
      join(scratch, 'cache'),
    ];
    run('npm', ['install', ...flags, own, gpu], { cwd: project });
  },
  'has the version of nodegrad, one library, nothing to run and nothing to install'() {
    const {
      name,
      version: made,
      scripts,
      dependencies,
      optionalDependencies,
      peerDependencies,
    } = manifestOf(installed);
    assert.deepEqual(
      { name, made, peerDependencies },
      {
        name: 'nodegrad-cuda',
        made: version,
        peerDependencies: { nodegrad: version },
      },
    );
    assert.deepEqual([scripts, dependencies, optionalDependencies], [undefined, undefined, undefined]);
    const libraries = filesOf(gpu).filter((file) => /\.(so|node|dll|dylib)\b/.test(file));
    assert.deepEqual(libraries, ['package/lib/libnodegrad_cuda.so']);
  },
  'is no part of nodegrad, which brings nothing of NVIDIA or Python'() {
    const files = filesOf(own);
    assert(files.length > 10);
    assert.deepEqual(
      files.filter((file) => /cuda[^/]*\.so|cudnn|cublas|nvidia|\.py$|\.whl$/i.test(file)),
      [],
    );
    const {
      dependencies,
      optionalDependencies,
      peerDependencies = {},
    } = manifestOf(join(project, 'node_modules/nodegrad'));
    assert.deepEqual(
      [dependencies, optionalDependencies, peerDependencies['nodegrad-cuda']],
      [undefined, undefined, undefined],
    );
  },
};

/** What the doctor says is checked where this machine has no driver, and with libraries that stand for NVIDIA's on any one. */
const stubs = new Stubs();
checks['lets the doctor find it where the driver is missing'] = () => {
  const words = 'libcuda.so.1: cannot open shared object file: No such file or directory';
  const reason = `expected an NVIDIA driver of version 580 or newer (CUDA 13.0), received none (${words}): install one; containers see the host's with --gpus all`;
  const lines = doctor({ NODEGRAD_CUDA_PATH: stubs.libraries });
  assert.match(lines[0] ?? '', /^cpu {14}works {2}cpu, oneDNN /);
  assert.deepEqual(lines.slice(1), [
    `cuda             fails  ${reason}`,
    `  driver         fails  ${reason}`,
    '  GPU            -      needs driver',
    `  nodegrad-cuda  works  ${version} (${installed})`,
    `  cuBLASLt       works  13.1.0 (${stubs.libraries}/libcublasLt.so.13, from NODEGRAD_CUDA_PATH)`,
    `  cuDNN          works  9.19.0 (${stubs.libraries}/libcudnn.so.9, from NODEGRAD_CUDA_PATH)`,
    '  library        -      needs driver, GPU',
    '  numbers        -      needs library',
  ]);
};
checks['is loaded by the addon of nodegrad, and says in CUDA’s words that there is no GPU'] = () => {
  const env = { NODEGRAD_CUDA_PATH: stubs.libraries, LD_LIBRARY_PATH: stubs.driver };
  const library = doctor(env).find((line) => line.startsWith('  library '));
  assert.match(library ?? '', /^ {2}library {8}fails {2}the GPU reports cudaError\w+: /);
};
checks['computes, with the emulated library in its place'] = () => {
  copyFileSync(emulated, join(installed, 'lib/libnodegrad_cuda.so'));
  const lines = doctor({ NODEGRAD_CUDA_PATH: stubs.libraries, LD_LIBRARY_PATH: stubs.driver });
  assert.equal(lines[1], 'cuda             works  emulated GPU, sm_90, bfloat16');
  assert.equal(lines[2], `  driver         works  ${DRIVER_VERSION} (CUDA 13.0)`);
  assert.equal(
    lines.at(-1),
    '  numbers        works  element-wise ops, products, convolutions: as on the CPU',
  );
};

const failed = Object.entries(checks).filter(([name, check]) => {
  try {
    check();
    console.log(`ok     ${name}`);
    return false;
  } catch (error) {
    console.log(`FAILED ${name}\n${(error as Error).message}`);
    return true;
  }
}).length;
stubs.remove();
rmSync(scratch, { recursive: true, force: true });
console.log(`gpu package: ${Object.keys(checks).length - failed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);
