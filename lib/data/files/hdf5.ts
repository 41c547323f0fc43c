import { sizeOf } from '../../base/list.js';
import { fileError } from '../../base/wholeFile.js';
import { EngineError } from '../../base/errors.js';
import { loadH5wasm } from '../../base/h5wasm.js';
import { openFile, withFile } from './open.js';
import { type Column, columnOf } from './table.js';
import { type Names, eachName } from './whole.js';

const WHO = 'Dataset.hdf5';
/** How many bytes are read at once, more or less. */
const BLOCK = 4 << 20;

/** Of h5wasm for Node what is used here. */
interface H5wasm {
  readonly File: new (path: string, mode: 'r') => { get(path: string): Stored | null; close(): void };
}

interface Stored {
  readonly type: string;
  readonly shape: readonly number[] | null;
  readonly metadata: { readonly size: number; readonly chunks: readonly number[] | null };
  slice(ranges: (readonly number[])[]): unknown;
}

/** Reads arrays of an HDF5 file, some rows at a time: only these are in memory. */
export class Hdf5Reader {
  readonly #file: string;
  readonly #paths: Names;
  readonly #list: readonly string[];
  #rows: number | undefined;

  /** @throws EngineError `ARGUMENT` for what are no paths. */
  constructor(file: string, paths: Names) {
    this.#file = file;
    this.#paths = paths;
    const list: string[] = [];
    eachName(WHO, paths, (path) => list.push(path));
    this.#list = list;
  }

  /** How many rows there are; undefined until the file was opened once. */
  rows(): number | undefined {
    return this.#rows;
  }

  async *blocks(fromRow: number): AsyncGenerator<unknown, void, undefined> {
    const { File } = (await loadH5wasm(WHO, 'h5wasm/node')) as H5wasm;
    // The library tells little of a file that is not there.
    await (await openFile(WHO, this.#file)).close();
    const file = await this.#reading(() => new File(this.#file, 'r'));
    try {
      const arrays = await this.#reading(() => this.#list.map((path) => this.#array(file.get(path), path)));
      const rows = this.#count(arrays);
      this.#rows = rows;
      const step = Math.min(...arrays.map(stepOf));
      for (let from = fromRow; from < rows; from += step) {
        const to = Math.min(rows, from + step);
        const columns = await this.#reading(() => arrays.map((array, i) => this.#read(array, i, from, to)));
        let next = 0;
        yield eachName(WHO, this.#paths, () => columns[next++]);
      }
    } finally {
      file.close();
    }
  }

  #reading<T>(action: () => T): Promise<T> {
    return withFile(WHO, this.#file, () => Promise.resolve().then(action));
  }

  #array(found: Stored | null, path: string): Stored & { readonly shape: readonly number[] } {
    const { shape = null } = found ?? {};
    if (found?.type === 'Dataset' && shape !== null && shape.length > 0)
      return found as Stored & { readonly shape: readonly number[] };
    const received = found === null ? 'nothing' : found.type === 'Dataset' ? 'a scalar' : found.type;
    throw fileError(WHO, this.#file, `an array at ${path}`, received);
  }

  #count(arrays: readonly { readonly shape: readonly number[] }[]): number {
    const [rows = 0, ...others] = arrays.map(({ shape: [count = 0] }) => count);
    const other = others.findIndex((count) => count !== rows);
    if (other >= 0)
      throw new EngineError(
        'SHAPE',
        `[${WHO}] ${this.#file}: expected as many rows in ${this.#list[other + 1] ?? ''} as in ${this.#list[0] ?? ''} (${rows}), received ${others[other] ?? 0}`,
      );
    return rows;
  }

  #read(array: Stored & { readonly shape: readonly number[] }, i: number, from: number, to: number): Column {
    const [, ...rest] = array.shape;
    const values = array.slice([[from, to], ...rest.map((size) => [0, size])]);
    return columnOf(WHO, `${this.#file}, ${this.#list[i] ?? ''}`, values, [to - from, ...rest]);
  }
}

/** How many rows of an array are read at once: whole chunks of the file, which are unpacked as a whole. */
function stepOf({
  shape,
  metadata: { size, chunks },
}: Stored & { readonly shape: readonly number[] }): number {
  const bytes = size * sizeOf(shape.slice(1));
  const rows = Math.max(1, Math.floor(BLOCK / Math.max(bytes, 1)));
  const chunk = chunks?.[0] ?? 1;
  return Math.max(chunk, Math.floor(rows / chunk) * chunk);
}
