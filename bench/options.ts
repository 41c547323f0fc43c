import { parseArgs } from 'node:util';

export interface Options {
  nets: string[];
  peers: string[];
  /** One JSON object a line on stdout instead of the table; remarks then go to stderr. */
  json: boolean;
  /** Timed steps of each side. */
  steps: number;
  overhead: boolean;
  input: boolean;
  memory: boolean;
  threads: number | undefined;
}

export const USAGE = `npm run bench -- [--nets mnist,…] [--peers torch,…] [--steps N] [--threads N] [--json]
  --nets      nets to time (bench/nets); default mnist
  --peers     what to time them against (bench/peers); default torch; "none" for ours alone
  --steps     timed steps of each side; default 60
  --threads   of both sides; default what nodegrad chooses
  --overhead  what JavaScript and the binding cost: a small step, the event loop while fit runs, the import
  --input     fit on bytes beside the bare step
  --memory    peak memory of training, ours and the first peer's
  --json      one object a line`;

export function readOptions(args: string[]): Options {
  const { values } = parseArgs({
    args,
    options: {
      nets: { type: 'string', default: 'mnist' },
      peers: { type: 'string', default: 'torch' },
      steps: { type: 'string', default: '60' },
      threads: { type: 'string' },
      json: { type: 'boolean', default: false },
      overhead: { type: 'boolean', default: false },
      input: { type: 'boolean', default: false },
      memory: { type: 'boolean', default: false },
    },
  });
  const list = (text: string) => text.split(',').filter((name) => name !== '' && name !== 'none');
  return {
    ...values,
    nets: list(values.nets),
    peers: list(values.peers),
    steps: positive('--steps', values.steps),
    threads: values.threads === undefined ? undefined : positive('--threads', values.threads),
  };
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new Error(`${name}: expected a whole number from 1, received ${text}.`);
  return value;
}
