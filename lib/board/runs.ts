import { open, readFile, readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';

/** The files of a run's folder. */
export const FILES = { log: 'log.jsonl', state: 'run.json', looks: 'looks.json' } as const;

/** At most what one answer holds of a log. */
const PIECE = 1 << 20;
const NEWLINE = 10;

/** What is known of a run besides its curves. */
export interface RunState {
  readonly model: string;
  /** `ended`: its process has ended without a word. */
  readonly state: 'running' | 'paused' | 'finished' | 'stopped' | 'failed' | 'ended';
  /** The process that trains it. */
  readonly pid: number;
  /** Seconds since 1970. */
  readonly began: number;
  readonly epochs: number;
  readonly steps: number | null;
  /** Class names of its layers with their output shapes and counts of weights. */
  readonly layers: readonly LayerRow[];
  /** The names of the classes. */
  readonly labels: readonly string[];
  /** [height, width, channels] of an image that goes in; null where the input is none. */
  readonly image: readonly number[] | null;
  /** How many samples can be looked at. */
  readonly samples: number;
  /** Whether the learning rate is a number that can be set. */
  readonly setsLearningRate: boolean;
}

/** A layer of a run's model. */
export interface LayerRow {
  readonly name: string;
  readonly className: string;
  readonly shape: readonly number[];
  readonly parameters: number;
}

/** What the list of runs says of one. */
export interface RunSummary {
  readonly name: string;
  /** The size of its log in bytes: it grows with each line. */
  readonly bytes: number;
  /** When what is seen of its layers was written, in milliseconds; 0 where it was not. */
  readonly looks: number;
  readonly state: RunState | null;
}

/** The folders of runs: one that is a run, else those below it that are, by their names. */
export class Runs {
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  /** All runs, the latest first. */
  async list(): Promise<RunSummary[]> {
    const folders = await this.#folders();
    const runs = [...folders].map(async ([name, folder]): Promise<RunSummary> => {
      const [log, looks, state] = await Promise.all([
        stat(join(folder, FILES.log)),
        stat(join(folder, FILES.looks)).catch(() => undefined),
        readFile(join(folder, FILES.state), 'utf8').catch(() => 'null'),
      ]);
      return { name, bytes: log.size, looks: looks?.mtimeMs ?? 0, state: stateOf(state) };
    });
    return (await Promise.all(runs)).sort((a, b) => (b.state?.began ?? 0) - (a.state?.began ?? 0));
  }

  /** The whole lines of a run's log from a byte on, and where the next begins; undefined where there is no such run. */
  async log(name: string, from: number): Promise<{ text: string; next: number } | undefined> {
    const folder = (await this.#folders()).get(name);
    if (folder === undefined) return undefined;
    const file = await open(join(folder, FILES.log), 'r');
    try {
      const { buffer, bytesRead } = await file.read(new Uint8Array(PIECE), 0, PIECE, from);
      const whole = buffer.subarray(0, bytesRead).lastIndexOf(NEWLINE) + 1;
      return { text: new TextDecoder().decode(buffer.subarray(0, whole)), next: from + whole };
    } finally {
      await file.close();
    }
  }

  /** What was last seen of a run's layers, in JSON, null where nothing was; undefined where there is no such run. */
  async looks(name: string): Promise<string | undefined> {
    const folder = (await this.#folders()).get(name);
    return folder === undefined ? undefined : readFile(join(folder, FILES.looks), 'utf8').catch(() => 'null');
  }

  async #folders(): Promise<ReadonlyMap<string, string>> {
    const isRun = (folder: string) =>
      stat(join(folder, FILES.log)).then(
        (found) => found.isFile(),
        () => false,
      );
    if (await isRun(this.#root)) return new Map([[basename(this.#root), this.#root]]);
    const entries = await readdir(this.#root, { withFileTypes: true }).catch(() => []);
    const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
    const runs = await Promise.all(
      folders.map(async (name) => ((await isRun(join(this.#root, name))) ? [name] : [])),
    );
    return new Map(runs.flat().map((name) => [name, join(this.#root, name)]));
  }
}

/** What a file says of a run; null where it is none. */
function stateOf(text: string): RunState | null {
  try {
    const read = JSON.parse(text) as RunState | null;
    const goesOn = read?.state === 'running' || read?.state === 'paused';
    return goesOn && !isAlive(read.pid) ? { ...read, state: 'ended' } : read;
  } catch {
    return null;
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0); // signal 0 asks only
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
