// How whole numbers are kept in the headers of HDF5: https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html

/** The next multiple of 8 bytes. */
export const aligned = (n: number): number => Math.ceil(n / 8) * 8;

/** How many bytes the file has for an address and for a length, which the superblock at its begin says; undefined for those that the library refuses. */
export function widthsOf(file: Buffer): { address: number; length: number } | undefined {
  const [address, length] = file[8]! < 2 ? [file[13]!, file[14]!] : [file[9]!, file[10]!];
  const isKnown = (width: number) => width === 2 || width === 4 || width === 8;
  return isKnown(address) && isKnown(length) ? { address, length } : undefined;
}

/** The number of so many bytes. */
export const numberAt = (file: Buffer, at: number, width: number): number =>
  width === 8 ? Number(file.readBigUInt64LE(at)) : file.readUIntLE(at, width);
