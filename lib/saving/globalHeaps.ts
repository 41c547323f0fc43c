// The collections of the global heap, in which HDF5 keeps texts: https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html
// The library follows the sizes of their objects, and may never end where one is 0 or leads out of the collection.
import { aligned, numberAt, widthsOf } from './hdf5Numbers.js';

const SIGNATURE = Buffer.from('GCOL\x01\0\0\0', 'latin1');

/** Whether each collection of the global heap in a file in HDF5 can be followed to its end. */
export function hasWholeHeaps(bytes: Uint8Array): boolean {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const width = widthsOf(file)?.length;
  if (width === undefined) return true;
  const lengthAt = (at: number): number => numberAt(file, at, width);
  const header = aligned(8 + width);
  for (let heap = file.indexOf(SIGNATURE); heap >= 0; heap = file.indexOf(SIGNATURE, heap + 1)) {
    const end = heap + header > file.length ? Infinity : heap + lengthAt(heap + 8);
    // The library itself refuses one that is cut.
    if (end > file.length) continue;
    for (let at = heap + header; at + header <= end;) {
      const size = lengthAt(at + 8);
      // Object 0 is what is free, its header included.
      const taken = file.readUInt16LE(at) === 0 ? size : header + aligned(size);
      at += taken;
      if (taken === 0 || at > end) return false;
    }
  }
  return true;
}
