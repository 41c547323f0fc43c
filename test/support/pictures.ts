import sharp from 'sharp';

/** The pixels of a picture: a renderer that takes nothing but well-formed XML has drawn it. */
export async function drawn(svg: string) {
  const { data, info } = await sharp(Buffer.from(svg))
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { data, ...info };
}

/** What is written in a picture. */
export const texts = (svg: string): string[] =>
  [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map((match) => match[1]!);

/** How many pixels have that colour. */
export async function pixelsOf(svg: string, color: string): Promise<number> {
  const { data } = await drawn(svg);
  const [red, green, blue] = [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16));
  let count = 0;
  for (let i = 0; i < data.length; i += 3)
    if (data[i] === red && data[i + 1] === green && data[i + 2] === blue) count++;
  return count;
}
