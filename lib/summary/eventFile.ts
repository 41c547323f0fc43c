import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { loadPeer } from '../base/peer.js';
import { appendWhole, attempt } from '../base/wholeFile.js';
import { SUMMARY_SCHEMA } from './schema.js';

/** A message in the form that the package protobufjs takes. */
export type Message = Readonly<Record<string, unknown>>;

/** Of protobufjs what is used here. */
interface Protobuf {
  readonly Root: { fromJSON(schema: object): { lookupType(name: string): MessageType } };
}
interface MessageType {
  encode(message: object): { finish(): Uint8Array };
}

// The polynomial of CRC-32C (Castagnoli), bits reversed; zlib has another one.
const POLYNOMIAL = 0x82f63b78;
const TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  let crc = n;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
  return crc;
});

/** CRC-32C of some bytes. @internal */
export function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = TABLE[(crc ^ byte) & 255]! ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

/** As records have it, so that a checksum of bytes with a checksum within does not become a constant. */
const masked = (crc: number): number => (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;

/** A record of TFRecord: the length, its checksum, the bytes, their checksum. @internal */
export function recordOf(bytes: Uint8Array): Uint8Array {
  const record = new Uint8Array(bytes.length + 16);
  const view = new DataView(record.buffer);
  view.setBigUint64(0, BigInt(bytes.length), true);
  view.setUint32(8, masked(crc32c(record.subarray(0, 8))), true);
  record.set(bytes, 12);
  view.setUint32(12 + bytes.length, masked(crc32c(bytes)), true);
  return record;
}

let files = 0;

/** A file of events in a folder, made with the first event. Each event is in the file when its promise resolves. @internal */
export class EventFile {
  readonly #who: string;
  readonly #folder: string;
  #encoded: ((type: string, message: Message) => Uint8Array) | undefined;
  #file: FileHandle | undefined;
  #path = '';
  // Events stand in the order of the calls.
  #last: Promise<unknown> = Promise.resolve();

  constructor(who: string, folder: string) {
    this.#who = who;
    this.#folder = folder;
  }

  /** Appends an event, which is made once the package is there. */
  append(make: (encoded: (type: string, message: Message) => Uint8Array) => Message): Promise<void> {
    return this.#inOrder(async () => {
      const encoded = await this.#open();
      await this.#write(encoded('Event', { wallTime: Date.now() / 1000, ...make(encoded) }));
    });
  }

  /** Closes the file once all is written. An event after that begins another one. */
  close(): Promise<void> {
    return this.#inOrder(async () => {
      await this.#file?.close();
      this.#file = undefined;
    });
  }

  #inOrder(body: () => Promise<void>): Promise<void> {
    const done = this.#last.then(body);
    this.#last = done.catch(() => undefined);
    return done;
  }

  async #open(): Promise<(type: string, message: Message) => Uint8Array> {
    const encoded = (this.#encoded ??= await encoder(this.#who));
    if (this.#file !== undefined) return encoded;
    const name = `events.out.tfevents.${Math.floor(Date.now() / 1000)}.${hostname()}.${process.pid}.${files++}.v2`;
    this.#path = join(this.#folder, name);
    this.#file = await attempt(this.#who, this.#path, 'a file that can be written', async () => {
      await mkdir(this.#folder, { recursive: true });
      return open(this.#path, 'a');
    });
    await this.#write(encoded('Event', { wallTime: Date.now() / 1000, fileVersion: 'brain.Event:2' }));
    return encoded;
  }

  async #write(event: Uint8Array): Promise<void> {
    if (this.#file) await appendWhole(this.#who, this.#path, this.#file, recordOf(event));
  }
}

async function encoder(who: string): Promise<(type: string, message: Message) => Uint8Array> {
  const loaded = (await loadPeer(who, 'protobufjs', 'protobufjs/light.js')) as { default: Protobuf };
  const root = loaded.default.Root.fromJSON(SUMMARY_SCHEMA);
  return (type, message) => root.lookupType(type).encode(message).finish();
}
