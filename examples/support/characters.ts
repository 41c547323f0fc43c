import { NDArray, type Model, random } from 'nodegrad';

/** A text as numbers of characters, and back. */
export class Alphabet {
  /** The characters in the order of their numbers. */
  readonly characters: readonly string[];
  readonly #numbers: ReadonlyMap<string, number>;

  constructor(text: string) {
    this.characters = [...new Set(text)].sort();
    this.#numbers = new Map(this.characters.map((character, i) => [character, i]));
  }

  encode(text: string): Uint8Array {
    return Uint8Array.from(text, (character) => this.#numbers.get(character)!);
  }
}

/** Cuts a text into pieces: x [n, length] and, for each place, the character that follows, y of the same shape. */
export function pieces(ids: Uint8Array, length: number): { x: NDArray; y: NDArray } {
  const count = Math.floor((ids.length - 1) / length);
  const cut = (from: number) => new NDArray(ids.slice(from, from + count * length), [count, length]);
  return { x: cut(0), y: cut(1) };
}

/** The loss of a net, in nats, as bits for each character. */
export const bitsOf = (loss: number): number => loss / Math.LN2;

/**
 * Goes on with a text: draws the next character as likely as the net says, again and again.
 *
 * @param model Ids [1, length] to logits [1, length, characters].
 * @param begin At least as many characters as the model reads.
 * @param temperature The logits are divided by it: below 1 the text is more likely, above 1 bolder.
 */
export async function write(
  model: Model,
  alphabet: Alphabet,
  {
    begin,
    length,
    count,
    temperature,
  }: { begin: string; length: number; count: number; temperature: number },
): Promise<string> {
  const ids = Array.from(alphabet.encode(begin));
  const generator = random.seedGenerator({ seed: 1 });
  for (let i = 0; i < count; i++) {
    const logits = await (
      await model.predict(new NDArray(Uint8Array.from(ids.slice(-length)), [1, length]))
    ).data();
    const last = Array.from(logits.slice(-alphabet.characters.length), (logit) => logit / temperature);
    ids.push(await random.categorical([last], 1, { seed: generator }).item());
  }
  return ids
    .slice(begin.length)
    .map((id) => alphabet.characters[id])
    .join('');
}
