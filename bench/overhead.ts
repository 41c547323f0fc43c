import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { type Sym, NDArray, Sequential, compile, layers, ops, optimizers, tensor } from 'nodegrad';
import { measureDashboard } from './dashboard.js';
import { minimum, quantile } from './statistics.js';

/** What JavaScript and the binding cost. */
export async function measureOverhead(log: (text: string) => void): Promise<void> {
  await smallSteps(log);
  await eventLoop(log);
  importTime(log);
}

/** A step whose graph is one small add: the time of the call alone, and to its end. */
async function smallSteps(log: (text: string) => void): Promise<void> {
  const step = compile((x: Sym) => ops.add(x, 1));
  const x = tensor([1, 2, 3, 4]);
  const count = 1000;
  const call: number[] = [];
  const whole: number[] = [];
  for (let round = 0; round < 20; round++) {
    const results = new Array<ReturnType<typeof step>>(count);
    const start = performance.now();
    for (let i = 0; i < count; i++) results[i] = step(x);
    const called = performance.now();
    for (const result of await Promise.all(results)) result.dispose();
    call.push(((called - start) / count) * 1e3);
    whole.push(((performance.now() - start) / count) * 1e3);
  }
  const awaited: number[] = [];
  for (let i = 0; i < count; i++) {
    const start = performance.now();
    (await step(x)).dispose();
    awaited.push((performance.now() - start) * 1e3);
  }
  log(
    `one small add, µs a step: ${minimum(call).toFixed(1)} in the call (bound 20); ${minimum(whole).toFixed(1)} with its end, ` +
      `queued ${count} at a time; ${quantile(awaited, 0.5).toFixed(1)} one after another (median)`,
  );
}

/** How late timers fire on the main thread while fit trains the mnist net on the engine's, and what the dashboard adds. */
async function eventLoop(log: (text: string) => void): Promise<void> {
  const samples = 128 * 60;
  const x = new NDArray(
    new Uint8Array(samples * 784).map((_, i) => (i * 7) % 256),
    [samples, 28, 28, 1],
  );
  const y = new NDArray(
    new Uint8Array(samples).map((_, i) => i % 10),
    [samples],
  );
  const model = new Sequential([
    layers.input({ shape: [28, 28, 1] }),
    layers.conv2d({ filters: 32, kernelSize: 3, activation: 'relu' }),
    layers.conv2d({ filters: 64, kernelSize: 3, activation: 'relu' }),
    layers.maxPooling2d({ poolSize: 2 }),
    layers.flatten(),
    layers.dense({ units: 10, activation: 'softmax' }),
  ]);
  model.compile({
    optimizer: optimizers.sgd(),
    loss: 'sparseCategoricalCrossentropy',
    metrics: ['accuracy'],
  });
  await model.fit(x, y, { batchSize: 128, stepsPerEpoch: 5, verbose: 0 }); // plans and code are warm from here on
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  await model.fit(x, y, { batchSize: 128, epochs: 1, verbose: 0 });
  delay.disable();
  log(
    `event loop delay while fit runs, ms with timers of 1 ms: p50 ${(delay.percentile(50) / 1e6).toFixed(2)}, ` +
      `p99 ${(delay.percentile(99) / 1e6).toFixed(2)} (bound 5), max ${(delay.max / 1e6).toFixed(2)}`,
  );
  await measureDashboard(model, x, y, log);
}

/** A fresh process that imports the built package. */
function importTime(log: (text: string) => void): void {
  const entry = new URL('../dist/index.mjs', import.meta.url);
  if (!existsSync(fileURLToPath(entry)))
    throw new Error('bench: dist/ is missing; npm run build:ts makes it.');
  const script = `const start = performance.now(); await import(${JSON.stringify(entry.href)}); console.log(performance.now() - start)`;
  const times = Array.from({ length: 7 }, () => {
    const { status, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(`bench: the import failed: ${stderr}`);
    return Number(stdout);
  });
  log(
    `import of the package: ${minimum(times).toFixed(0)} ms at least, ${quantile(times, 0.5).toFixed(0)} ms median (bound 150)`,
  );
}
