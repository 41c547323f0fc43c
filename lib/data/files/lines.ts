import { Buffer } from 'node:buffer';
import { fileError } from '../../base/wholeFile.js';
import { openFile, readInto, textStart } from './open.js';

const WHO = 'Dataset.lines';
const PIECE = 1 << 20;
/** The longest line that there may be, in bytes. */
const LONGEST = 256 << 20;

/** The lines of text files (UTF-8), one file after the other, without their ends (LF or CR LF). */
export async function* linesOf(files: readonly string[]): AsyncGenerator<string, void, undefined> {
  for (const file of files) yield* linesOfFile(file);
}

async function* linesOfFile(file: string): AsyncGenerator<string, void, undefined> {
  const handle = await openFile(WHO, file);
  try {
    let carried = Buffer.alloc(0);
    let isFirst = true;
    for (let last = false; !last;) {
      const bytes = Buffer.allocUnsafe(carried.length + PIECE);
      carried.copy(bytes);
      const read = await readInto(WHO, file, handle, bytes, carried.length);
      last = read < PIECE;
      const piece = bytes.subarray(0, carried.length + read);
      let from = isFirst ? textStart(piece) : 0;
      isFirst = false;
      for (let end = piece.indexOf(10); end >= 0; end = piece.indexOf(10, from)) {
        yield textOf(piece, from, end);
        from = end + 1;
      }
      if (last && from < piece.length) yield textOf(piece, from, piece.length);
      carried = piece.subarray(from);
      if (carried.length > LONGEST)
        throw fileError(WHO, file, `lines of ${LONGEST} bytes at most`, 'a longer one');
    }
  } finally {
    await handle.close();
  }
}

const textOf = (bytes: Buffer, from: number, end: number): string =>
  bytes.toString('utf8', from, end > from && bytes[end - 1] === 13 ? end - 1 : end);
