import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { getEngineInfo } from 'nodegrad';
import { afterAll, describe, expect, it } from 'vitest';
import { runScript } from './support/process.js';

const unset = {
  NODEGRAD_ISA: undefined,
  NODEGRAD_CONV: undefined,
  NODEGRAD_BFLOAT16: undefined,
  NODEGRAD_PLAN: undefined,
  NODEGRAD_CACHE: undefined,
  NODEGRAD_MNIST_MIRROR: undefined,
  NODEGRAD_CUDA_PATH: undefined,
  VIRTUAL_ENV: undefined,
  CONDA_PREFIX: undefined,
  XDG_CACHE_HOME: undefined,
};

function outputOf(script: string, env: Record<string, string>, ...args: string[]): string {
  const { status, stdout, stderr } = runScript(script, { ...unset, ...env }, ...args);
  expect(status, stderr).toBe(0);
  return stdout;
}

const scratch = mkdtempSync(path.join(tmpdir(), 'nodegrad-settings-'));
afterAll(() => {
  rmSync(scratch, { recursive: true });
});

describe('what the engine reads', () => {
  // A convolution that Winograd's algorithm takes, where the machine has kernels for it.
  const work = `import { compile, getEngineInfo, ops, ones, tensor } from 'nodegrad';
    const convolve = () => compile((x, w) => ops.conv(x, w, { padding: 'same' }));
    const run = async () => {
      const step = convolve();
      const y = await step(ones([16, 16, 16, 32]), ones([3, 3, 32, 32]));
      await y.data();
      return step.describe();
    };`;
  const { isa } = getEngineInfo();

  it.each([
    [
      'NODEGRAD_ISA',
      'sse9',
      /^expected 'base'( or '\w+')* or nothing in NODEGRAD_ISA on this machine, received 'sse9'$/,
    ],
    ['NODEGRAD_CONV', 'fft', /^expected 'direct' or nothing in NODEGRAD_CONV, received 'fft'$/],
    [
      'NODEGRAD_BFLOAT16',
      'on',
      /^expected 'native' or 'emulate' or 'off' or nothing in NODEGRAD_BFLOAT16, received 'on'$/,
    ],
    ['NODEGRAD_PLAN', 'all', /^expected 'print' or nothing in NODEGRAD_PLAN, received 'all'$/],
  ])('is refused at the first use: %s=%s', (variable, value, message) => {
    const script = `import { EngineError, tensor } from 'nodegrad';
      for (let i = 0; i < 2; i++)
        try { tensor([1]); } catch (error) { console.log(error instanceof EngineError && error.code, error.message); }`;
    const lines = outputOf(script, { [variable]: value })
      .trimEnd()
      .split('\n');
    expect(lines).toHaveLength(2);
    for (const line of lines) {
      expect(line).toMatch(/^ARGUMENT \[nodegrad\] /);
      expect(line.slice('ARGUMENT [nodegrad] '.length)).toMatch(message);
    }
  });

  it('counts as unset where it is empty', () => {
    const empty = { NODEGRAD_ISA: '', NODEGRAD_CONV: '', NODEGRAD_BFLOAT16: '', NODEGRAD_PLAN: '' };
    const script = `${work} const { isa, bfloat16 } = getEngineInfo(); console.log(isa, bfloat16, (await run()).includes('winograd'));`;
    expect(outputOf(script, empty)).toBe(outputOf(script, {}));
  });

  it('NODEGRAD_ISA chooses the kernels', () => {
    const script = `${work} console.log(getEngineInfo().isa);`;
    expect(outputOf(script, { NODEGRAD_ISA: 'base' })).toBe('base\n');
    expect(outputOf(script, { NODEGRAD_ISA: isa })).toBe(`${isa}\n`);
  });

  it.skipIf(isa === 'base')("NODEGRAD_CONV=direct takes Winograd's algorithm away, and is read once", () => {
    const script = `${work} console.log((await run()).includes('winograd'));
      process.env.NODEGRAD_CONV = process.argv[1];
      console.log((await run()).includes('winograd'));`;
    expect(outputOf(script, {}, 'direct')).toBe('true\ntrue\n');
    expect(outputOf(script, { NODEGRAD_CONV: 'direct' }, '')).toBe('false\nfalse\n');
  });

  it('NODEGRAD_BFLOAT16 takes the instructions away, or has AVX-512 do without', () => {
    const script = `${work} console.log(getEngineInfo().bfloat16);`;
    expect(outputOf(script, { NODEGRAD_BFLOAT16: 'off' })).toBe('false\n');
    expect(outputOf(script, { NODEGRAD_BFLOAT16: 'emulate' })).toBe(`${['avx512', 'amx'].includes(isa)}\n`);
  });

  it('NODEGRAD_PLAN=print prints plans to stderr', () => {
    const script = `${work} const described = await run(); console.log(described);`;
    const { stdout, stderr, status } = runScript(script, { ...unset, NODEGRAD_PLAN: 'print' });
    expect(status).toBe(0);
    expect(stdout).toContain('conv');
    expect(stderr).toContain('conv');
    expect(runScript(script, unset).stderr).not.toContain('conv');
  });
});

