// Texts of any length in attributes of HDF5, of which a file keeps a length and a place in its global heap:
// https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html
// The library takes as much memory as the lengths say before it looks into the heap.

/** The first byte of the datatype of such texts in its versions: class 9. */
const VERSIONS = [0x19, 0x29, 0x39, 0x49];
/** The second: texts that end with a zero, that are filled with zeros, or with spaces. */
const TEXTS = [0x01, 0x11, 0x21];

/** How many bytes the file has for a place and for a size: the superblock, which begins it, says so. */
const widthsOf = (file: Buffer): [offset: number, length: number] =>
  file[8]! < 2 ? [file[13]!, file[14]!] : [file[9]!, file[10]!];

/** Whether all texts of attributes, as long as the file says they are, fit into it. */
export function hasWholeTexts(bytes: Uint8Array): boolean {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [offset, width] = widthsOf(file);
  // Other sizes than these the library refuses.
  if (![offset, width].every((size) => size === 2 || size === 4 || size === 8)) return true;
  const reference = 4 + offset + 4;
  return VERSIONS.every((version) =>
    TEXTS.every((texts) => {
      const datatype = Buffer.from([version, texts]);
      for (let at = file.indexOf(datatype); at >= 0; at = file.indexOf(datatype, at + 1)) {
        if (at + 8 > file.length || file.readUInt32LE(at + 4) !== reference) continue;
        const place = dataspaceAfter(file, at);
        if (place !== undefined && lengthOfTexts(file, place, width, reference) > file.length) return false;
      }
      return true;
    }),
  );
}

/** Where the sizes of an attribute follow the datatype of its texts, in the first version of attributes after zeros up to 8 bytes. */
function dataspaceAfter(file: Buffer, at: number): number | undefined {
  // Between them is the datatype of a character: a whole number or a text.
  const size = 8 + (file[at + 8]! % 16 === 0 ? 12 : 8);
  return [size, Math.ceil(size / 8) * 8].map((n) => at + n).find((place) => isDataspace(file, place));
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
  for (let place = sizes; place < sizes + width * rank; place += width)
    count *= width === 8 ? Number(file.readBigUInt64LE(place)) : file.readUIntLE(place, width);
  const most = Math.min(count, Math.floor((file.length - begin) / reference));
  let length = 0;
  for (let i = 0; i < most; i++) length += file.readUInt32LE(begin + i * reference);
  return length;
}
