// The reasons why a GPU does not work, each met with libraries that stand for NVIDIA's.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { DeviceState } from '../../lib/index.js';
import { runScript } from '../support/process.js';
import { DRIVER_VERSION, Stubs } from './stubs.js';

const stubs = new Stubs();
afterAll(() => {
  stubs.remove();
});

/** A machine on which the GPU works. */
const working = {
  LD_LIBRARY_PATH: stubs.driver,
  NODEGRAD_CUDA_PATH: stubs.libraries,
  VIRTUAL_ENV: join(stubs.folder, 'venv'),
};
type Changes = Partial<Record<keyof typeof working | `STUB_${string}`, string>>;

/** What a script prints on such a machine. */
function outputOf(script: string, changes: Changes, project = stubs.project): string {
  const { status, signal, stdout, stderr } = runScript(
    `import { devices, getDevice, setDevice } from './lib/engine/devices.ts';
     process.chdir(process.argv[1]);
     ${script}`,
    { ...working, ...changes },
    project,
  );
  expect({ status, signal, stderr }).toEqual({ status: 0, signal: null, stderr: '' });
  return stdout.trimEnd();
}

const refusal =
  'try { setDevice("cuda"); } catch (error) { console.log(getDevice(), error.code, error.message); }';
const refused = (code: string, reason: string) =>
  `cpu ${code} [setDevice] ${reason} (npx nodegrad doctor shows all checks)`;

const cuda = (changes: Changes, project?: string): DeviceState =>
  JSON.parse(outputOf('console.log(JSON.stringify(devices()[1]));', changes, project)) as DeviceState;

const own = `npm install nodegrad-cuda@${stubs.version}`;
const nowhere = stubs.some();
const places = (folder: string) =>
  `looked in NODEGRAD_CUDA_PATH: ${folder}; the active Python environment: no folder; the system's loader; the CUDA toolkit: /usr/local/cuda/lib64`;

describe('a GPU that works', () => {
  it('has passed all checks, and is what programs run on once it is set', () => {
    const { checks, ...state } = cuda({});
    expect(state).toEqual({
      name: 'cuda',
      works: true,
      reason: '',
      description: 'stub 1.0',
      architecture: 'sm_75',
      bfloat16: false,
      memory: 1.5 * 2 ** 30,
    });
    expect(checks).toEqual(
      Object.entries({
        driver: `${DRIVER_VERSION} (CUDA 13.0)`,
        GPU: 'Stub GPU, compute capability 7.5, 1.5 GiB',
        'nodegrad-cuda': `${stubs.version} (${stubs.package})`,
        cuBLASLt: `13.1.0 (${stubs.libraries}/libcublasLt.so.13, from NODEGRAD_CUDA_PATH)`,
        cuDNN: `9.19.0 (${stubs.libraries}/libcudnn.so.9, from NODEGRAD_CUDA_PATH)`,
        library: 'stub 1.0',
        numbers: 'element-wise ops, products, convolutions: as on the CPU',
      }).map(([name, text]) => ({ name, state: 'works', text })),
    );
    const script = `const { add, maximum } = await import(process.env.ROOT + '/lib/ops/index.ts');
      const { tensor } = await import(process.env.ROOT + '/lib/core/tensor.ts');
      const { compile } = await import(process.env.ROOT + '/lib/core/compile.ts');
      const x = tensor([1, 2]);
      console.log(add(x, x).dataSync().join(), maximum(x, x).dataSync().join());
      setDevice('cuda');
      console.log(getDevice(), add(x, x).dataSync().join());
      const step = compile((x) => add(x, x));
      console.log((await (await step(x)).data()).join(), /stub/.test(step.describe()));
      try { maximum(x, x).dataSync(); } catch (error) { console.log(error.code, error.message); }
      setDevice('cpu');
      console.log(getDevice(), maximum(x, x).dataSync().join());`;
    const root = new URL('../..', import.meta.url).pathname.replace(/\/$/, '');
    expect(outputOf(`process.env.ROOT = '${root}';\n${script}`, {}).split('\n')).toEqual([
      '2,4 1,2',
      'cuda 2,4',
      '2,4 true',
      'DEVICE expected multiply, add, matmul or conv, received maximum',
      'cpu 1,2',
    ]);
  });
});

