import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { NDArray } from 'nodegrad';

const folder = fileURLToPath(new URL('.', import.meta.url));
const venv = join(folder, '.venv');
const python = join(venv, 'bin/python');

/** Makes the virtual environment and installs the peer's pinned packages; quick where that is done. */
function prepare(peer: string): void {
  const requirements = join(folder, 'peers', peer, 'requirements.txt');
  if (!existsSync(requirements))
    throw new Error(`bench: no such peer: ${peer} (${requirements} is missing).`);
  const stamp = join(venv, `${peer}.installed`);
  const wanted = readFileSync(requirements, 'utf8');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  // stdout is the table's: what pip says goes to stderr.
  const run = (command: string, ...args: string[]) => {
    const { status } = spawnSync(command, args, { stdio: ['ignore', 2, 2] });
    if (status !== 0) throw new Error(`bench: ${command} ${args.join(' ')} failed.`);
  };
  if (!existsSync(python)) run('python3', '-m', 'venv', venv);
  run(python, '-m', 'pip', '--disable-pip-version-check', 'install', '--quiet', '-r', requirements);
  writeFileSync(stamp, wanted);
}

interface Answer {
  name: string;
  loss: number;
  times: number[];
  error?: string;
}

/** A peer's net in a Python process of its own (bench/peers/driver.py), which times its own steps. */
export class Peer {
  readonly #process: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #scratch = mkdtempSync(join(tmpdir(), 'nodegrad-bench-'));

  private constructor(peer: string, net: string, batch: number, precision: string, threads: number) {
    const args = [join(folder, 'peers/driver.py'), peer, net, String(batch), precision, String(threads)];
    this.#process = spawn(python, args, {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, OMP_NUM_THREADS: String(threads) },
    });
    this.#lines = createInterface({ input: this.#process.stdout! })[Symbol.asyncIterator]();
  }

  static start(peer: string, net: string, batch: number, precision: string, threads: number): Peer {
    prepare(peer);
    return new Peer(peer, net, batch, precision, threads);
  }

  /** The peak memory in bytes of a process that trains the net with the peer on the whole data. */
  static async trainingMemory(peer: string, net: string, batch: number, precision: string, threads: number) {
    const started = Peer.start(peer, net, batch, precision, threads);
    const pid = started.#process.pid!;
    await started.#ask({ command: 'train', steps: 40 });
    const bytes = peakMemory(pid);
    started.stop();
    return bytes;
  }

  /** Hands over a batch and weights; gives the peer's name for itself and its loss of them without dropout. */
  async load(x: NDArray, y: NDArray, weights: NDArray[]): Promise<{ name: string; loss: number }> {
    const arrays = [x, y, ...weights].map((array, i) => {
      const path = join(this.#scratch, `${i}.bin`);
      const { buffer, byteOffset, byteLength } = array.data;
      writeFileSync(path, new Uint8Array(buffer, byteOffset, byteLength));
      return { path, dtype: array.dtype, shape: array.shape };
    });
    return this.#ask({ command: 'load', arrays });
  }

  /** Runs steps and gives the milliseconds of each. */
  async steps(count: number): Promise<number[]> {
    return (await this.#ask({ command: 'steps', count })).times;
  }

  stop(): void {
    this.#process.stdin!.end();
    this.#process.kill();
    rmSync(this.#scratch, { recursive: true, force: true });
  }

  async #ask(request: object): Promise<Answer> {
    this.#process.stdin!.write(`${JSON.stringify(request)}\n`);
    const line = await this.#lines.next();
    if (line.done === true) throw new Error('bench: the peer ended; its error stands above.');
    const answer = JSON.parse(line.value) as Answer;
    if (answer.error !== undefined) throw new Error(`bench: the peer failed: ${answer.error}`);
    return answer;
  }
}

/** The most memory that a living process has held, in bytes. */
export function peakMemory(pid: number): number {
  const line = /VmHWM:\s*(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(line![1]) * 1024;
}
