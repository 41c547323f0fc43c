// Tar archives (POSIX ustar), as far as data sets are some: plain files in folders.
import { fileError } from './wholeFile.js';

const BLOCK = 512;

/**
 * The plain files of an unpacked tar archive by their paths, as views on its bytes.
 *
 * @throws EngineError `IO` for bytes that are cut or no archive.
 */
export function tarMembers(who: string, place: string, bytes: Uint8Array): Map<string, Uint8Array> {
  const members = new Map<string, Uint8Array>();
  const text = (from: number, length: number) =>
    new TextDecoder().decode(bytes.subarray(from, from + length)).replace(/\0.*$/s, '');
  for (let at = 0; at + BLOCK <= bytes.length && bytes[at] !== 0;) {
    const octal = text(at + 124, 12).trim();
    const size = parseInt(octal, 8);
    const isWhole = /^[0-7]+$/.test(octal) && size <= bytes.length - at - BLOCK;
    const sum = bytes
      .subarray(at, at + BLOCK)
      .reduce((total, byte, i) => total + (i >= 148 && i < 156 ? 32 : byte), 0);
    if (!isWhole || sum !== parseInt(text(at + 148, 8), 8))
      throw fileError(who, place, 'a whole tar archive', `a damaged or cut one at byte ${at}`);
    const isFile = bytes[at + 156] === 0x30 || bytes[at + 156] === 0;
    const prefix = text(at + 257, 5) === 'ustar' ? text(at + 345, 155) : '';
    if (isFile)
      members.set((prefix && `${prefix}/`) + text(at, 100), bytes.subarray(at + BLOCK, at + BLOCK + size));
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
  }
  if (members.size === 0) throw fileError(who, place, 'a tar archive with files', 'none');
  return members;
}
