import { createReadStream } from 'node:fs';
import { loadPeer } from '../../base/peer.js';
import { fileError } from '../../base/wholeFile.js';
import { readError, openFile, readInto, withFile } from './open.js';
import { type Column, type TableForm, columnOf, columnsRead, elementsOf } from './table.js';

const WHO = 'Dataset.arrow';

/** Of apache-arrow what is used here. */
interface Arrow {
  readonly RecordBatchReader: { from(source: unknown): Promise<AsyncIterable<RecordBatch>> };
}

interface RecordBatch {
  readonly numRows: number;
  readonly schema: { readonly fields: readonly { readonly name: string }[] };
  getChild(name: string): Vector | null;
}

interface Vector extends Iterable<unknown> {
  readonly nullCount: number;
  toArray(): unknown;
}

/** The record batches of Arrow files (IPC, in the form of a file or a stream), one file after the other. */
export async function* arrowBlocks(
  files: readonly string[],
  form: TableForm,
): AsyncGenerator<unknown, void, undefined> {
  const { RecordBatchReader } = (await loadPeer(WHO, 'apache-arrow')) as Arrow;
  for (const file of files) {
    const size = await checkEnd(file);
    const stream = createReadStream(file);
    try {
      for await (const batch of await RecordBatchReader.from(stream)) {
        if (batch.numRows === 0) continue;
        // The library believes what a batch says. A value takes a bit at least.
        if (!(batch.numRows <= 8 * size))
          throw fileError(WHO, file, `as many rows as ${size} bytes can hold`, `${batch.numRows}`);
        const names = batch.schema.fields.map(({ name }) => name);
        const { features } = columnsRead(WHO, file, names, form);
        const column = (name: string) => valuesOf(file, name, batch.getChild(name));
        const record = Object.fromEntries(features.map((name) => [name, column(name)]));
        yield elementsOf(
          WHO,
          file,
          record,
          form.label === undefined ? undefined : column(form.label),
          form.features,
        );
      }
    } catch (cause) {
      throw readError(WHO, file, cause);
    } finally {
      stream.destroy();
    }
  }
}

/** The library takes the end of a file that was cut for the end of the data. @returns The size of the file. */
async function checkEnd(file: string): Promise<number> {
  const handle = await openFile(WHO, file);
  try {
    const { size } = await withFile(WHO, file, () => handle.stat());
    const end = new Uint8Array(8);
    await readInto(WHO, file, handle, end, 0, Math.max(0, size - end.length));
    const isFile = new TextDecoder().decode(end.subarray(2)) === 'ARROW1';
    const isStream = new DataView(end.buffer).getBigUint64(0) === 0xffffffff00000000n;
    if (!isFile && !isStream)
      throw fileError(
        WHO,
        file,
        "the mark that ends Arrow's files and streams",
        'a file that was cut, or another',
      );
    return size;
  } finally {
    await handle.close();
  }
}

function valuesOf(file: string, name: string, vector: Vector | null): Column {
  const place = `${file}, column '${name}'`;
  const array = vector?.nullCount === 0 ? vector.toArray() : undefined;
  return columnOf(WHO, place, ArrayBuffer.isView(array) ? array : [...(vector ?? [])]);
}
