// Archives of NumPy's arrays (https://numpy.org/doc/stable/reference/generated/numpy.savez.html): a zip file with an .npy file for each.
import { parseNpy, parseObjectNpy } from '../../base/npy.js';
import { fileError, readWhole } from '../../base/wholeFile.js';
import { Zip } from '../../base/zip.js';
import type { NDArray } from '../../core/ndarray.js';
import { arrayOfNpy } from './whole.js';

const ENDING = '.npy';

/** The arrays of an archive by their names: each is unpacked when it is asked for. */
export class NpzReader {
  readonly #who: string;
  readonly #file: string;
  readonly #zip: Zip;

  private constructor(who: string, file: string, zip: Zip) {
    this.#who = who;
    this.#file = file;
    this.#zip = zip;
  }

  /** @throws EngineError `IO` for a file that cannot be read or is no whole archive. */
  static async open(who: string, file: string): Promise<NpzReader> {
    return NpzReader.of(who, file, await readWhole(who, file));
  }

  /** The same of a file's bytes. */
  static of(who: string, file: string, bytes: Uint8Array): NpzReader {
    return new NpzReader(who, file, new Zip(who, file, bytes));
  }

  get names(): readonly string[] {
    return this.#zip.names.map((name) => (name.endsWith(ENDING) ? name.slice(0, -ENDING.length) : name));
  }

  /** @throws EngineError `IO` where there is no array of the name, or one that is damaged or holds no numbers. */
  read(name: string): NDArray {
    const { place, bytes } = this.#member(name);
    return arrayOfNpy(this.#who, place, parseNpy(this.#who, place, bytes));
  }

  /** An array of Python's objects as a list. @throws EngineError `IO` as {@link read}, and for objects that are no data. */
  readObjects(name: string): readonly unknown[] {
    const { place, bytes } = this.#member(name);
    return parseObjectNpy(this.#who, place, bytes);
  }

  #member(name: string): { place: string; bytes: Uint8Array } {
    const member = this.#zip.names.includes(name + ENDING) ? name + ENDING : name;
    if (!this.#zip.names.includes(member))
      throw fileError(
        this.#who,
        this.#file,
        `one of its arrays (${this.names.join(', ') || 'it has none'})`,
        `'${name}'`,
      );
    return { place: `${this.#file}, ${name}`, bytes: this.#zip.read(member) };
  }
}
