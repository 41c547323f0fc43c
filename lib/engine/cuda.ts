/** What has to be there before the device `cuda` works, checked one after another. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { EngineError } from '../base/errors.js';
import { installedFolder, ownFolder } from '../installed.js';
import { CUDA_LIBRARIES, type CudaLibrary, libraryVersion, loadCudaLibrary } from './cudaLibraries.js';
import { engine } from './engine.js';
import { checkNumbers } from './numbersCheck.js';

/** One of the things that a device needs. */
export interface DeviceCheck {
  /** What was looked at: `driver`, `GPU`, `nodegrad-cuda`, `cuBLASLt`, `cuDNN`, `library`, `numbers`. */
  readonly name: string;
  /** `unchecked`: what it needs fails. */
  readonly state: 'works' | 'fails' | 'unchecked';
  /** What was found, or what was expected, what came and what to do. */
  readonly text: string;
}

/** The oldest version of CUDA that the driver has to run, the driver that does so, and the oldest GPU. */
const OLDEST = { cuda: 13000, driver: '580', capability: [7, 5] } as const;
const PACKAGE = 'nodegrad-cuda';
const GIB = 2 ** 30;

/** The results of checks in their order; the first that fails is the reason why the device does not work. */
export class CudaChecks {
  readonly checks: DeviceCheck[] = [];
  /** The error of the first check that failed; undefined: the device is open and works. */
  error: EngineError | undefined;
  /** The bytes of the GPU's memory, as far as they are known. */
  memory = 0;
  /** How many GPUs the driver shows, as far as that is known. */
  gpus = 0;
  readonly #passed = new Set<string>();

  /** @param index Which of the GPUs, in the driver's order. */
  constructor(index: number) {
    const device = gpuName(index);
    this.#check('driver', [], checkDriver);
    this.#check('GPU', ['driver'], () => this.#findGpu(index));
    let library = '';
    this.#check(PACKAGE, [], () => {
      const found = findPackage();
      library = join(found.folder, 'lib', 'libnodegrad_cuda.so');
      return `${found.version} (${found.folder})`;
    });
    let needed: string[] = [];
    for (const one of CUDA_LIBRARIES) {
      this.#check(one.name, needed, () => checkLibrary(one));
      needed = [one.name];
    }
    this.#check('library', ['driver', 'GPU', PACKAGE, ...CUDA_LIBRARIES.map(({ name }) => name)], () => {
      engine().openCuda(library, index, device);
      return (
        engine()
          .info()
          .devices.find(({ name }) => name === device)?.description ?? ''
      );
    });
    this.#check('numbers', ['library'], () => checkNumbers(device));
  }

  /** Does a check where those that it needs have passed. */
  #check(name: string, needs: readonly string[], check: () => string): void {
    const missing = needs.filter((one) => !this.#passed.has(one));
    if (missing.length > 0) {
      this.checks.push({ name, state: 'unchecked', text: `needs ${missing.join(', ')}` });
      return;
    }
    try {
      this.checks.push({ name, state: 'works', text: check() });
      this.#passed.add(name);
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      const text = error.message.replace(/^\[nodegrad\] /, '');
      this.checks.push({ name, state: 'fails', text });
      this.error ??= new EngineError(error.code, text, { cause: error });
    }
  }

  #findGpu(index: number): string {
    const { error, gpus } = engine().cudaDriver();
    this.gpus = gpus.length;
    const gpu = gpus[index];
    if (error !== '' && !error.startsWith('CUDA_ERROR_NO_DEVICE'))
      throw wrong(`expected the driver to start, received ${error}: nvidia-smi tells more`);
    if (gpu === undefined && index > 0)
      throw wrong(
        `expected ${index + 1} NVIDIA GPUs or more, received ${gpus.length}: nvidia-smi and CUDA_VISIBLE_DEVICES tell which there are`,
      );
    if (gpu === undefined)
      throw wrong(
        'expected an NVIDIA GPU, received none: nvidia-smi and CUDA_VISIBLE_DEVICES tell which there are',
      );
    const [major, minor] = OLDEST.capability;
    if (gpu.major < major || (gpu.major === major && gpu.minor < minor)) {
      const oldest = `${major}.${minor} or newer (Turing, 2018)`;
      throw wrong(
        `expected a GPU of compute capability ${oldest}, received ${gpu.name} of ${gpu.major}.${gpu.minor}`,
      );
    }
    this.memory = gpu.bytes;
    return `${gpu.name}, compute capability ${gpu.major}.${gpu.minor}, ${(gpu.bytes / GIB).toFixed(1)} GiB`;
  }
}

/** The name of a GPU as a device: the first one is `cuda`. */
export const gpuName = (index: number) => (index === 0 ? 'cuda' : (`cuda:${index}` as const));

const wrong = (text: string, cause?: unknown) =>
  new EngineError('DEVICE', text, cause === undefined ? undefined : { cause });

/** `13.0` for 13000. */
const cudaVersion = (version: number) => `${Math.floor(version / 1000)}.${Math.floor(version / 10) % 100}`;

function checkDriver(): string {
  const wanted = `driver of version ${OLDEST.driver} or newer (CUDA ${cudaVersion(OLDEST.cuda)})`;
  let driver;
  try {
    driver = engine().cudaDriver();
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    throw wrong(
      `expected an NVIDIA ${wanted}, received none (${words}): install one; containers see the host's with --gpus all`,
      error,
    );
  }
  const found = `${driver.version || 'unknown'} (CUDA ${cudaVersion(driver.cuda)})`;
  if (driver.cuda < OLDEST.cuda)
    throw wrong(`expected an NVIDIA ${wanted}, received ${found}: install a newer one`);
  return found;
}

/** The folder of nodegrad-cuda, which has to have this package's version. */
function findPackage(): { folder: string; version: string } {
  const [own = ''] = engine().cudaAbi().split(' ');
  const install = `npm install ${PACKAGE}@${own}`;
  const from = [ownFolder, dirname(process.argv[1] ?? ''), process.cwd()];
  const folder = installedFolder(PACKAGE, from);
  if (folder === undefined) throw wrong(`expected the package ${PACKAGE}, received none: ${install}`);
  const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string };
  if (version !== own)
    throw wrong(
      `expected ${PACKAGE} ${own}, the version of nodegrad, received ${version} in ${folder}: ${install}`,
    );
  return { folder, version };
}

function checkLibrary(library: CudaLibrary): string {
  const { file, version, source } = loadCudaLibrary(library);
  return `${libraryVersion(version)} (${file}, from ${source})`;
}
