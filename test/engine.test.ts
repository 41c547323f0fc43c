import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compile } from '../lib/core/compile.js';
import { type Engine, engine } from '../lib/engine/engine.js';
import { EngineError } from '../lib/base/errors.js';
import { firstOf, itemAt } from '../lib/base/list.js';
import { type Host, loadAddon } from '../lib/loader.js';
import * as ops from '../lib/ops/index.js';
import { Source } from '../lib/core/program.js';
import type { Sym } from '../lib/core/sym.js';
import { arange, tensor, zeros } from '../lib/core/tensor.js';
import { Trace } from '../lib/core/trace.js';
import { variable } from '../lib/core/variable.js';

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc') as () => void;

/** Collects until the count of tensors stays: finalizers run in turns of the loop. */
async function collect(): Promise<number> {
  let before = Infinity;
  for (let i = 0; i < 50 && engine().info().tensors < before; i++) {
    before = engine().info().tensors;
    gc();
    await sleep(5);
  }
  return engine().info().tensors;
}

describe('loading', () => {
  let root: string;
  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), 'nodegrad-'));
    writeFileSync(join(root, 'package.json'), '{ "name": "nodegrad" }');
  });
  afterAll(() => rmSync(root, { recursive: true }));
  const host = (changes: Partial<Host>): Host => ({
    platform: 'linux',
    arch: 'x64',
    node: '20.1.0',
    napi: '9',
    glibc: () => '2.36',
    ...changes,
  });
  const failure = (changes: Partial<Host>, folder = root): unknown => {
    try {
      return loadAddon(folder, host(changes));
    } catch (error) {
      return error;
    }
  };

  test('a missing binary: where it was looked for, and the remedy', () => {
    const error = failure({}) as EngineError;
    expect(error).toBeInstanceOf(EngineError);
    expect(error.code).toBe('STATE');
    expect(error.message).toContain(join(root, 'prebuilds/linux-x64/nodegrad.node'));
    expect(error.message).toContain(join(root, 'build/Release/nodegrad.node'));
    expect(error.message).toContain('npm run build:native');
  });

  test('a bundle far from any installed package: what to tell the bundler', () => {
    const error = failure({}, join(root, 'elsewhere')) as EngineError;
    expect(error.code).toBe('STATE');
    expect(error.message).toContain(`received none in ${join(root, 'elsewhere')}`);
    for (const line of [
      '--external:nodegrad',
      "externals: { nodegrad: 'commonjs nodegrad' }",
      'serverExternalPackages',
    ])
      expect(error.message).toContain(line);
  });

  test('a platform without binaries', () => {
    const error = failure({ platform: 'aix', arch: 'ppc64' }) as EngineError;
    expect(error.code).toBe('DEVICE');
    expect(error.message).toContain('no native binary for aix-ppc64 (there are prebuilt ones for linux-x64)');
  });

  test('Node too old', () => {
    expect(failure({ node: '18.20.0' })).toMatchObject({ code: 'STATE' });
    expect(failure({ napi: undefined })).toMatchObject({ code: 'STATE' });
    expect(String(failure({ node: '20.2.0', napi: '8' }))).toContain(
      'expected Node 20.3 or newer (Node-API 9), received Node 20.2.0 (Node-API 8)',
    );
    const { engines } = JSON.parse(readFileSync('package.json', 'utf8')) as { engines: { node: string } };
    expect(engines.node).toBe('>=20.3');
  });

  test('a binary that does not load, here and under musl', () => {
    const folder = join(root, 'prebuilds/linux-x64');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'nodegrad.node'), 'no library');
    expect(failure({})).toMatchObject({
      code: 'DEVICE',
      message: expect.stringContaining('does not load') as string,
    });
    expect(String(failure({ glibc: () => undefined }))).toContain('expected Linux with glibc');
  });

  test('a system whose glibc is too old: what is needed and what is there', () => {
    const folder = join(root, 'build/Release');
    mkdirSync(folder, { recursive: true });
    const built = readFileSync('build/Release/nodegrad.node', 'latin1');
    expect(built).toContain('\0GLIBC_2.17\0');
    // The addon, asking for a version that no system has.
    writeFileSync(join(folder, 'nodegrad.node'), built.replace('\0GLIBC_2.17\0', '\0GLIBC_9.17\0'), 'latin1');
    symlinkSync(realpathSync('build/Release/libdnnl.so.3'), join(folder, 'libdnnl.so.3'));
    const error = failure({ glibc: () => '2.20' }) as EngineError;
    rmSync(folder, { recursive: true });
    expect(error.code).toBe('DEVICE');
    expect(error.message).toContain('expected a system with GLIBC_9.17, received glibc 2.20 without it');
    expect(error.message).toContain('glibc 2.27 or newer');
  });
});

