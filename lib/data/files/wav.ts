import { readFile } from 'node:fs/promises';
import { fileError } from '../../base/wholeFile.js';
import { NDArray } from '../../core/ndarray.js';
import { withFile } from './open.js';

/** Sound of a file. */
export interface Sound {
  /** float32 [samples, channels], from -1 to 1. */
  readonly audio: NDArray;
  /** Samples a second. */
  readonly rate: number;
}

const PCM = 1;
const FLOAT = 3;
const EXTENSIBLE = 0xfffe;

/**
 * Reads a WAV file (RIFF; integers of 8 to 32 bits, or floats).
 *
 * @throws EngineError `IO` for files that are cut, packed or none.
 */
export async function readWav(who: string, file: string): Promise<Sound> {
  const bytes = await withFile(who, file, () => readFile(file));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const wrong = (what: string, received: string) => fileError(who, file, what, received);
  const text = (at: number) => (at + 4 <= bytes.length ? bytes.toString('latin1', at, at + 4) : '');
  if (text(0) !== 'RIFF' || text(8) !== 'WAVE') throw wrong('a WAV file', 'another');
  let format: { code: number; channels: number; rate: number; bits: number } | undefined;
  for (let at = 12; at + 8 <= bytes.length;) {
    const [name, length] = [text(at), view.getUint32(at + 4, true)];
    const from = at + 8;
    if (from + length > bytes.length)
      throw wrong(`${length} bytes of ${name.trim()}`, `${bytes.length - from}: the file was cut`);
    if (name === 'fmt ' && length >= 16) {
      const code = view.getUint16(from, true);
      format = {
        code: code === EXTENSIBLE && length >= 26 ? view.getUint16(from + 24, true) : code,
        channels: view.getUint16(from + 2, true),
        rate: view.getUint32(from + 4, true),
        bits: view.getUint16(from + 14, true),
      };
    }
    if (name === 'data') {
      const read = format && readerOf(view, format.code, format.bits);
      if (!format || !read || format.channels === 0)
        throw wrong(
          'PCM of 8, 16, 24 or 32 bits or floats',
          format ? `format ${format.code} of ${format.bits} bits` : 'no format',
        );
      const width = format.bits / 8;
      const samples = Math.floor(length / width / format.channels);
      const audio = Float32Array.from({ length: samples * format.channels }, (_, i) =>
        read(from + i * width),
      );
      return { audio: new NDArray(audio, [samples, format.channels]), rate: format.rate };
    }
    at = from + length + (length % 2);
  }
  throw wrong('sound', 'none');
}

function readerOf(view: DataView, code: number, bits: number): ((at: number) => number) | undefined {
  if (code === FLOAT && bits === 32) return (at) => view.getFloat32(at, true);
  if (code === FLOAT && bits === 64) return (at) => view.getFloat64(at, true);
  if (code !== PCM) return undefined;
  if (bits === 8) return (at) => (view.getUint8(at) - 128) / 128;
  if (bits === 16) return (at) => view.getInt16(at, true) / 32768;
  if (bits === 24) return (at) => (view.getUint16(at, true) + view.getInt8(at + 2) * 65536) / 8388608;
  return bits === 32 ? (at) => view.getInt32(at, true) / 2147483648 : undefined;
}
