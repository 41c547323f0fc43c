// Zip archives, as far as files of models and of NumPy are some: a few members, stored or deflated, each below 4 GiB. Node's zlib packs
// and unpacks them.
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import * as zlib from 'node:zlib';
import { fileError, reasonOf } from './wholeFile.js';
import { UNPACKED, mostUnpacked } from './unpacked.js';

/** A member of an archive. */
export interface ZipMember {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Whether it is deflated. Default false: stored as it is. */
  readonly isDeflated?: boolean;
}

/** Where a member is, as the archive's directory says. */
interface Entry {
  readonly method: number;
  readonly crc: number;
  readonly packed: number;
  readonly size: number;
  readonly at: number;
}

const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const END = 0x06054b50;
const END_BYTES = 22;
const LOCAL_BYTES = 30;
const CENTRAL_BYTES = 46;
/** The most that a number of 32 bits says: then one of 64 is elsewhere. */
const ELSEWHERE = 0xffffffff;
const STORED = 0;
const DEFLATED = 8;

/** The members of an archive by name: what each holds is unpacked when it is asked for. */
export class Zip {
  readonly #who: string;
  readonly #path: string;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #entries = new Map<string, Entry>();

  /** @throws EngineError `IO` for what is no whole archive. */
  constructor(who: string, path: string, bytes: Uint8Array) {
    this.#who = who;
    this.#path = path;
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#readDirectory();
  }

