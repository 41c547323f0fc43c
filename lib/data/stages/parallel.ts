import { Worker } from 'node:worker_threads';
import { expected, isPlainObject, mismatch } from '../../base/checks.js';
import { describe } from '../../base/errors.js';
import { itemAt } from '../../base/list.js';
import { NDArray, type NDArrayData, type NDArrayType, arrayKind } from '../../core/ndarray.js';
import { withoutTensors } from '../elements.js';
import type { Elements, Stage } from './stage.js';

/** Where the function is that workers call. */
export interface WorkerFunction {
  /** The address of a module, `file:` and a path. */
  readonly module: string;
  /** What the module exports it as. */
  readonly name: string;
}

/** Calls that a worker holds at once: the next is there when one ends. */
const IN_FLIGHT = 2;

/** The program of a worker: it imports the module and calls the function for each message. */
const PROGRAM = `
const { parentPort, workerData } = require('node:worker_threads');
const buffersOf = (value, found) => {
  if (ArrayBuffer.isView(value)) {
    if (value.buffer instanceof ArrayBuffer && value.byteLength === value.buffer.byteLength) found.add(value.buffer);
  } else if (typeof value === 'object' && value !== null) for (const part of Object.values(value)) buffersOf(part, found);
  return found;
};
const loaded = import(workerData.module).then((exported) => {
  const call = exported[workerData.name];
  if (typeof call !== 'function') throw new TypeError('the module exports no function ' + workerData.name);
  return call;
});
loaded.catch(() => undefined); // told where it is called
parentPort.on('message', async ({ id, element, index, pass }) => {
  let call;
  try {
    call = await loaded;
  } catch (error) {
    return parentPort.postMessage({ id, missing: String(error) });
  }
  try {
    const made = await call(element, index, pass);
    parentPort.postMessage({ id, made }, [...buffersOf(made, new Set())]);
  } catch (error) {
    parentPort.postMessage({ id, error });
  }
});
`;

interface Answer {
  readonly id: number;
  readonly made?: unknown;
  readonly error?: unknown;
  readonly missing?: string;
}

/** What a function in worker threads makes of each element, in the order of the elements. */
export const parallel = <T>(source: Stage<T>, workers: number, where: WorkerFunction): Stage<unknown> => ({
  sources: [source],
  size: () => source.size(),
  async *open(pass, from): Elements<unknown> {
    const threads = Array.from({ length: workers }, () => new Thread(where));
    const pending: Promise<unknown>[] = [];
    let index = from;
    try {
      for await (const element of source.open(pass, from)) {
        const made = itemAt(threads, index % workers).call(await withoutTensors(element), index, pass);
        index++;
        // Whoever waits for it comes later.
        made.catch(() => undefined);
        if (pending.push(made) === workers * IN_FLIGHT) yield unpacked(await pending.shift());
      }
      for (const made of pending) yield unpacked(await made);
    } finally {
      await Promise.all(threads.map((thread) => thread.end()));
    }
  },
});

/** One worker, which may answer its calls in any order. */
class Thread {
  readonly #worker: Worker;
  readonly #where: WorkerFunction;
  readonly #waiting = new Map<
    number,
    { resolve: (made: unknown) => void; reject: (error: unknown) => void }
  >();
  #calls = 0;
  /** Why it takes no more calls. */
  #ended: Error | undefined;

  constructor(where: WorkerFunction) {
    this.#where = where;
    this.#worker = new Worker(PROGRAM, { eval: true, workerData: where });
    this.#worker.on('message', (answer: Answer) => {
      this.#answer(answer);
    });
    const end = (error: Error) => {
      this.#ended ??= error;
      for (const { reject } of this.#waiting.values()) reject(error);
      this.#waiting.clear();
    };
    this.#worker.on('error', end);
    this.#worker.on('exit', (code) => {
      end(mismatch('Dataset.parallel', 'a worker that goes on', `its end with code ${code}`, 'STATE'));
    });
    // A pass that nobody goes on with keeps no process alive.
    this.#worker.unref();
  }

  call(element: unknown, index: number, pass: number): Promise<unknown> {
    const moved = new Set<ArrayBuffer>();
    const id = this.#calls++;
    const message = { id, element: packed(element, moved), index, pass };
    return new Promise((resolve, reject) => {
      if (this.#ended) {
        reject(this.#ended);
        return;
      }
      if (this.#waiting.set(id, { resolve, reject }).size === 1) this.#worker.ref();
      try {
        this.#worker.postMessage(message, [...moved]);
      } catch (error) {
        this.#waiting.delete(id);
        reject(error instanceof Error ? error : new Error(String(error)));
      }
    });
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
  }

  #answer(answer: Answer): void {
    const { id, made, error, missing } = answer;
    const call = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (this.#waiting.size === 0) this.#worker.unref();
    const { module, name } = this.#where;
    if (missing !== undefined)
      call?.reject(mismatch('Dataset.parallel', `a module ${module} that exports ${name}`, missing));
    else if ('error' in answer) call?.reject(error);
    else call?.resolve(made);
  }
}

/** An element as workers get it: arrays as records with copies of their own numbers, which are moved there. */
function packed(element: unknown, moved: Set<ArrayBuffer>): unknown {
  if (element instanceof NDArray) {
    const { data, shape, dtype } = element;
    return { data: packed(data, moved), shape, dtype };
  }
  if (arrayKind(element) !== undefined) {
    const copy = (element as Uint8Array).slice();
    moved.add(copy.buffer);
    return copy;
  }
  if (Array.isArray(element)) return element.map((part) => packed(part, moved));
  if (!isPlainObject(element)) return element;
  return Object.fromEntries(Object.entries(element).map(([name, part]) => [name, packed(part, moved)]));
}

/** What a worker has made: records with the fields of an NDArray become one. */
function unpacked(made: unknown): unknown {
  if (Array.isArray(made)) return made.map(unpacked);
  if (!isPlainObject(made)) return made;
  const { data, shape, dtype } = made;
  if (arrayKind(data) !== undefined && Array.isArray(shape))
    return new NDArray(data as NDArrayData, shape as number[], dtype as NDArrayType | undefined);
  return Object.fromEntries(Object.entries(made).map(([name, part]) => [name, unpacked(part)]));
}

/** Reads where a function is. @throws EngineError `ARGUMENT` for a function itself, and what is no address. */
export function workerFunction(who: string, module: unknown, name: unknown): WorkerFunction {
  const address = module instanceof URL ? module.href : module;
  if (typeof address !== 'string' || !URL.canParse(address)) {
    const remedy =
      typeof module === 'function'
        ? ': workers cannot take a function with what it refers to; put it into a module and give its address'
        : '';
    throw mismatch(
      who,
      "the URL of a module, such as new URL('./augment.js', import.meta.url)",
      `${describe(module)}${remedy}`,
    );
  }
  if (typeof name !== 'string' || name === '') throw expected(who, 'the name of an export', name);
  return { module: address, name };
}