describe('several GPUs', () => {
  it('are devices of their own, of which each has its reason', () => {
    const script =
      'console.log(JSON.stringify(devices().map(({ name, works, reason }) => [name, works, reason])));';
    expect(JSON.parse(outputOf(script, { STUB_GPUS: '3' }))).toEqual([
      ['cpu', true, ''],
      ['cuda', true, ''],
      ['cuda:1', true, ''],
      ['cuda:2', true, ''],
    ]);
    const missing = 'try { setDevice("cuda:3"); } catch (error) { console.log(error.code, error.message); }';
    expect(outputOf(missing, { STUB_GPUS: '3' })).toBe(
      'DEVICE [setDevice] expected 4 NVIDIA GPUs or more, received 3: nvidia-smi and CUDA_VISIBLE_DEVICES tell which there are (npx nodegrad doctor shows all checks)',
    );
  });
});

describe('the reason', () => {
  it.each<[string, Changes, string, string]>([
    [
      'a driver that is too old',
      { STUB_CUDA: '12040' },
      'DEVICE',
      `expected an NVIDIA driver of version 580 or newer (CUDA 13.0), received ${DRIVER_VERSION} (CUDA 12.4): install a newer one`,
    ],
    [
      'a driver that does not start',
      { STUB_INIT: '803' },
      'DEVICE',
      'expected the driver to start, received CUDA_ERROR_SYSTEM_DRIVER_MISMATCH (803): nvidia-smi tells more',
    ],
    [
      'no GPU',
      { STUB_INIT: '100' },
      'DEVICE',
      'expected an NVIDIA GPU, received none: nvidia-smi and CUDA_VISIBLE_DEVICES tell which there are',
    ],
    [
      'a driver that shows no GPU',
      { STUB_GPUS: '0' },
      'DEVICE',
      'expected an NVIDIA GPU, received none: nvidia-smi and CUDA_VISIBLE_DEVICES tell which there are',
    ],
    [
      'a GPU that is too old',
      { STUB_CAPABILITY: '70' },
      'DEVICE',
      'expected a GPU of compute capability 7.5 or newer (Turing, 2018), received Stub GPU of 7.0',
    ],
    [
      'no cuBLASLt, without which cuDNN ends the process',
      { NODEGRAD_CUDA_PATH: stubs.some('libcudnn.so.9') },
      'DEVICE',
      'expected cuBLASLt 13.0.0 or newer (libcublasLt.so.13), received none (PLACES): pip install nvidia-cublas, or set NODEGRAD_CUDA_PATH to its folder',
    ],
    [
      'no cuDNN',
      { NODEGRAD_CUDA_PATH: stubs.some('libcublasLt.so.13') },
      'DEVICE',
      'expected cuDNN 9.19.0 or newer (libcudnn.so.9), received none (PLACES): pip install nvidia-cudnn-cu13, or set NODEGRAD_CUDA_PATH to its folder',
    ],
    [
      'a cuBLASLt that is too old',
      { STUB_CUBLASLT: '120600' },
      'DEVICE',
      `expected cuBLASLt 13.0.0 or newer (libcublasLt.so.13), received 12.6.0 (${stubs.libraries}/libcublasLt.so.13, from NODEGRAD_CUDA_PATH): pip install nvidia-cublas, or set NODEGRAD_CUDA_PATH to the folder of a newer one`,
    ],
    [
      'a cuDNN that is too old',
      { STUB_CUDNN: '91002' },
      'DEVICE',
      `expected cuDNN 9.19.0 or newer (libcudnn.so.9), received 9.10.2 (${stubs.libraries}/libcudnn.so.9, from NODEGRAD_CUDA_PATH): pip install nvidia-cudnn-cu13, or set NODEGRAD_CUDA_PATH to the folder of a newer one`,
    ],
    [
      'a GPU without memory',
      { STUB_FAULT: 'memory' },
      'OUT_OF_MEMORY',
      'expected 300 MiB on the GPU, received 12 MiB',
    ],
    [
      'a GPU whose memory ends later',
      { STUB_FAULT: 'allocation' },
      'OUT_OF_MEMORY',
      'expected 4000 bytes on the GPU, received none',
    ],
    [
      'wrong numbers',
      { STUB_FAULT: 'add' },
      'DEVICE',
      'expected x · x + x to have 3736.015625 at place 7, received 3737.015625 on the device cuda: the GPU, its driver, CUDA or nodegrad-cuda is at fault',
    ],
    [
      'wrong products',
      { STUB_FAULT: 'matmul' },
      'DEVICE',
      'expected a product of matrices to have -5 at place 7, received -4 on the device cuda: the GPU, its driver, cuBLASLt or nodegrad-cuda is at fault',
    ],
    [
      'wrong convolutions',
      { STUB_FAULT: 'conv' },
      'DEVICE',
      'expected a convolution to have 3 at place 7, received 4 on the device cuda: the GPU, its driver, cuDNN or nodegrad-cuda is at fault',
    ],
  ])('%s', (_, changes, code, text) => {
    const reason = text.replace('PLACES', places(changes.NODEGRAD_CUDA_PATH ?? ''));
    const [message, state] = outputOf(`${refusal} console.log(JSON.stringify(devices()[1]));`, changes).split(
      '\n',
    );
    expect(message).toBe(refused(code, reason));
    const { works, reason: told, description, checks } = JSON.parse(state ?? '') as DeviceState;
    expect({ works, told, description }).toEqual({ works: false, told: reason, description: '' });
    expect(checks.find(({ state }) => state === 'fails')?.text).toBe(reason);
  });

  it('no driver', () => {
    const words = 'libcuda.so.1: cannot open shared object file: No such file or directory';
    expect(outputOf(refusal, { LD_LIBRARY_PATH: nowhere })).toBe(
      refused(
        'DEVICE',
        `expected an NVIDIA driver of version 580 or newer (CUDA 13.0), received none (${words}): install one; containers see the host's with --gpus all`,
      ),
    );
  });

  it('no package, and one of another version', () => {
    expect(outputOf(refusal, {}, nowhere)).toBe(
      refused('DEVICE', `expected the package nodegrad-cuda, received none: ${own}`),
    );
    stubs.writePackage('9.9.9');
    try {
      expect(outputOf(refusal, {})).toBe(
        refused(
          'DEVICE',
          `expected nodegrad-cuda ${stubs.version}, the version of nodegrad, received 9.9.9 in ${stubs.package}: ${own}`,
        ),
      );
    } finally {
      stubs.writePackage(stubs.version);
    }
  });

  it('a library that was made for another addon', () => {
    expect(outputOf(refusal, { STUB_FAULT: 'abi' })).toMatch(
      new RegExp(
        `^cpu DEVICE \\[setDevice\\] expected a library that is made for '${stubs.version} [0-9a-f]{12} \\w+-\\d+', received ${stubs.package}/lib/libnodegrad_cuda.so, made for 'another' `,
      ),
    );
  });

  it('a library of NVIDIA that does not load, or is another one', () => {
    const [broken, other] = [stubs.some(), stubs.some()];
    execFileSync('sh', ['-c', `echo none > ${broken}/libcublasLt.so.13`]);
    execFileSync('cp', [`${stubs.libraries}/libcudnn.so.9`, `${other}/libcublasLt.so.13`]);
    const remedy = 'pip install nvidia-cublas, or set NODEGRAD_CUDA_PATH to the folder of a newer one';
    const received = (words: string) =>
      refused(
        'DEVICE',
        `expected cuBLASLt 13.0.0 or newer (libcublasLt.so.13), received one that does not load (${words}): ${remedy}`,
      );
    expect(outputOf(refusal, { NODEGRAD_CUDA_PATH: broken })).toBe(
      received(`${broken}/libcublasLt.so.13: file too short`),
    );
    expect(outputOf(refusal, { NODEGRAD_CUDA_PATH: other })).toBe(
      received(`${other}/libcublasLt.so.13 has no function cublasLtGetVersion`),
    );
  });
});

