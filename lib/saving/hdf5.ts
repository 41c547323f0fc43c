// HDF5 files in memory, through h5wasm: a build of the HDF Group's C library. It sees no file system but its own, which is empty: links to
// other files lead nowhere.
import { EngineError } from '../base/errors.js';
import { sizeOf } from '../base/list.js';
import { loadH5wasm } from '../base/h5wasm.js';
import { fileError, reasonOf } from '../base/wholeFile.js';
import { hasWholeHeaps } from './globalHeaps.js';
import { hasWholeTexts } from './hdf5Texts.js';
import type { StoredArray, StoredData } from './stored.js';

/** Of h5wasm what is used here. */
interface H5wasm {
  readonly ready: Promise<{
    readonly FS: {
      createDataFile(folder: string, name: string, bytes: Uint8Array, ...flags: boolean[]): void;
      readFile(path: string): Uint8Array;
      unlink(path: string): void;
      analyzePath(path: string): { exists: boolean };
    };
  }>;
  readonly File: new (path: string, mode: 'r' | 'w') => H5File;
}

interface H5Group {
  readonly type: string;
  readonly attrs: Readonly<
    Record<
      string,
      {
        readonly value: unknown;
        readonly shape: readonly number[] | null;
        readonly metadata: { readonly size: number };
      }
    >
  >;
  keys(): string[];
  get(path: string): H5Group | H5Dataset | null;
  create_group(name: string): H5Group;
  create_attribute(name: string, data: unknown, shape?: readonly number[] | null, dtype?: string): void;
  create_dataset(args: { name: string; data: StoredData; shape: readonly number[]; dtype: string }): unknown;
}

interface H5File extends H5Group {
  close(): void;
}

interface H5Dataset {
  readonly type: string;
  readonly shape: readonly number[] | null;
  readonly metadata: { readonly type: number; readonly size: number; readonly virtual_sources?: unknown };
  readonly value: unknown;
}

let files = 0;

/** Opens a file of h5wasm's memory, hands it to `use` and removes it. */
async function within<T>(
  who: string,
  path: string,
  bytes: Uint8Array | undefined,
  use: (file: H5File, read: () => Uint8Array) => T | Promise<T>,
): Promise<T> {
  if (bytes && !hasWholeHeaps(bytes))
    throw fileError(
      who,
      path,
      'a whole HDF5 file',
      'one whose heap has an object of no size or beyond its end',
    );
  const h5 = (await loadH5wasm(who, 'h5wasm')) as H5wasm;
  const { FS } = await h5.ready;
  const name = `nodegrad-${files++}.h5`;
  let file: H5File | undefined;
  try {
    if (bytes) FS.createDataFile('/', name, bytes, true, false, true);
    file = new h5.File(`/${name}`, bytes ? 'r' : 'w');
    return await use(file, () => {
      file?.close();
      file = undefined;
      return FS.readFile(`/${name}`);
    });
  } catch (cause) {
    if (cause instanceof EngineError) throw cause;
    const what = bytes ? 'a whole HDF5 file' : 'numbers that HDF5 can hold';
    throw fileError(who, path, what, innermost(reasonOf(cause)), cause);
  } finally {
    try {
      file?.close();
    } catch {
      // A file that is broken may not close.
    }
    if (FS.analyzePath(`/${name}`).exists) FS.unlink(`/${name}`);
  }
}

/** Of the library's list of calls that failed the last one, which says why. */
const innermost = (text: string): string =>
  /.*#\d+: .* in \w+\(\): ([^\n]*)/s.exec(text)?.[1] ?? text.split('\n', 1).join('');

/** What a file in HDF5 holds. */
export class Hdf5Reader {
  readonly #who: string;
  readonly #path: string;
  readonly #file: H5File;
  readonly #bytes: Uint8Array;
  /** The names in each group that was asked for: the library makes the list anew each time. */
  readonly #names = new Map<string, ReadonlySet<string>>();
  /** Attributes by their names: whether all texts of a name fit into the file. */
  readonly #hasTexts = new Map<string, boolean>();

  /** @param bytes Those of the file. @internal */
  constructor(who: string, path: string, file: H5File, bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#who = who;
    this.#path = path;
    this.#file = file;
  }

  /** The names in a group; none where there is no such group. */
  keys(group: string): string[] {
    const found = this.#at(group);
    return found?.type === 'Group' ? (found as H5Group).keys() : [];
  }

