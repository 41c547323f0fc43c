import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fetched } from './fetched.js';

/** The presidents, by the names of their files. */
export const presidents = ['theodore_roosevelt', 'grover_cleveland'] as const;

/** How many words a passage has at most, and how many different ones count. */
export const passage = { length: 80, words: 5000 };

/** The sentences of each State of the Union Address of a president, from a package of npm (the texts are in the public domain). */
async function speechesOf(name: string): Promise<string[][]> {
  const folder = fetched('sotu');
  const files = (await readdir(folder)).filter((file) => file.includes(`_${name}_`)).sort();
  const texts = await Promise.all(files.map((file) => readFile(join(folder, file), 'utf8')));
  return texts.map((text) => text.split(/(?<=[.?!]["”]?)\s+(?=["“A-Z])/));
}

/**
 * Passages of two sentences from the eight messages to Congress of Theodore Roosevelt (0) and of Grover Cleveland (1). Of each the second and the
 * sixth message are held out to test with, the fourth to tell when to stop.
 */
export async function whoSaidIt() {
  const part = () => ({ texts: [] as string[], labels: [] as number[] });
  const [train, validation, test] = [part(), part(), part()];
  for (const [label, name] of presidents.entries()) {
    for (const [i, sentences] of (await speechesOf(name)).entries()) {
      const { texts, labels } = i % 4 === 1 ? test : i === 3 ? validation : train;
      for (let k = 0; k + 2 <= sentences.length; k += 2) {
        texts.push(`${sentences[k]!} ${sentences[k + 1]!}`);
        labels.push(label);
      }
    }
  }
  return { train, validation, test };
}