describe('calls with wrong handles and values', () => {
  const native = engine();
  const t = native.createTensor('float32', [2], null);
  const graph = native.createGraph();
  const x = native.addInput(graph, 'float32', [2], 'x');
  const program = native.createProgram(graph, [x.id], [x.id], []);
  const wrong = [
    undefined,
    null,
    1,
    'tensor',
    {},
    [],
    Symbol('x'),
    () => 0,
    10n,
    new Proxy({}, {}),
    t,
    graph,
    program,
  ];

  const calls: [keyof Engine, number, unknown[]][] = [
    ['createTensor', 0, ['float32', [2], null]],
    ['createTensor', 1, ['float32', [2], null]],
    ['writeTensor', 0, [t, new Float32Array(2)]],
    ['writeTensor', 1, [t, new Float32Array(2)]],
    ['readTensor', 0, [t]],
    ['readTensorSync', 0, [t]],
    ['disposeTensor', 0, [t]],
    ['addInput', 0, [graph, 'float32', [2], 'x']],
    ['addParameter', 0, [graph, t, 'p']],
    ['addParameter', 1, [graph, t, 'p']],
    ['addOp', 0, [graph, 'negative', [x.id], {}]],
    ['addOp', 1, [graph, 'negative', [x.id], {}]],
    ['addOp', 2, [graph, 'negative', [x.id], {}]],
    ['addGradients', 0, [graph, [x.id], [x.id], null]],
    ['addGradients', 1, [graph, [x.id], [x.id], null]],
    ['createProgram', 0, [graph, [x.id], [x.id], []]],
    ['createProgram', 3, [graph, [x.id], [x.id], []]],
    ['run', 0, [program, [t], 1]],
    ['run', 1, [program, [t], 1]],
    ['describeProgram', 0, [program]],
    ['createSource', 0, [[t], { batchSize: 1, shuffle: false, seed: 0, pass: 0, dropRemainder: false }]],
    ['createSource', 1, [[t], { batchSize: 1, shuffle: false, seed: 0, pass: 0, dropRemainder: false }]],
  ];

  test.each(calls)('%s, argument %i', (name, index, args) => {
    const right = args[index];
    for (const value of wrong) {
      if (value === right || (Array.isArray(right) && Array.isArray(value))) continue;
      if (name === 'createTensor' && value === null) continue;
      const given = args.map((arg, i) => (i === index ? value : arg));
      const call = () => (native[name] as (...given: unknown[]) => unknown)(...given);
      expect(call, Object.prototype.toString.call(value)).toThrow(EngineError);
    }
    expect(native.readTensorSync(t)).toEqual(new Float32Array(2));
  });

  test('ids of values that do not exist', () => {
    expect(() => native.addOp(graph, 'negative', [99], {})).toThrow(EngineError);
    expect(() => native.addOp(graph, 'negative', [-1], {})).toThrow(EngineError);
    expect(() => native.createProgram(graph, [x.id], [1e9], [])).toThrow(EngineError);
    expect(() => native.addGradients(graph, [7], [x.id], null)).toThrow(EngineError);
  });

  test('an unknown op, with the nearest name', () => {
    expect(() => native.addOp(graph, 'sofmax', [x.id], {})).toThrow('softmax');
  });

  test('the length of data', () => {
    expect(() => native.createTensor('float32', [2], new Float32Array(3))).toThrow(
      expect.objectContaining({ code: 'SHAPE' }),
    );
    expect(() => native.writeTensor(t, new Int32Array(2))).toThrow(
      expect.objectContaining({ code: 'DTYPE' }),
    );
  });

  test('feeds that do not fit', () => {
    const wide = native.createTensor('float32', [3], null);
    expect(() => native.run(program, [wide], 1)).toThrow(expect.objectContaining({ code: 'SHAPE' }));
    expect(() => native.run(program, [], 1)).toThrow(expect.objectContaining({ code: 'ARGUMENT' }));
    native.disposeTensor(wide);
    expect(() => native.run(program, [wide], 1)).toThrow(expect.objectContaining({ code: 'DISPOSED' }));
  });
});

describe('info', () => {
  test('tells the state, and sets the number of threads', () => {
    const { device, isa, threads, bytes } = engine().info();
    expect(device).toMatch(/^cpu, oneDNN \d+\.\d+/);
    expect(['base', 'avx2', 'avx512', 'amx']).toContain(isa);
    expect(bytes).toBeGreaterThanOrEqual(0);
    expect(engine().info({ threads: 1 }).threads).toBe(1);
    expect(ops.sum(tensor([1, 2])).itemSync()).toBe(3);
    expect(engine().info({ threads }).threads).toBe(threads);
    for (const bad of [0, -1, 1e6, 1.5]) expect(() => engine().info({ threads: bad })).toThrow(EngineError);
  });

  test('lists the devices, on which programs run by name', () => {
    const { devices, device, isa, bfloat16 } = engine().info();
    expect(devices[0]).toEqual({ name: 'cpu', description: device, architecture: isa, bfloat16 });
    const native = engine();
    const graph = native.createGraph();
    const x = native.addInput(graph, 'float32', [2], 'x');
    const on = (name?: string) => native.createProgram(graph, [x.id], [x.id], [], 'float32', name);
    const t = native.createTensor('float32', [2], Float32Array.of(1, 2));
    for (const name of [undefined, 'cpu'])
      expect(native.readTensorSync(firstOf(native.run(on(name), [t], 1).outputs))).toEqual(
        Float32Array.of(1, 2),
      );
    expect(() => on('abacus')).toThrow(expect.objectContaining({ code: 'DEVICE' }));
    expect(() => on('abacus')).toThrow("expected the device 'cpu', received 'abacus'");
  });
});

