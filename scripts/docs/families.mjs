// The families of layers and ops: the headings, a comment each, between the exports of a folder's index.ts.
import { readFileSync } from 'node:fs';

/** An export: its names, or an asterisk, and its file. Or a heading. */
const LINE = /^\/\/ (.+)$|^export (?:type )?(\{[^}]*\}|\*(?: as \w+)?) from '([./\w]+)\.js';$/gm;

/** The names that a list of exports gives: `{ Dense, type DenseOptions }`. */
const namesOf = (list) => (list.startsWith('{') ? (list.match(/\w+(?=\s*[,}])/g) ?? []) : []);

/**
 * The families in order, each with the names and the files that it has. A file of `export *` is a path in the folder, without ending.
 *
 * @param path The path of an index.ts.
 */
export function familiesOf(path) {
  const families = [];
  for (const [, heading, list, file] of readFileSync(path, 'utf8').matchAll(LINE)) {
    if (heading) families.push({ heading, names: new Set(), files: [] });
    else if (list.startsWith('{')) for (const name of namesOf(list)) families.at(-1)?.names.add(name);
    else families.at(-1)?.files.push(file.replace(/^\.\/|\/index$/g, ''));
  }
  return families;
}
