/**
 * What gpu-check/main.mjs has measured, a part a process: node --import tsx gpu-check/measure.ts PART. Runs on the GPU of NODEGRAD_TEST_GPU, else on
 * the emulated one, with little work where NODEGRAD_GPU_CHECK is `small`. Prints what it found in a line that begins with RESULT.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { type Model, NDArray, Sequential, type Sym, compile, devices, layers, ops, tensor } from 'nodegrad';
import { modelOf, uniform } from '../bench/net.js';
import { nets } from '../bench/nets/index.js';
import { useEmulatedGpu } from '../test/cuda/emulated/gpu.js';

const isSmall = process.env['NODEGRAD_GPU_CHECK'] === 'small';
const result = (text: string) => console.log(`RESULT ${text}`);

/** Another process with one of the parts: its output, and the plans that it printed where `plans` asks for them. */
function child(part: string, plans: boolean): { output: string; plans: string } {
  const env = { ...process.env, NODEGRAD_PLAN: plans ? 'print' : '' };
  const args = ['--import', 'tsx', fileURLToPath(import.meta.url), part];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    encoding: 'utf8',
    env,
    maxBuffer: 1 << 28,
  });
  if (status !== 0) throw new Error(`${part} ended with ${status}: ${stderr.slice(-1000)}`);
  return { output: /^RESULT (.*)$/m.exec(stdout)?.[1] ?? '', plans: stderr };
}

/** Steps of a net with all that could make two runs differ: a new order each epoch, dropout, statistics, a short last batch. */
const STEPS_TWICE = 52;
const BATCHES = 13;
const BATCH = 8;

async function trainedWeights(): Promise<string> {
  const samples = BATCHES * BATCH - 3;
  const model = new Sequential(
    [
      layers.input({ shape: [8, 8, 2] }),
      layers.conv2d({ filters: 4, kernelSize: 3 }),
      layers.batchNormalization(),
      layers.relu(),
      layers.maxPooling2d({ poolSize: 2 }),
      layers.flatten(),
      layers.dropout({ rate: 0.3 }),
      layers.dense({ units: 3, activation: 'softmax' }),
    ],
    { seed: 5 },
  );
  model.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy' });
  const x = new NDArray(uniform(samples * 8 * 8 * 2, 1), [samples, 8, 8, 2]);
  const y = new NDArray(
    Int32Array.from(uniform(samples, 2), (u) => Math.floor(3 * u)),
    [samples],
  );
  const epochs = STEPS_TWICE / BATCHES;
  await model.fit(x, y, { batchSize: BATCH, epochs, seed: 7, verbose: 0 });
  const hash = createHash('sha256');
  for (const { data } of await model.getWeights())
    hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  return hash.digest('hex');
}

/** Milliseconds of a step of fit on arrays that are there already, after an epoch in which all is planned. */
async function stepTime(
  model: Model,
  x: NDArray,
  y: NDArray,
  batchSize: number,
  epochs: number,
): Promise<number> {
  const [images, labels] = [tensor(x), tensor(y)];
  const fit = (count: number) => model.fit(images, labels, { batchSize, epochs: count, seed: 1, verbose: 0 });
  await fit(2);
  const start = performance.now();
  await fit(epochs);
  return (performance.now() - start) / (epochs * Math.ceil(x.shape[0]! / batchSize));
}

const [NET, NET_BATCHES] = ['mnist', isSmall ? 2 : 100];
const netBatch = isSmall ? 2 : nets[NET]!.batch;

async function netStepTime(): Promise<number> {
  const net = nets[NET]!;
  const { x, y } = net.data(netBatch * NET_BATCHES, net.size);
  return stepTime(modelOf(net, 'float32'), x, y, netBatch, isSmall ? 1 : 5);
}

/** Of the plan with the most kernels: how many, and their milliseconds in the mean. */
function longestPlan(plans: string): { kernels: number; ms: number } {
  const found = [
    ...plans.matchAll(/^plan: (\d+) kernels[\s\S]*?^sum of the kernels: .* best, ([\d.]+) ms mean$/gm),
  ];
  const all = found.map(([, kernels, ms]) => ({ kernels: Number(kernels), ms: Number(ms) }));
  const longest = all.sort((a, b) => b.kernels - a.kernels)[0];
  if (longest === undefined) throw new Error(`no plan was printed: ${plans.slice(-1000)}`);
  return longest;
}

