/** Builds libraries that stand for NVIDIA's and for nodegrad-cuda, so that each way to fail can be met on any machine. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { engine } from '../../lib/engine/engine.js';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Of the library's own headers and of those that stand for CUDA's. */
const INCLUDES = ['cpp', 'cuda', 'test/cuda/emulation'].map((folder) => `-I${join(root, folder)}`);

export const DRIVER_VERSION = '580.65.06';

function build(target: string, sources: readonly string[], ...options: readonly string[]): void {
  const files = sources.map((source) => join(root, source));
  const flags = ['-std=c++20', '-shared', '-fPIC', '-fvisibility-inlines-hidden'];
  execFileSync('g++', [...flags, ...options, '-o', target, ...files], { encoding: 'utf8' });
}

/** A device that adds and multiplies. */
function buildDevice(target: string, abi: string): void {
  const core = ['buffer', 'error', 'shape', 'dtype'].map((name) => `cpp/core/${name}.cpp`);
  const flags = ['-fvisibility=hidden', `-I${join(root, 'cpp')}`, `-DSTUB_ABI="${abi}"`];
  build(target, ['test/cuda/stubs/device.cpp', ...core], ...flags);
}

/** A machine's libraries in a folder: what is in it, by name. */
export class Stubs {
  readonly folder = mkdtempSync(join(tmpdir(), 'nodegrad-cuda-'));
  /** Where the system's loader is to look: the driver. */
  readonly driver = join(this.folder, 'driver');
  readonly libraries = join(this.folder, 'libraries');
  /** A folder with the package nodegrad-cuda, of this version. */
  readonly project = join(this.folder, 'project');
  readonly package = join(this.project, 'node_modules/nodegrad-cuda');
  readonly version: string;

  /** @param library What the package holds. Default: a device that adds and multiplies. */
  constructor(library?: string) {
    const abi = engine().cudaAbi();
    this.version = abi.split(' ')[0] ?? '';
    for (const folder of [this.driver, this.libraries, join(this.package, 'lib')])
      mkdirSync(folder, { recursive: true });
    build(
      join(this.driver, `libcuda.so.${DRIVER_VERSION}`),
      ['test/cuda/stubs/driver.cpp'],
      '-Wl,-soname,libcuda.so.1',
    );
    symlinkSync(`libcuda.so.${DRIVER_VERSION}`, join(this.driver, 'libcuda.so.1'));
    for (const name of ['cublasLt.so.13', 'cudnn.so.9']) {
      const source = `test/cuda/stubs/${name.split('.')[0]?.toLowerCase()}.cpp`;
      build(join(this.libraries, `lib${name}`), [source], '-O1', ...INCLUDES, `-Wl,-soname,lib${name}`);
    }
    if (library === undefined) buildDevice(join(this.package, 'lib/libnodegrad_cuda.so'), abi);
    else symlinkSync(library, join(this.package, 'lib/libnodegrad_cuda.so'));
    this.writePackage(this.version);
  }

  writePackage(version: string): void {
    writeFileSync(join(this.package, 'package.json'), JSON.stringify({ name: 'nodegrad-cuda', version }));
  }

  /** A folder with some of the libraries. */
  some(...names: readonly string[]): string {
    const folder = mkdtempSync(join(this.folder, 'some-'));
    for (const name of names) copyFileSync(join(this.libraries, name), join(folder, name));
    return folder;
  }

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }
}
