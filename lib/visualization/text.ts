// Widths in sizes of the font, on the safe side: the font is that of the system which shows the picture.
const WIDTHS: readonly (readonly [letters: RegExp, width: number])[] = [
  [/[ fijlrtI.,:;'|!()]/, 0.45],
  [/[mwMW@%—\u1100-\uffff\u{10000}-\u{10ffff}]/u, 1],
  [/\p{Lu}/u, 0.8],
];
const OTHERS = 0.65;

const widthOf = (letter: string): number => WIDTHS.find(([letters]) => letters.test(letter))?.[1] ?? OTHERS;

/** How wide a text may become in a font of that size, in units. @internal */
export const textWidth = (text: string, size: number): number =>
  Array.from(text).reduce((sum, letter) => sum + widthOf(letter), 0) * size;

/** A text in lines of at most that width, broken between words; a longer word has its line. @internal */
export function wrapped(text: string, width: number, size: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(/\s+/)) {
    const line = lines.length === 0 ? word : `${lines.at(-1)!} ${word}`;
    if (lines.length > 0 && textWidth(line, size) <= width) lines[lines.length - 1] = line;
    else lines.push(word);
  }
  return lines;
}