describe('checks', () => {
  it('are made as far as what they need is there', () => {
    const states = (changes: Changes) =>
      Object.fromEntries(cuda(changes).checks.map(({ name, state }) => [name, state]));
    expect(states({ STUB_CUDA: '12040' })).toEqual({
      driver: 'fails',
      GPU: 'unchecked',
      'nodegrad-cuda': 'works',
      cuBLASLt: 'works',
      cuDNN: 'works',
      library: 'unchecked',
      numbers: 'unchecked',
    });
    expect(states({ NODEGRAD_CUDA_PATH: nowhere })).toMatchObject({ cuBLASLt: 'fails', cuDNN: 'unchecked' });
  });

  it('find libraries in wheels of the active Python environment, then by the loader', () => {
    const script = `console.log(JSON.stringify(devices()[1].checks.map(({ text }) => text)));`;
    const texts = (changes: Changes) => JSON.parse(outputOf(script, changes)) as string[];
    const wheels = join(working.VIRTUAL_ENV, 'lib/python3.12/site-packages/nvidia');
    const folders = [`${wheels}/cu13/lib`, `${wheels}/cudnn/lib`];
    execFileSync('mkdir', ['-p', ...folders]);
    try {
      const parts = [
        ['libcublasLt.so.13', folders[0]],
        ['libcudnn.so.9', folders[1]],
      ] as const;
      for (const [name, folder] of parts) execFileSync('cp', [`${stubs.libraries}/${name}`, `${folder}/`]);
      const found = texts({ NODEGRAD_CUDA_PATH: '' });
      expect(found[3]).toBe(`13.1.0 (${folders[0]}/libcublasLt.so.13, from the active Python environment)`);
      expect(found[4]).toBe(`9.19.0 (${folders[1]}/libcudnn.so.9, from the active Python environment)`);
    } finally {
      execFileSync('rm', ['-r', working.VIRTUAL_ENV]);
    }
    const loader = { NODEGRAD_CUDA_PATH: '', LD_LIBRARY_PATH: `${stubs.driver}:${stubs.libraries}` };
    expect(texts(loader)[4]).toBe(`9.19.0 (${stubs.libraries}/libcudnn.so.9, from the system's loader)`);
  });

  it('that failed are made anew', () => {
    const script = `process.env.STUB_FAULT = 'memory';
      ${refusal}
      delete process.env.STUB_FAULT;
      setDevice('cuda');
      console.log(getDevice());`;
    expect(outputOf(script, {}).split('\n')).toEqual([
      refused('OUT_OF_MEMORY', 'expected 300 MiB on the GPU, received 12 MiB'),
      'cuda',
    ]);
  });

  it('tell of a NODEGRAD_CUDA_PATH that names no folder', () => {
    expect(outputOf(refusal, { NODEGRAD_CUDA_PATH: '/none' })).toBe(
      refused('ARGUMENT', "expected folders (with ':' between two) in NODEGRAD_CUDA_PATH, received '/none'"),
    );
  });
});