/** Chains of so many steps, and the numbers that each goes over. */
const CHAINS = [1, 6, 20];
const CHAIN_LENGTH = isSmall ? 1 << 12 : 1 << 26;
const CHAIN_RUNS = isSmall ? 2 : 10;

async function chainBandwidths(): Promise<string> {
  const x = tensor(new Float32Array(CHAIN_LENGTH).fill(0.5));
  const told: string[] = [];
  for (const steps of CHAINS) {
    const chain = compile((y: Sym) => {
      let z = y;
      for (let i = 0; i < steps; i++) z = i % 2 === 0 ? ops.multiply(z, 1.01) : ops.add(z, 0.1);
      return z;
    });
    for (let run = 0; run < CHAIN_RUNS; run++) (await chain(x)).dispose();
    const plan = chain.describe();
    const [, bytes, ms] = /^ +\d+ +\S+ +\S+ +(\d+) B +([\d.]+) ms best/m.exec(plan) ?? [];
    if (bytes === undefined) throw new Error(`no times in the plan: ${plan}`);
    told.push(`${steps} steps ${(Number(bytes) / Number(ms) / 1e9).toFixed(3)} TB/s (${ms} ms)`);
  }
  return `${told.join(', ')}, of ${CHAIN_LENGTH} numbers`;
}

const parts: Record<string, () => Promise<void> | void> = {
  'self-check'() {
    const [, { works, reason, description, architecture, memory, checks } = devices()[0]!] = devices();
    if (!works) throw new Error(reason);
    // Without where each was found.
    const texts = checks.map(({ name, text }) => `${name}: ${text.replace(/ \(\/.*\)$/, '')}`);
    result([description, architecture, `${(memory / 2 ** 30).toFixed(1)} GiB`, ...texts].join('; '));
  },

  async weights() {
    result(await trainedWeights());
  },
  determinism() {
    const runs = { first: false, again: false, 'not recorded': true };
    const hashes = Object.entries(runs).map(
      ([name, plans]) => [name, child('weights', plans).output] as const,
    );
    const told = hashes.map(([name, hash]) => `${name} ${hash.slice(0, 12)}`).join(', ');
    if (new Set(hashes.map(([, hash]) => hash)).size > 1) throw new Error(`weights differ: ${told}`);
    result(`the same bits after ${STEPS_TWICE} steps: ${told}`);
  },

  async 'host-time'() {
    const [samples, width] = [isSmall ? 16 : 8000, 8];
    const model = new Sequential([
      layers.input({ shape: [width] }),
      ...[0, 1, 2].map(() => layers.dense({ units: width, activation: 'relu' })),
    ]);
    model.compile({ optimizer: 'sgd', loss: 'mse' });
    const x = new NDArray(uniform(samples * width, 1), [samples, width]);
    const ms = await stepTime(model, x, x, 8, isSmall ? 1 : 3);
    result(`${(ms * 1000).toFixed(1)} µs a step of a net whose kernels take next to nothing`);
  },

  async 'net-step'() {
    result(String(await netStepTime()));
  },
  gaps() {
    const step = Number(child('net-step', false).output);
    const { kernels, ms } = longestPlan(child('net-step', true).plans);
    const share = (100 * (step - ms)) / step;
    result(
      `${NET} @${netBatch}: a step takes ${step.toFixed(3)} ms, its ${kernels} kernels one after another ${ms.toFixed(3)} ms: gaps ${share.toFixed(0)} %`,
    );
  },

  async chains() {
    result(await chainBandwidths());
  },
  bandwidth() {
    result(child('chains', true).output);
  },
};

const part = process.argv[2] ?? '';
if (!Object.hasOwn(parts, part))
  throw new Error(`expected one of ${Object.keys(parts).join(', ')}, received '${part}'`);
// What only starts other processes needs no GPU.
if (!['determinism', 'gaps', 'bandwidth'].includes(part)) useEmulatedGpu();
await parts[part]!();
