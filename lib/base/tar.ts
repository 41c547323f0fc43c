// Tar archives (POSIX ustar and pax, GNU), as far as data sets are some: plain files in folders. Links and devices are left out.
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
  /** The path that the next member has, where it is too long for its header. */
  let long: string | undefined;
  const nameAt = (header: number) => {
    const prefix = text(header + 257, 5) === 'ustar' ? text(header + 345, 155) : '';
    return (prefix && `${prefix}/`) + text(header, 100);
  };
  for (let at = 0; at + BLOCK <= bytes.length && bytes[at] !== 0;) {
    const octal = text(at + 124, 12).trim();
    const size = parseInt(octal, 8);
    const isWhole = /^[0-7]+$/.test(octal) && size <= bytes.length - at - BLOCK;
    const sum = bytes
      .subarray(at, at + BLOCK)
      .reduce((total, byte, i) => total + (i >= 148 && i < 156 ? 32 : byte), 0);
    if (!isWhole || sum !== parseInt(text(at + 148, 8), 8))
      throw fileError(who, place, 'a whole tar archive', `a damaged or cut one at byte ${at}`);
    const kind = String.fromCharCode(bytes[at + 156] ?? 0);
    const header = at;
    const held = bytes.subarray(at + BLOCK, at + BLOCK + size);
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
    if (kind === 'L') long = new TextDecoder().decode(held).replace(/\0.*$/s, '');
    else if (kind === 'x') long = paxPath(held) ?? long;
    if (kind === 'L' || kind === 'x') continue;
    const name = long ?? nameAt(header);
    long = undefined;
    if (kind === '0' || kind === '\0') members.set(name, held);
  }
  if (members.size === 0) throw fileError(who, place, 'a tar archive with files', 'none');
  return members;
}

/** The path among the records of a pax header, `27 path=…` with a line each; undefined where it has none. */
function paxPath(records: Uint8Array): string | undefined {
  for (let at = 0; at < records.length;) {
    const space = records.indexOf(0x20, at);
    const length = Number(new TextDecoder().decode(records.subarray(at, space)));
    if (space < 0 || !(length > 0)) return undefined;
    const record = new TextDecoder().decode(records.subarray(space + 1, at + length - 1));
    if (record.startsWith('path=')) return record.slice('path='.length);
    at += length;
  }
  return undefined;
}
