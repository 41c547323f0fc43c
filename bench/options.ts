import { parseArgs } from 'node:util';
import type { DeviceName } from 'nodegrad';
import { nets } from './nets/index.js';

const NETS = Object.keys(nets);
const PEERS = ['torch', 'torch-compile', 'keras-tensorflow', 'keras-jax'];
const PRECISIONS = ['float32', 'bfloat16'];
/** What may be measured on a GPU, and compared with whom. */
const GPU_PARTS = ['training'];
const GPU_PEERS = ['torch', 'torch-compile'];
const PARTS = ['training', 'inference', 'memory', 'first-step', 'scaling', 'input', 'overhead'] as const;

export type Part = (typeof PARTS)[number];

export interface Options {
  parts: ReadonlySet<Part>;
  nets: string[];
  peers: string[];
  precisions: string[];
  /** Rounds of a comparison, in each of which every side makes a step or several. */
  steps: number;
  threads: number | undefined;
  /** Where both sides compute. */
  device: DeviceName;
  json: boolean;
  /** Whether convolutions are timed for the engine's choices, instead of the parts. */
  calibrate: boolean;
  /** Whether the tables go into docs/performance.md, or the prices of convolutions into the engine. */
  write: boolean;
}

export const USAGE = `npm run bench -- [PART …] [--nets mnist,…] [--peers torch,…] [--precision float32,…] [--steps N] [--threads N] [--device cuda]
       npm run bench -- --calibrate [--write] [--threads N]
Parts, all of them where none is named:
  --training    a training step, compared with the peers, and the floor
  --inference   resnet18 and mnist at batch 1 and 64, compared with PyTorch and onnxruntime-node
  --memory      peak memory of a process that trains, ours and PyTorch's
  --first-step  the first step of a process, planning included, ours and PyTorch's
  --scaling     one and two threads
  --input       fit on bytes, augmented and from files; augmentation, CSV and loading of models against Python's
  --overhead    what JavaScript and the binding cost: a small step, the event loop while fit runs, the dashboard, the import
Instead of them:
  --calibrate   every way to compute some convolutions, on each class of processors that the machine can run as, and the prices
                by which the engine is to choose among them; --write puts these into cpp/cpu/conv/cost_table.cpp
Choices:
  --nets        of ${NETS.join(', ')}; default all
  --peers       of ${PEERS.join(', ')}; default all; "none" for ours alone
  --precision   of ${PRECISIONS.join(', ')}; default both, bfloat16 where the CPU has instructions for it
  --steps       timed steps of each side at the least; default 20
  --threads     of both sides; default what nodegrad chooses
  --device      cpu (default) or cuda, an NVIDIA GPU: there --training is measured, with the PyTorch of the python3 on the PATH as the peer
  --json        the results as JSON on stdout instead of tables; remarks then go to stderr
  --write       write the tables into docs/performance.md as well; a run of everything does so
Each run is kept in bench/results.`;

export function readOptions(args: string[]): Options {
  const { values } = parseArgs({
    args,
    options: {
      training: { type: 'boolean' },
      inference: { type: 'boolean' },
      memory: { type: 'boolean' },
      'first-step': { type: 'boolean' },
      scaling: { type: 'boolean' },
      input: { type: 'boolean' },
      overhead: { type: 'boolean' },
      calibrate: { type: 'boolean', default: false },
      nets: { type: 'string' },
      peers: { type: 'string' },
      precision: { type: 'string' },
      steps: { type: 'string', default: '20' },
      threads: { type: 'string' },
      device: { type: 'string', default: 'cpu' },
      json: { type: 'boolean', default: false },
      write: { type: 'boolean', default: false },
    },
  });
  const onGpu = values.device !== 'cpu';
  const named = PARTS.filter((part) => values[part]);
  if (values.calibrate) refuseBesides(named, values);
  const other = onGpu ? named.find((part) => !GPU_PARTS.includes(part)) : undefined;
  if (other !== undefined) throw new Error(`--${other}: expected the device cpu, received ${values.device}.`);
  const measured = PARTS.filter((part) => !onGpu || GPU_PARTS.includes(part));
  return {
    parts: new Set(named.length > 0 ? named : measured),
    nets: choice('--nets', values.nets, NETS),
    peers: values.peers === 'none' ? [] : choice('--peers', values.peers, onGpu ? GPU_PEERS : PEERS),
    precisions: choice('--precision', values.precision, PRECISIONS),
    steps: positive('--steps', values.steps),
    device: values.device as DeviceName,
    threads: values.threads === undefined ? undefined : positive('--threads', values.threads),
    json: values.json,
    calibrate: values.calibrate,
    write: values.write || args.length === 0,
  };
}

/** With --calibrate, what it has no use for. */
function refuseBesides(named: readonly Part[], values: Readonly<Record<string, unknown>>): void {
  const defaults = { nets: undefined, peers: undefined, precision: undefined, device: 'cpu', json: false };
  const other = named[0] ?? Object.entries(defaults).find(([name, value]) => values[name] !== value)?.[0];
  if (other !== undefined)
    throw new Error(
      `--calibrate: expected no other options than --write and --threads, received --${other}.`,
    );
}

function choice(name: string, text: string | undefined, known: readonly string[]): string[] {
  if (text === undefined) return [...known];
  const chosen = text.split(',').filter((word) => word !== '');
  const unknown = chosen.find((word) => !known.includes(word));
  if (unknown !== undefined)
    throw new Error(`${name}: expected some of ${known.join(', ')}, received ${unknown}.`);
  return chosen;
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new Error(`${name}: expected a whole number from 1, received ${text}.`);
  return value;
}
