// Texts of any length in attributes of HDF5, of which a file keeps a length and a place in its global heap:
// https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html
// The library takes as much memory as the lengths say before it looks into the heap.
import { aligned, numberAt, widthsOf } from './hdf5Numbers.js';

/** Whether the texts of all attributes of a name, as long as the file says they are, fit into it. */
export function hasWholeTexts(bytes: Uint8Array, name: string): boolean {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const widths = widthsOf(file);
  if (!widths) return true;
  const reference = 4 + widths.address + 4;
  const ended = Buffer.from(`${name}\0`);
  for (let at = file.indexOf(ended); at >= 0; at = file.indexOf(ended, at + 1))
    // The first version of attributes has zeros up to 8 bytes.
    for (const end of [at + ended.length, at + aligned(ended.length)]) {
      const place = isTexts(file, end, reference) ? dataspaceAfter(file, end) : undefined;
      if (place !== undefined && lengthOfTexts(file, place, widths.length, reference) > file.length)
        return false;
    }
  return true;
}

/** Whether the datatype of such texts is there: class 9 in any version, of texts, each as large as a reference. */
const isTexts = (file: Buffer, at: number, reference: number): boolean =>
  at + 9 <= file.length &&
  file[at]! % 16 === 9 &&
  file[at + 1]! % 16 === 1 &&
  file.readUInt32LE(at + 4) === reference;

/** Where the sizes of an attribute follow the datatype of its texts. */
function dataspaceAfter(file: Buffer, at: number): number | undefined {
  // Between them is the datatype of a character: a whole number or a text.
  const size = 8 + (file[at + 8]! % 16 === 0 ? 12 : 8);
  return [at + size, at + aligned(size)].find((place) => isDataspace(file, place));
}

function isDataspace(file: Buffer, at: number): boolean {
  const [version, rank = 0, flags = 0] = file.subarray(at, at + 3);
  if (rank > 32 || flags > 1) return false;
  return version === 2 || (version === 1 && file.subarray(at + 3, at + 8).every((byte) => byte === 0));
}

/** The sum of the lengths that the references after a dataspace tell. */
function lengthOfTexts(file: Buffer, at: number, width: number, reference: number): number {
  const [version, rank = 0, flags = 0, type] = file.subarray(at, at + 4);
  const sizes = at + (version === 1 ? 8 : 4);
  const begin = sizes + width * rank * (1 + flags);
  if (begin > file.length || (version === 2 && type === 2)) return 0;
  let count = 1;
  for (let place = sizes; place < sizes + width * rank; place += width) count *= numberAt(file, place, width);
  const most = Math.min(count, Math.floor((file.length - begin) / reference));
  let length = 0;
  for (let i = 0; i < most; i++) length += file.readUInt32LE(begin + i * reference);
  return length;
}
