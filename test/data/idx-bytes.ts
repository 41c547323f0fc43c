/** Element types of the IDX format: code in the file, size in bytes, and how one element is written. */
export const idxTypes = {
  uint8: [0x08, 1, (v: DataView, at: number, x: number) => v.setUint8(at, x)],
  int8: [0x09, 1, (v: DataView, at: number, x: number) => v.setInt8(at, x)],
  int16: [0x0b, 2, (v: DataView, at: number, x: number) => v.setInt16(at, x)],
  int32: [0x0c, 4, (v: DataView, at: number, x: number) => v.setInt32(at, x)],
  float32: [0x0d, 4, (v: DataView, at: number, x: number) => v.setFloat32(at, x)],
  float64: [0x0e, 8, (v: DataView, at: number, x: number) => v.setFloat64(at, x)],
} as const;

/** Writes an IDX file's bytes. */
export function idxBytes(
  type: keyof typeof idxTypes,
  shape: readonly number[],
  values: readonly number[],
): Uint8Array {
  const [code, size, set] = idxTypes[type];
  const header = 4 + 4 * shape.length;
  const bytes = new Uint8Array(header + values.length * size);
  const view = new DataView(bytes.buffer);
  bytes.set([0, 0, code, shape.length]);
  shape.forEach((n, axis) => view.setUint32(4 + 4 * axis, n));
  values.forEach((x, i) => set(view, header + i * size, x));
  return bytes;
}
