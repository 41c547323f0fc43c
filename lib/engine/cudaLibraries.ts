/** Finds NVIDIA's libraries on this machine. They are large and under NVIDIA's licence, so that packages of ours bring none. */
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { EngineError } from '../base/errors.js';
import { engine } from './engine.js';
import { cudaFolders, pythonPrefixes } from './settings.js';

/** A library of NVIDIA that nodegrad-cuda needs. */
export interface CudaLibrary {
  readonly name: string;
  /** The name by which libraries ask for it. */
  readonly file: string;
  /** The function that tells its version: 91900 is 9.19.0. */
  readonly versionFunction: string;
  readonly oldest: number;
  /** The package of Python that brings it. */
  readonly wheel: string;
}

/**
 * In the order in which they have to be loaded: cuDNN looks for cuBLASLt, takes it where the process has it, and ends the process where
 * there is none.
 */
export const CUDA_LIBRARIES: readonly CudaLibrary[] = [
  {
    name: 'cuBLASLt',
    file: 'libcublasLt.so.13',
    versionFunction: 'cublasLtGetVersion',
    oldest: 130000,
    wheel: 'nvidia-cublas',
  },
  {
    name: 'cuDNN',
    file: 'libcudnn.so.9',
    versionFunction: 'cudnnGetVersion',
    oldest: 91900,
    wheel: 'nvidia-cudnn-cu13',
  },
];

/** `9.19.0` for 91900. */
export const libraryVersion = (version: number): string =>
  `${Math.floor(version / 10000)}.${Math.floor(version / 100) % 100}.${version % 100}`;

/** Where libraries are looked for, in this order. */
interface Source {
  readonly name: string;
  readonly folders: readonly string[];
}

const TOOLKIT = '/usr/local/cuda/lib64';

function sources(): readonly Source[] {
  return [
    { name: 'NODEGRAD_CUDA_PATH', folders: cudaFolders() },
    { name: 'the active Python environment', folders: pythonPrefixes().flatMap(wheelFolders) },
    // The loader knows its folders, such as those of LD_LIBRARY_PATH: it is given a bare name.
    { name: "the system's loader", folders: [''] },
    { name: 'the CUDA toolkit', folders: [TOOLKIT] },
  ];
}

/** The folders of a Python in which NVIDIA's wheels have their libraries: lib/python3.12/site-packages/nvidia/cudnn/lib and so on. */
function wheelFolders(prefix: string): readonly string[] {
  const lib = path.join(prefix, 'lib');
  return namesIn(lib)
    .filter((name) => name.startsWith('python3'))
    .flatMap((python) =>
      ['site-packages', 'dist-packages'].map((kind) => path.join(lib, python, kind, 'nvidia')),
    )
    .flatMap((folder) => namesIn(folder).map((name) => path.join(folder, name, 'lib')));
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return []; // not there, or not to be read
  }
}

/** Where a library was found, and its version. */
export interface FoundLibrary {
  readonly file: string;
  readonly version: number;
  readonly source: string;
}

/**
 * Loads a library from the first place that has it.
 *
 * @throws EngineError `DEVICE` that says where it was looked for, that it does not load, or that it is too old.
 */
export function loadCudaLibrary(library: CudaLibrary): FoundLibrary {
  const { name, file, versionFunction, oldest, wheel } = library;
  const remedy = `pip install ${wheel}, or set NODEGRAD_CUDA_PATH to the folder of a newer one`;
  const wanted = `${name} ${libraryVersion(oldest)} or newer (${file})`;
  const places = sources();
  for (const source of places) {
    for (const folder of source.folders) {
      const candidate = path.join(folder, file);
      if (folder !== '' && !existsSync(candidate)) continue;
      let loaded;
      try {
        loaded = engine().loadLibrary(candidate, versionFunction);
      } catch (error) {
        if (folder === '' && isNotFound(error, file)) continue;
        throw new EngineError(
          'DEVICE',
          `expected ${wanted}, received one that does not load (${messageOf(error)}): ${remedy}`,
          { cause: error },
        );
      }
      if (loaded.version < oldest) {
        const received = `${libraryVersion(loaded.version)} (${loaded.file}, from ${source.name})`;
        throw new EngineError('DEVICE', `expected ${wanted}, received ${received}: ${remedy}`);
      }
      return { ...loaded, source: source.name };
    }
  }
  const looked = places.map((source) => placeText(source)).join('; ');
  throw new EngineError(
    'DEVICE',
    `expected ${wanted}, received none (looked in ${looked}): pip install ${wheel}, or set NODEGRAD_CUDA_PATH to its folder`,
  );
}

/** The loader's words for a name that it does not find are those of dlopen: `FILE: cannot open shared object file: …`. */
const isNotFound = (error: unknown, file: string) => messageOf(error).startsWith(`${file}: cannot open`);

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

function placeText({ name, folders }: Source): string {
  const known = folders.filter((folder) => folder !== '');
  if (known.length > 0) return `${name}: ${known.join(', ')}`;
  return folders.length > 0 ? name : `${name}: no folder`;
}