describe('sources', () => {
  test('feed steps by themselves, in order, with a short last batch', async () => {
    const total = variable(0);
    const trace = new Trace();
    const batch = trace.input('float32', [-1], 'batch');
    const sum = trace.within(() => {
      total.assign(ops.add(total, ops.sum(batch)));
      return ops.sum(batch);
    });
    const program = trace.program([batch], [sum]);
    const source = new Source([arange(0, 5)], { batchSize: 2 });
    const sums: number[] = [];
    for (let i = 0; i < 4; i++) sums.push(await firstOf(program.runSource(source, 1).outputs).item());
    expect(sums).toEqual([1, 5, 4, 1]);
    await program.runSource(source, 2).done;
    expect(total.dataSync()[0]).toBe(11 + 9);
  });

  test('shuffle by seed and pass', async () => {
    const trace = new Trace();
    const batch = trace.input('float32', [-1], 'batch');
    const program = trace.program([batch], [ops.stopGradient(batch)]);
    const x = arange(0, 50);
    const pass = async (seed: number, number: number) => {
      const source = new Source([x], { batchSize: 50, shuffle: true, seed, pass: number });
      return [...(await firstOf(program.runSource(source, 1).outputs).data())];
    };
    const first = await pass(1, 0);
    expect([...first].sort((a, b) => a - b)).toEqual([...x.dataSync()]);
    expect(await pass(1, 0)).toEqual(first);
    expect(await pass(1, 1)).not.toEqual(first);
    expect(await pass(2, 0)).not.toEqual(first);
  });

  test('begin at a step of a pass', async () => {
    const trace = new Trace();
    const batch = trace.input('float32', [-1], 'batch');
    const program = trace.program([batch], [ops.stopGradient(batch)]);
    const options = { batchSize: 2, shuffle: true, seed: 3 };
    const from = async (step: number) => {
      const source = new Source([arange(0, 5)], { ...options, pass: 4, step });
      const batches: number[][] = [];
      for (let i = step; i < 5; i++)
        batches.push([...(await itemAt(program.runSource(source, 1).outputs, 0).data())]);
      return batches;
    };
    const all = await from(0);
    expect(await from(2)).toEqual(all.slice(2));
    expect(await from(3)).toEqual(all.slice(3));
    expect(() => new Source([zeros([4])], { ...options, step: -1 })).toThrow('expected a step of 0 or more');
  });

  test('bad options', () => {
    const x = zeros([4]);
    expect(() => new Source([x], { batchSize: 0 })).toThrow(EngineError);
    expect(() => new Source([x], { batchSize: 1.5 })).toThrow(EngineError);
    expect(() => new Source([x], { batchSize: 2, pass: -1 })).toThrow('expected a pass of 0 or more');
    expect(() => new Source([x, zeros([3])], { batchSize: 2 })).toThrow(
      expect.objectContaining({ code: 'SHAPE' }),
    );
    expect(() => new Source([], { batchSize: 2 })).toThrow(EngineError);
  });
});

describe('memory', () => {
  test('a thousand ops leave nothing behind', async () => {
    const before = await collect();
    const work = async () => {
      const w = variable(zeros([16]));
      const step = compile((x: Sym) => {
        w.assign(ops.add(w, x));
        return ops.sum(w);
      });
      for (let i = 0; i < 500; i++) {
        const y = ops.multiply(await step([1]), 2);
        if (i % 2) y.dispose();
        else await y.data();
      }
    };
    await work();
    expect(await collect()).toBe(before);
  });

  test('bytes come back with dispose', () => {
    const before = engine().info().bytes;
    const t = zeros([1 << 20]);
    expect(engine().info().bytes - before).toBeGreaterThanOrEqual(4 << 20);
    t.dispose();
    expect(engine().info().bytes).toBe(before);
  });

  test('V8 hears of native memory, and collects before it is too much', async () => {
    const before = engine().info().bytes;
    for (let i = 0; i < 100; i++) {
      zeros([1 << 20]);
      if (i % 10 === 0) await sleep(0);
    }
    expect(engine().info().bytes - before).toBeLessThan(250 << 20);
    await collect();
  });
});