it('the bench refuses a GPU that does not work, with the reason', () => {
  const bench = (...args: string[]) =>
    runScript(
      `process.argv = [process.argv[0], 'bench', ...process.argv.slice(1)]; await import('./bench/main.ts');`,
      { ...working, LD_LIBRARY_PATH: nowhere },
      '--',
      ...args,
    );
  const { status, stdout, stderr } = bench('--training', '--device', 'cuda');
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
  expect(stderr).toMatch(/^\[setDevice\] expected an NVIDIA driver of version 580 or newer/);
  const other = bench('--scaling', '--device', 'cuda');
  expect(other.status).toBe(1);
  expect(other.stderr).toMatch(/^--scaling: expected the device cpu, received cuda\./);
});

it('setDevice refuses other names', () => {
  const script = 'try { setDevice("gpu"); } catch (error) { console.log(error.code, error.message); }';
  expect(outputOf(script, {})).toBe(
    "ARGUMENT [setDevice] expected 'cpu', 'cuda' or 'cuda:1', received 'gpu'",
  );
});

// It is a part of the package, which needs to have been built.
describe.skipIf(!existsSync('dist/index.mjs'))('npx nodegrad doctor', () => {
  const doctor = (...args: string[]) =>
    execFileSync(
      process.execPath,
      [new URL('../../bin/nodegrad.mjs', import.meta.url).pathname, 'doctor', ...args],
      {
        cwd: stubs.project,
        encoding: 'utf8',
        env: { ...process.env, ...working },
      },
    );

  it('prints the devices and what was checked', () => {
    const lines = doctor().trimEnd().split('\n');
    expect(lines[0]).toMatch(/^cpu {14}works {2}cpu, oneDNN /);
    expect(lines.slice(1)).toEqual([
      'cuda             works  stub 1.0, sm_75',
      `  driver         works  ${DRIVER_VERSION} (CUDA 13.0)`,
      '  GPU            works  Stub GPU, compute capability 7.5, 1.5 GiB',
      `  nodegrad-cuda  works  ${stubs.version} (${stubs.package})`,
      `  cuBLASLt       works  13.1.0 (${stubs.libraries}/libcublasLt.so.13, from NODEGRAD_CUDA_PATH)`,
      `  cuDNN          works  9.19.0 (${stubs.libraries}/libcudnn.so.9, from NODEGRAD_CUDA_PATH)`,
      '  library        works  stub 1.0',
      '  numbers        works  element-wise ops, products, convolutions: as on the CPU',
    ]);
  });

  it('prints the same as JSON', () => {
    expect((JSON.parse(doctor('--json')) as DeviceState[])[1]).toEqual(cuda({}));
  });
});