describe('what JavaScript reads', () => {
  const file = path.join(scratch, 'file');
  writeFileSync(file, '');
  const show = (value: string) => `import * as settings from './lib/engine/settings.ts';
    for (let i = 0; i < 2; i++)
      try { console.log(${value}); } catch (error) { console.log(error.name, error.code, error.message); }`;
  const twice = (text: string) => `${text}\n${text}\n`;

  it.each([
    [{ NODEGRAD_CACHE: '/there', XDG_CACHE_HOME: '/else' }, '/there'],
    [{ NODEGRAD_CACHE: 'below/here' }, 'below/here'],
    [{ NODEGRAD_CACHE: '', XDG_CACHE_HOME: '/there' }, '/there/nodegrad'],
    [{ XDG_CACHE_HOME: 'relative', HOME: '/home/me' }, '/home/me/.cache/nodegrad'],
    [{ HOME: '/home/me' }, '/home/me/.cache/nodegrad'],
    [
      { HOME: '' },
      /^EngineError ARGUMENT \[nodegrad\] expected a folder \(the user has no home\) in NODEGRAD_CACHE, received ''$/m,
    ],
    [
      { NODEGRAD_CACHE: file },
      `EngineError ARGUMENT [nodegrad] expected a folder (it need not exist) in NODEGRAD_CACHE, received '${file}'`,
    ],
    [
      { NODEGRAD_CACHE: `${file}/x` },
      `EngineError ARGUMENT [nodegrad] expected a folder (it need not exist) in NODEGRAD_CACHE, received '${file}/x'`,
    ],
  ])('the folder for downloads: %o', (env, expected) => {
    const output = outputOf(show('settings.cacheFolder()'), env);
    if (typeof expected === 'string') expect(output).toBe(twice(expected));
    else expect(output).toMatch(expected);
  });

  it.each([
    [{ KERAS_HOME: '/there' }, '/there'],
    [{ KERAS_HOME: '', HOME: '/home/me' }, '/home/me/.keras'],
  ])("Keras's folder: %o", (env, expected) => {
    expect(outputOf(show('settings.kerasFolder()'), env)).toBe(twice(expected));
  });

  it.each([
    ['http://127.0.0.1:9/mnist', 'http://127.0.0.1:9/mnist'],
    ['', 'undefined'],
    ...['mnist.example', 'ftp://mnist.example', 'https://'].map((wrong) => [
      wrong,
      `EngineError ARGUMENT [nodegrad] expected an address (http:// or https://) or nothing in NODEGRAD_MNIST_MIRROR, received '${wrong}'`,
    ]),
  ])('the mirror of MNIST: %s', (mirror, expected) => {
    expect(outputOf(show('settings.mnistMirror()'), { NODEGRAD_MNIST_MIRROR: mirror })).toBe(twice(expected));
  });

  it.each([
    [{}, '[]'],
    [{ NODEGRAD_CUDA_PATH: '/usr:/tmp' }, '["/usr","/tmp"]'],
    [
      { NODEGRAD_CUDA_PATH: `/usr:${file}` },
      `EngineError ARGUMENT [nodegrad] expected folders (with ':' between two) in NODEGRAD_CUDA_PATH, received '${file}'`,
    ],
  ])("the folders of NVIDIA's libraries: %o", (env, expected) => {
    expect(outputOf(show('JSON.stringify(settings.cudaFolders())'), env)).toBe(twice(expected));
  });

  it.each([
    [{ VIRTUAL_ENV: '/env', CONDA_PREFIX: '/conda' }, '["/env"]'],
    [{ VIRTUAL_ENV: '', CONDA_PREFIX: '/conda' }, '["/conda"]'],
    [
      { PATH: `below:${scratch}/bin:/usr/bin`, HOME: '/home/me' },
      `["${scratch}","/usr/local","/home/me/.local"]`,
    ],
    [{ PATH: '/none', HOME: '/home/me' }, '[]'],
  ])("where Python's packages are: %o", (env, expected) => {
    mkdirSync(path.join(scratch, 'bin'), { recursive: true });
    writeFileSync(path.join(scratch, 'bin/python3'), '');
    expect(outputOf(show('JSON.stringify(settings.pythonPrefixes())'), env)).toBe(twice(expected));
  });

  it('is asked by datasets.mnist, once', () => {
    const script = `import { cachedMnist } from './lib/datasets/mnist.ts';
      const fails = () => cachedMnist().catch((error) => console.log(error.code, error.message.split(',')[0]));
      await fails();
      process.env.NODEGRAD_MNIST_MIRROR = 'nonsense';
      process.env.NODEGRAD_CACHE = '${file}';
      await fails();`;
    const env = { NODEGRAD_CACHE: path.join(scratch, 'cache'), NODEGRAD_MNIST_MIRROR: 'http://127.0.0.1:9' };
    expect(outputOf(script, env)).toBe(twice('IO [datasets] expected to download train-images-idx3-ubyte'));
    expect(outputOf(script, { NODEGRAD_MNIST_MIRROR: 'nonsense' })).toMatch(
      /^ARGUMENT \[nodegrad\] expected an address/,
    );
  });
});

it('the table in docs/settings.md has each variable', () => {
  const read = (file: string) => readFileSync(new URL(`../${file}`, import.meta.url), 'utf8');
  const named = (text: string) => new Set(text.match(/\b(NODEGRAD|XDG|OMP|GOMP)_[A-Z0-9_]+\b/g));
  const source = named(['cpp/core/settings.cpp', 'lib/engine/settings.ts'].map(read).join('\n'));
  const rows = read('docs/settings.md')
    .split('\n')
    .filter((line) => line.startsWith('| `'));
  const table = named(rows.map((row) => row.split('|')[1]).join('\n'));
  expect([...source].filter((name) => !table.has(name))).toEqual([]);
  const ours = [...table].filter((name) => name.startsWith('NODEGRAD_'));
  expect(ours.filter((name) => !source.has(name))).toEqual([]);
});
