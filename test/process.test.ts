// What only a whole process shows: how it ends, and the threads that it starts.
import { describe, expect, test } from 'vitest';
import { Cgroup } from './support/cgroup.js';
import { runScript } from './support/process.js';

describe('a process', () => {
  const slow = `
    import { compile } from './lib/core/compile.ts';
    import * as ops from './lib/ops/index.ts';
    import { tensor, zeros } from './lib/core/tensor.ts';
    const x = zeros([1500, 1500]);
    const step = compile((x) => ops.sum(ops.matmul(ops.matmul(x, x), x)));`;

  test('lives until what it awaits is there, then ends', () => {
    const { status, stdout, stderr } = runScript(
      `${slow}\n step(x).then(async (y) => console.log(await y.item()));`,
    );
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '0\n', stderr: '' });
  });

  test('exit in the middle of a step ends it at once', () => {
    const { status, signal, stderr } = runScript(
      `${slow}\n for (let i = 0; i < 20; i++) void step(x); setTimeout(() => process.exit(7), 30);`,
    );
    expect({ status, signal, stderr }).toEqual({ status: 7, signal: null, stderr: '' });
  });

  test('exit listeners may read: what was cancelled says so', () => {
    const { status, stdout, stderr } = runScript(`${slow}
      const y = ops.matmul(x, x), z = ops.add(ops.matmul(y, y), 1);
      process.on('exit', () => { try { z.dataSync(); } catch (error) { console.log(error.code); } console.log(x.dataSync()[0]); });
      setTimeout(() => process.exit(0), 5);`);
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: 'ABORTED\n0\n', stderr: '' });
  });

  test('outlives a worker that alone used the engine', () => {
    const { status, stdout, stderr } = runScript(`
      import { Worker } from 'node:worker_threads';
      const file = new URL('test/support/train.worker.ts', 'file://' + process.cwd() + '/').href;
      const worker = new Worker("import('tsx/esm/api').then(({ register }) => (register(), import('" + file + "')))",
        { eval: true, workerData: { steps: 1e6, width: 512, seed: 1 } });
      worker.on('message', ({ step }) => step === 3 && worker.terminate());
      worker.on('exit', () => setTimeout(() => console.log('alive'), 100));`);
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: 'alive\n', stderr: '' });
  });

  test('ends with a step in flight that nobody awaits', () => {
    const { status, signal } = runScript(`${slow}\n for (let i = 0; i < 5; i++) ops.matmul(x, x);`);
    expect({ status, signal }).toEqual({ status: 0, signal: null });
  });

  test.each([
    [{}, '10000'],
    [{ GOMP_SPINCOUNT: '7' }, '7'],
    [{ OMP_WAIT_POLICY: 'passive' }, '0'],
  ])('bounds how long idle threads spin, unless the user does: %o', (env, spins) => {
    const own = { OMP_WAIT_POLICY: undefined, GOMP_SPINCOUNT: undefined, ...env };
    const script = `
      import { engine } from './lib/engine/engine.ts';
      const before = process.env.GOMP_SPINCOUNT;
      engine();
      console.log(process.env.GOMP_SPINCOUNT === before);`;
    const { stdout, stderr } = runScript(script, { ...own, OMP_DISPLAY_ENV: 'verbose' });
    expect(stdout).toBe('true\n');
    expect(stderr).toMatch(new RegExp(`GOMP_SPINCOUNT = '${spins}'`));
  });

  test('an import needs no binary', () => {
    const script = `const { Tensor } = await import('./lib/core/tensor.ts'); console.log(Tensor.name, process.report.getReport().sharedObjects.some((name) => name.endsWith('nodegrad.node')))`;
    expect(runScript(script).stdout).toBe('Tensor false\n');
  });
});

const training = `
  import * as layers from './lib/layers/index.ts';
  import { NDArray } from './lib/core/ndarray.ts';
  import { Sequential } from './lib/models/index.ts';
  import { getEngineInfo } from './lib/engine/info.ts';
  const fit = (epochs) => {
    const model = new Sequential([
      layers.input({ shape: [16, 16, 3] }),
      layers.conv2d({ filters: 5, kernelSize: 3 }),
      layers.conv2d({ filters: 16, kernelSize: 3, strides: 2 }),
      layers.flatten(),
      layers.dense({ units: 3, activation: 'softmax' }),
    ]);
    model.compile({ optimizer: 'sgd', loss: 'sparseCategoricalCrossentropy' });
    const x = new NDArray(new Float32Array(7 * 768).fill(0.5), [7, 16, 16, 3]);
    return model.fit(x, new NDArray(new Int32Array(7), [7]), { batchSize: 4, epochs, verbose: 0 });
  };`;