  /** The text of an attribute of a group, or its list of texts. @throws EngineError `IO` where it is larger than the file. */
  attribute(group: string, name: string): unknown {
    const found = (this.#at(group) as H5Group | undefined)?.attrs[name];
    if (!found) return undefined;
    // The library takes memory for what the file says, which holds it all.
    const most = this.#bytes.length;
    const bytes = sizeOf(found.shape ?? []) * found.metadata.size;
    if (!(bytes <= most))
      throw fileError(this.#who, this.#path, `at most ${most} bytes of '${name}'`, `${bytes}`);
    const hasTexts = this.#hasTexts.get(name) ?? hasWholeTexts(this.#bytes, name);
    this.#hasTexts.set(name, hasTexts);
    if (!hasTexts) throw fileError(this.#who, this.#path, `at most ${most} bytes of '${name}'`, 'more');
    return found.value;
  }

  /** The shape of an array; undefined where there is none at the path. @throws EngineError `IO` for another kind of object. */
  shape(path: string): readonly number[] | undefined {
    return this.#dataset(path)?.shape ?? undefined;
  }

  /**
   * The numbers of an array. They take memory by the shape that the file says: compare it first.
   *
   * @throws EngineError `IO` for what are no numbers.
   */
  read(path: string): StoredArray {
    const found = this.#dataset(path);
    const shape = found?.shape;
    if (!found || !shape) throw fileError(this.#who, this.#path, `numbers at ${path}`, 'none');
    const { type, virtual_sources: sources } = found.metadata;
    if (![0, 1, 8].includes(type) || sources !== undefined)
      throw fileError(this.#who, this.#path, `numbers at ${path}`, 'something else');
    const value = found.value;
    const list: unknown = ArrayBuffer.isView(value) || Array.isArray(value) ? value : [value];
    const data = ArrayBuffer.isView(list) ? list : Float32Array.from(list as number[], Number);
    const isWide =
      data instanceof BigInt64Array || data instanceof BigUint64Array || data instanceof Uint32Array;
    return { data: isWide ? Float64Array.from(data as Uint32Array, Number) : (data as StoredData), shape };
  }

  #at(path: string): H5Group | H5Dataset | undefined {
    let found: H5Group | H5Dataset = this.#file;
    let group = '';
    for (const name of path.split('/').filter(Boolean)) {
      if (found.type !== 'Group' || !this.#namesOf(group, found as H5Group).has(name)) return undefined;
      const next: H5Group | H5Dataset | null = (found as H5Group).get(name);
      if (!next) return undefined;
      found = next;
      group += `/${name}`;
    }
    return found;
  }

  #namesOf(path: string, group: H5Group): ReadonlySet<string> {
    const known = this.#names.get(path);
    if (known) return known;
    const names = new Set(group.keys());
    this.#names.set(path, names);
    return names;
  }

  #dataset(path: string): H5Dataset | undefined {
    const found = this.#at(path);
    if (found === undefined) return undefined;
    if (found.type === 'Dataset') return found as H5Dataset;
    throw fileError(this.#who, this.#path, `an array at ${path}`, found.type);
  }
}

/** Reads a file in HDF5. @throws EngineError `IO` for one that is broken, `STATE` where h5wasm is not installed. */
export const readHdf5 = <T>(
  who: string,
  path: string,
  bytes: Uint8Array,
  use: (file: Hdf5Reader) => T | Promise<T>,
): Promise<T> => within(who, path, bytes, (file) => use(new Hdf5Reader(who, path, file, bytes)));

/** A group, the arrays that it holds and its attributes. */
export interface Hdf5Group {
  readonly path: string;
  readonly attributes?: Readonly<Record<string, string | readonly string[]>>;
  readonly arrays: Readonly<Record<string, StoredArray>>;
}

const DTYPES: Readonly<Record<string, string>> = {
  Float32Array: '<f',
  Float64Array: '<d',
  Int32Array: '<i',
  Uint8Array: '<B',
};

/** The bytes of a file in HDF5. @throws EngineError `IO`, `STATE` where h5wasm is not installed. */
export const hdf5Bytes = (who: string, path: string, groups: readonly Hdf5Group[]): Promise<Uint8Array> =>
  within(who, path, undefined, (file, read) => {
    const made = new Map<string, H5Group>([['', file]]);
    const groupAt = (name: string): H5Group => {
      const known = made.get(name);
      if (known) return known;
      const parts = name.split('/');
      const group = groupAt(parts.slice(0, -1).join('/')).create_group(parts.at(-1) ?? '');
      made.set(name, group);
      return group;
    };
    for (const { path: place, attributes = {}, arrays } of groups) {
      const group = groupAt(place);
      for (const [name, value] of Object.entries(attributes)) {
        // Texts of a list that is empty have no length.
        if (value.length === 0 && Array.isArray(value))
          group.create_attribute(name, new Float64Array(0), [0], DTYPES['Float64Array']);
        else group.create_attribute(name, value);
      }
      for (const [name, { data, shape }] of Object.entries(arrays)) {
        const parts = name.split('/');
        const holder =
          parts.length > 1 ? groupAt([place, ...parts.slice(0, -1)].filter(Boolean).join('/')) : group;
        const dtype = DTYPES[data.constructor.name] ?? '<f';
        holder.create_dataset({ name: parts.at(-1) ?? '', data, shape, dtype });
      }
    }
    return read();
  });
