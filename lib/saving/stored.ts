/** Numbers as files have them; what takes them converts them to its own dtype. */
export type StoredData =
  Float32Array | Float64Array | Int8Array | Int16Array | Int32Array | Uint8Array | Uint16Array;

/** Numbers of a file with their shape. */
export interface StoredArray {
  readonly data: StoredData;
  readonly shape: readonly number[];
}