describe('the team of threads', () => {
  const report = `${training}
    await fit(2);
    console.log(getEngineInfo().threads);`;
  const unset = {
    OMP_DYNAMIC: undefined,
    OMP_NUM_THREADS: undefined,
    OMP_PLACES: undefined,
    OMP_PROC_BIND: undefined,
    OMP_THREAD_LIMIT: undefined,
  };
  const threadsWith = (env: Record<string, string>) => {
    const { status, stdout, stderr } = runScript(report, { ...unset, ...env });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    return Number(stdout);
  };
  const all = threadsWith({});

  test.each<[Record<string, string>, number]>([
    [{ OMP_DYNAMIC: 'true' }, all],
    [{ OMP_THREAD_LIMIT: '1' }, 1],
    [{ OMP_NUM_THREADS: '1' }, 1],
    [{ OMP_NUM_THREADS: '1000' }, all],
    [{ OMP_PROC_BIND: 'true', OMP_PLACES: 'cores' }, all],
    [{ OMP_PLACES: '{0}' }, 1],
    [{ OMP_MAX_ACTIVE_LEVELS: '0' }, 1],
  ])('trains with %o', (env, threads) => {
    expect(threadsWith(env)).toBe(threads);
  });

  test('is set through the API whatever OMP_NUM_THREADS says, but not beyond OMP_THREAD_LIMIT', () => {
    const set = `${training}
      const set = (threads) => { try { return getEngineInfo({ threads }).threads; } catch (error) { return error.code; } };
      console.log(set(${all}));
      await fit(1);
      console.log(getEngineInfo().threads);`;
    expect(runScript(set, { ...unset, OMP_NUM_THREADS: '1' }).stdout).toBe(`${all}\n${all}\n`);
    const refused = all > 1 ? 'ARGUMENT' : '1';
    expect(runScript(set, { ...unset, OMP_THREAD_LIMIT: '1' }).stdout).toBe(`${refused}\n1\n`);
  });

  test('is as large as the limit of processes lets it be', ({ skip }) => {
    const group = Cgroup.make('pids', 'max') ?? skip('no control group can be made here');
    try {
      // Node's own threads run by now; the engine's is the next, then the others of its team.
      const limited = (more: number) =>
        runScript(`${training}
          import { readFileSync, writeFileSync } from 'node:fs';
          const folder = '${group.folder}';
          writeFileSync(folder + '/cgroup.procs', String(process.pid));
          writeFileSync(folder + '/pids.max', String(Number(readFileSync(folder + '/pids.current', 'utf8')) + ${more}));
          try {
            getEngineInfo();
            await fit(2);
            console.log(getEngineInfo().threads);
          } catch (error) { console.log(error.name, error.code, error.message); }`);
      expect(limited(0).stdout).toMatch(
        /^EngineError DEVICE \[nodegrad\] expected to start the engine's thread/,
      );
      expect(limited(1).stdout).toBe('1\n');
      expect(limited(all).stdout).toBe(`${all}\n`);
    } finally {
      group.remove();
    }
  });
});

describe('unusual ends, while steps run and are being planned', () => {
  const work = `${training}
    const start = () => void fit(1e6).catch(() => undefined);
    const later = (end) => setTimeout(end, Number(process.argv[1]));`;
  test.each([
    [
      'exit without listeners',
      "start(); later(() => { process.removeAllListeners('exit'); process.exit(3); });",
      3,
    ],
    ['reallyExit', 'start(); later(() => process.reallyExit(3));', 3],
    [
      'work begun by an exit listener',
      "getEngineInfo(); process.on('exit', start); later(() => process.exit(3));",
      3,
    ],
    [
      'an error without listeners',
      "start(); later(() => { process.removeAllListeners('exit'); process.stderr.write = () => true; throw 1; });",
      1,
    ],
    ['SIGTERM', "start(); later(() => process.kill(process.pid, 'SIGTERM'));", 'SIGTERM'],
    [
      'exit with steps of workers',
      `import { Worker } from 'node:worker_threads';
       const file = new URL('test/support/train.worker.ts', 'file://' + process.cwd() + '/').href;
       const script = "import('tsx/esm/api').then(({ register }) => (register(), import('" + file + "')))";
       let begun = 0;
       for (const seed of [1, 2]) {
         const worker = new Worker(script, { eval: true, workerData: { steps: 1e6, width: 64, seed } });
         worker.on('message', ({ step }) => step === 1 && ++begun === 2 && later(() => process.reallyExit(3)));
       }`,
      3,
    ],
  ])('%s', (_, script, end) => {
    for (const delay of [0, 3, 10, 30, 60]) {
      const { status, signal } = runScript(`${work}\n${script}`, {}, String(delay));
      expect(signal ?? status, `after ${delay} ms`).toBe(end);
    }
  });

  test('have one exit listener, however often the engine is loaded', () => {
    const { stdout } = runScript(`
      import { loadAddon } from './lib/loader.ts';
      import { EngineError } from './lib/base/errors.ts';
      const addon = loadAddon(), before = process.listenerCount('exit');
      for (let i = 0; i < 20; i++) addon(EngineError);
      console.log(process.listenerCount('exit') - before);`);
    expect(stdout).toBe('1\n');
  });
});
