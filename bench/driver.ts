import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { driverOf } from './environment.js';

/** A peer in a process of its own, which answers requests: a JSON object a line, both ways. */
export class Driver {
  readonly #process: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  /**
   * @param args What the peer's driver is told with its name.
   * @param onGpu Whether the packages have to be those for a GPU.
   */
  constructor(peer: string, args: readonly string[], threads: number, onGpu = false) {
    const [command, ...rest] = driverOf(peer, onGpu);
    this.#process = spawn(command!, [...rest, ...args], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, OMP_NUM_THREADS: String(threads), TF_CPP_MIN_LOG_LEVEL: '2' },
    });
    this.#lines = createInterface({ input: this.#process.stdout! })[Symbol.asyncIterator]();
  }

  async ask<T>(request: object): Promise<T> {
    this.#process.stdin!.write(`${JSON.stringify(request)}\n`);
    const line = await this.#lines.next();
    if (line.done === true) throw new Error('the process ended; its error stands above');
    const answer = JSON.parse(line.value) as T & { error?: string };
    if (answer.error !== undefined) throw new Error(answer.error);
    return answer;
  }

  stop(): void {
    this.#process.stdin!.end();
    this.#process.kill();
  }
}
