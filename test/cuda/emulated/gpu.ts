/**
 * Has all programs of this process run on the emulated GPU, which is loaded as the library of nodegrad-cuda is; on that of this machine where
 * NODEGRAD_TEST_GPU is a folder with the package (scripts/cuda.mjs gpu).
 */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { engine } from '../../../lib/engine/engine.js';
import { setDevice } from '../../../lib/index.js';
import { DRIVER_VERSION, Stubs } from '../stubs.js';

const library = fileURLToPath(new URL('../../../build/cuda/emulated/libnodegrad_cuda.so', import.meta.url));

export function useEmulatedGpu(): void {
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
    process.chdir(stubs.project);
    setDevice('cuda');
  } finally {
    process.chdir(here);
    stubs.remove();
  }
}