  get names(): readonly string[] {
    return [...this.#entries.keys()];
  }

  /**
   * What a member holds.
   *
   * @throws EngineError `IO` where there is none of the name, its bytes are not those that were written, or they unpack to more than
   *   200 times as many and 32 MiB.
   */
  read(name: string): Uint8Array {
    const entry = this.#entries.get(name);
    if (!entry) throw this.#error(`a member ${name}`, this.names.join(', ') || 'none');
    const { at, packed, size, method } = entry;
    if (at + LOCAL_BYTES > this.#bytes.length || this.#view.getUint32(at, true) !== LOCAL)
      throw this.#error(`${name} at byte ${at}`, 'something else');
    const begin =
      at + LOCAL_BYTES + this.#view.getUint16(at + 26, true) + this.#view.getUint16(at + 28, true);
    if (begin + packed > this.#bytes.length) throw this.#error(`${name} of ${packed} bytes`, 'fewer');
    const given = this.#bytes.subarray(begin, begin + packed);
    const bytes = method === STORED ? given : this.#inflated(name, given, size);
    if (bytes.length !== size) throw this.#error(`${name} of ${size} bytes`, String(bytes.length));
    if (crc32(bytes) !== entry.crc) throw this.#error(`the bytes of ${name} that were written`, 'others');
    return bytes;
  }

  #inflated(name: string, packed: Uint8Array, size: number): Uint8Array {
    if (size > mostUnpacked(packed))
      throw this.#error(`${name} that unpacks to ${UNPACKED}`, `${size} bytes`);
    try {
      return inflateRawSync(packed, { maxOutputLength: Math.max(size, 1) });
    } catch (cause) {
      throw this.#error(`${name} as deflate packs it`, reasonOf(cause), cause);
    }
  }

  #readDirectory(): void {
    const view = this.#view;
    const end = this.#findEnd();
    const count = view.getUint16(end + 10, true);
    let at = view.getUint32(end + 16, true);
    for (let i = 0; i < count; i++) {
      if (at + CENTRAL_BYTES > end || view.getUint32(at, true) !== CENTRAL)
        throw this.#error(`a directory of ${count} members`, String(i));
      const [flags, method] = [view.getUint16(at + 8, true), view.getUint16(at + 10, true)];
      const [crc, packed, size] = [16, 20, 24].map((place) => view.getUint32(at + place, true)) as [
        number,
        number,
        number,
      ];
      const [nameLength, extra, comment] = [28, 30, 32].map((place) => view.getUint16(at + place, true)) as [
        number,
        number,
        number,
      ];
      const local = view.getUint32(at + 42, true);
      const from = at + CENTRAL_BYTES;
      at = from + nameLength + extra + comment;
      if (at > end) throw this.#error('a whole directory', 'one that was cut');
      const name = new TextDecoder().decode(this.#bytes.subarray(from, from + nameLength));
      if ((flags & 1) !== 0 || (method !== STORED && method !== DEFLATED))
        throw this.#error('members that are stored or deflated', `method ${method} for ${name}`);
      if ([packed, size, local].includes(ELSEWHERE))
        throw this.#error('members below 4 GiB', `more for ${name}`);
      if (method === STORED && packed !== size)
        throw this.#error(`${size} bytes for ${name}`, String(packed));
      if (this.#entries.has(name)) throw this.#error('names of members that differ', `${name} twice`);
      this.#entries.set(name, { method, crc, packed, size, at: local });
    }
  }

  /** The place of the record at the end, after which is only a comment. */
  #findEnd(): number {
    const last = this.#bytes.length - END_BYTES;
    for (let at = last; at >= Math.max(0, last - 0xffff); at--)
      if (
        this.#view.getUint32(at, true) === END &&
        at + END_BYTES + this.#view.getUint16(at + 20, true) === this.#bytes.length
      )
        return at;
    throw this.#error('a whole zip archive', 'something else, or one that was cut');
  }

  #error(what: string, received: string, cause?: unknown) {
    return fileError(this.#who, this.#path, what, received, cause);
  }
}

/** The parts of an archive, as Python's zipfile does it. @throws EngineError `IO` for one of 4 GiB. */
export function zipParts(who: string, path: string, members: readonly ZipMember[]): Uint8Array[] {
  const parts: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let at = 0;
  for (const { name, bytes, isDeflated = false } of members) {
    const text = new TextEncoder().encode(name);
    const packed = isDeflated ? deflateRawSync(bytes) : bytes;
    if (Math.max(at + packed.length + LOCAL_BYTES + text.length, bytes.length) >= ELSEWHERE)
      throw fileError(who, path, 'members below 4 GiB together', `${name} of ${bytes.length} bytes`);
    const shared = header(text, bytes, packed, isDeflated ? DEFLATED : STORED);
    const local = filled(LOCAL_BYTES, [[LOCAL, 4], ...shared]);
    directory.push(
      filled(CENTRAL_BYTES, [
        [CENTRAL, 4],
        [20, 2],
        ...shared,
        [0, 2],
        [0, 2],
        [0, 2],
        [0o600 << 16, 4],
        [at, 4],
      ]),
      text,
    );
    parts.push(local, text, packed);
    at += local.length + text.length + packed.length;
  }
  const length = directory.reduce((sum, part) => sum + part.length, 0);
  const count = members.length;
  const end = filled(END_BYTES, [
    [END, 4],
    [0, 2],
    [0, 2],
    [count, 2],
    [count, 2],
    [length, 4],
    [at, 4],
    [0, 2],
  ]);
  return [...parts, ...directory, end];
}

/** What both headers of a member say: version, flags (names are UTF-8), method, time (1980), sums and lengths. */
const header = (
  name: Uint8Array,
  bytes: Uint8Array,
  packed: Uint8Array,
  method: number,
): [number, number][] => [
  ...[20, 0x800, method, 0, 0x21].map((value): [number, number] => [value, 2]),
  ...[crc32(bytes), packed.length, bytes.length].map((value): [number, number] => [value, 4]),
  [name.length, 2],
  [0, 2],
];

/** Numbers of so many bytes each, one after another. */
function filled(length: number, fields: readonly (readonly [value: number, bytes: number])[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(length));
  let at = 0;
  for (const [value, bytes] of fields) {
    if (bytes === 2) view.setUint16(at, value, true);
    else view.setUint32(at, value >>> 0, true);
    at += bytes;
  }
  return new Uint8Array(view.buffer);
}

let table: Uint32Array | undefined;

/** The checksum of zip. Node before 22.2 (20.15) has none. */
export function crc32(bytes: Uint8Array): number {
  const { crc32: native } = zlib as { crc32?: (data: Uint8Array) => number };
  if (native) return native(bytes);
  table ??= Uint32Array.from({ length: 256 }, (_, n) => {
    let c = n;
    for (let bit = 0; bit < 8; bit++) c = (c & 1) !== 0 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
    return c;
  });
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (table[(crc ^ byte) & 255] as number) ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}
