/**
 * Has all programs of this process run on the emulated GPU, which is loaded as the library of nodegrad-cuda is; on that of this machine where
 * NODEGRAD_TEST_GPU is a folder with the package (gpu-check/run).
 */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { engine } from '../../../lib/engine/engine.js';
import { setDevice } from '../../../lib/index.js';
import { DRIVER_VERSION, Stubs } from '../stubs.js';

const library = fileURLToPath(new URL('../../../build/cuda/emulated/libnodegrad_cuda.so', import.meta.url));

/** What the emulated GPU was asked for since the process began. */
export interface Counts {
  /** Kernels that were launched one by one, not by a graph. */
  readonly kernels: number;
  readonly graphs: number;
  /** Copies within the GPU and between it and the host that are in no graph. */
  readonly copies: number;
  /** Of memory on the GPU, and of the host's that it reaches. */
  readonly allocations: number;
  /** How often the thread that queues had to wait for the GPU. */
  readonly waits: number;
}

export function counts(): Counts {
  const read = (name: string) => engine().loadLibrary(library, `emulated${name}`).version;
  return {
    kernels: read('Kernels'),
    graphs: read('Graphs'),
    copies: read('Copies'),
    allocations: read('Allocations'),
    waits: read('Waits'),
  };
}

export function useEmulatedGpu(): void {
  useEmulatedGpus(1);
}

/** The same with so many GPUs, of which the first is set. */
export function useEmulatedGpus(gpus: number): void {
  const here = process.cwd();
  const project = process.env['NODEGRAD_TEST_GPU'];
  if (project !== undefined) {
    process.chdir(project);
    setDevice('cuda');
    process.chdir(here);
    return;
  }
  const stubs = new Stubs(library);
  try {
    // The loader takes a library of this name that the process has.
    engine().loadLibrary(join(stubs.driver, `libcuda.so.${DRIVER_VERSION}`), 'stubVersion');
    process.env['NODEGRAD_CUDA_PATH'] = stubs.libraries;
    process.env['STUB_GPUS'] = String(gpus);
    process.chdir(stubs.project);
    for (let gpu = gpus - 1; gpu >= 0; gpu--) setDevice(`cuda:${gpu}`);
  } finally {
    process.chdir(here);
    stubs.remove();
  }
}
