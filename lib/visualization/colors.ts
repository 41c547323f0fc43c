import { expected } from '../base/checks.js';

/** Red, green and blue, each 0 to 255. */
export type Color = readonly [red: number, green: number, blue: number];

/** A colour that was given. @throws EngineError `ARGUMENT` for what is none. @internal */
export function checkedColor(who: string, name: string, color: unknown): Color {
  const isLevel = (n: unknown) => typeof n === 'number' && n >= 0 && n <= 255;
  if (!Array.isArray(color) || color.length !== 3 || !color.every(isLevel))
    throw expected(who, `three numbers from 0 to 255 as ${name}`, color);
  return color as unknown as Color;
}

/** A colour that was given, as SVG has it. @throws EngineError `ARGUMENT` for what is none. @internal */
export const colorText = (who: string, name: string, color: unknown): string =>
  `rgb(${checkedColor(who, name, color).map(Math.round).join(',')})`;
