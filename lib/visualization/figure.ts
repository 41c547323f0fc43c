import { type OptionNames, expected, knownOptions, positive } from '../base/checks.js';
import { highestOf, itemAt } from '../base/list.js';
import { loadPeer } from '../base/peer.js';
import { escapedText, pictureEnding, writePicture } from '../base/picture.js';
import { textWidth, wrapped } from './text.js';

/** What every picture takes. */
export interface FigureOptions {
  /** What stands above it. Default: nothing. */
  title?: string;
  /** The file to write, with the ending `.svg` or `.png`. Default: none. */
  path?: string;
  /** Pixels an inch, of a PNG file; an inch has 72 units of the SVG. Default 144. */
  dpi?: number;
}

/** @internal */
export const figureNames = {
  title: 'string',
  path: 'string',
  dpi: 'optional',
} satisfies OptionNames<FigureOptions>;

/** A drawing that has its own size. @internal */
export interface Panel {
  readonly svg: string;
  readonly width: number;
  readonly height: number;
}

/** Names with the colours that stand for them. @internal */
export type Legend = ReadonlyMap<string, string>;

/** How a figure puts its panels together. @internal */
export interface FigureLayout {
  /** How many panels a row has. Default: all, up to three. */
  readonly columns?: number;
  readonly legend?: Legend;
  /** Between panels, in units. Default 8. */
  readonly gap?: number;
}

/** Of the packages what is used here. */
interface Dom {
  parseHTML(html: string): { readonly document: object };
}
type Mark = (data: unknown, options?: object) => object;

/** Of the package `@observablehq/plot` what is used here. @internal */
export interface Plot {
  plot(options: object): { readonly outerHTML: string };
  readonly cell: Mark;
  readonly contour: (options: object) => object;
  readonly dot: Mark;
  readonly image: Mark;
  readonly line: Mark;
  readonly rectY: Mark;
  readonly ruleY: Mark;
  readonly text: Mark;
}

// Okabe and Ito's colours, which people with any kind of colour blindness tell apart; black last.
const COLORS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#f0e442', '#000000'];
const DPI = 144;
const FONT = 'system-ui, sans-serif';
const TITLE = { size: 16, line: 20, margin: 8, /** Of a bold letter to one that is not. */ bold: 1.1 };
const LEGEND_HEIGHT = 22;
const LEGEND_SIZE = 12;
const CAPTION = { size: 11, line: 15, gap: 2 };
const SWATCH = 12;
/** The numbers at the left axis: what the package leaves for them, how far from the axis they end, and the font. */
const TICKS = { margin: 40, distance: 9, size: 10 };

/** The colour of the n-th thing. @internal */
export const colorOf = (n: number): string => itemAt(COLORS, n % COLORS.length);

/** A colour for each name, in their order. @internal */
export const legendOf = (names: readonly string[]): Legend =>
  new Map(names.map((name, n) => [name, colorOf(n)]));

/** @throws EngineError `ARGUMENT` for options that are unknown or out of their range. @internal */
export function checkFigure(who: string, options: FigureOptions, names: object): void {
  knownOptions(who, options, names);
  if (options.path !== undefined) pictureEnding(who, 'path', options.path);
  positive(who, 'dpi', options.dpi ?? DPI);
}

/** What draws curves and the like. @throws EngineError `STATE` where a package is missing. @internal */
export async function loadPlot(who: string): Promise<{ plot: Plot; draw: (options: PanelOptions) => Panel }> {
  const plot = (await loadPeer(who, '@observablehq/plot')) as Plot;
  const { document } = ((await loadPeer(who, 'linkedom')) as Dom).parseHTML('<!doctype html><html></html>');
  const draw = (options: PanelOptions): Panel => {
    const { width = 360, height = 260, marginLeft = TICKS.margin } = options;
    const svg = plot.plot({ document, ...options, width, height, marginLeft }).outerHTML;
    if (!svg.startsWith('<svg')) throw expected(who, 'a drawing without a legend', svg.slice(0, 40));
    const missing = Math.ceil(widthOfTicks(svg) - marginLeft);
    if (missing > 0)
      return draw({ ...options, width: width + missing, height, marginLeft: marginLeft + missing });
    // The style has selectors that only browsers know, and says nothing that a picture needs.
    return { svg: svg.replace(/<style>[^]*?<\/style>/g, ''), width, height };
  };
  return { plot, draw };
}

/** What `Plot.plot` takes; of the size the defaults are for one of several panels. @internal */
export interface PanelOptions {
  readonly width?: number;
  readonly height?: number;
  /** Grows where the numbers at the axis need more, and the width with it. Default 40. */
  readonly marginLeft?: number;
  readonly marks: readonly object[];
  readonly [option: string]: unknown;
}

/** How much the labels at the left axis of a drawing need. */
function widthOfTicks(svg: string): number {
  const [, labels = ''] = /aria-label="y-axis tick label">(.*?)<\/g>/s.exec(svg) ?? [];
  const widths = [...labels.matchAll(/>([^<]+)</g)].map((match) => textWidth(itemAt(match, 1), TICKS.size));
  return highestOf(widths) + TICKS.distance;
}

const text = (content: string, x: number, y: number, size: number, others = ''): string =>
  `<text x="${x}" y="${y}" font-size="${size}" ${others}>${escapedText(content)}</text>`;

/** What stands above a panel. @internal */
export interface Caption {
  readonly text: string;
  /** Default black. */
  readonly color?: string;
}

/** Panels of one size with captions above, all of them as wide and as high as the longest caption asks for. @internal */
export function captioned(panels: readonly Panel[], captions: readonly Caption[]): Panel[] {
  const words = captions.flatMap(({ text }) => text.split(/\s+/));
  const width = highestOf([
    ...panels.map((panel) => panel.width),
    ...words.map((word) => textWidth(word, CAPTION.size)),
  ]);
  const lines = captions.map(({ text }) => wrapped(text, width, CAPTION.size));
  const most = highestOf(lines.map(({ length }) => length));
  return panels.map((panel, n) => {
    const own = itemAt(lines, n);
    const others = `text-anchor="middle" fill="${itemAt(captions, n).color ?? 'black'}"`;
    // The last line stands next to the panel.
    const rows = own.map((line, k) => {
      const y = (most - own.length + k + 1) * CAPTION.line - 4;
      return text(line, width / 2, y, CAPTION.size, others);
    });
    const top = most * CAPTION.line + CAPTION.gap;
    const height = top + panel.height;
    const svg = rows.join('') + placed(panel, (width - panel.width) / 2, top);
    return { svg: `<svg width="${width}" height="${height}">${svg}</svg>`, width, height };
  });
}

/** A panel's drawing at a place of another one. */
const placed = ({ svg }: Panel, x: number, y: number): string =>
  svg.replace(/^<svg /, `<svg x="${x}" y="${y}" `);

function legendRow(legend: Legend, y: number): string {
  let x = SWATCH;
  return [...legend]
    .map(([name, color]) => {
      const swatch = `<rect x="${x}" y="${y}" width="${SWATCH}" height="${SWATCH}" fill="${color}"/>`;
      const label = text(name, x + SWATCH + 4, y + SWATCH - 2, LEGEND_SIZE);
      x += 2.5 * SWATCH + textWidth(name, LEGEND_SIZE);
      return swatch + label;
    })
    .join('');
}

const legendWidth = (legend: Legend): number =>
  [...legend.keys()].reduce((sum, name) => sum + 2.5 * SWATCH + textWidth(name, LEGEND_SIZE), SWATCH);

/** Panels in rows, each as high as its highest panel. @internal */
export function inRows(panels: readonly Panel[], columns: number, gap = 0): Panel {
  const widths = Array.from({ length: Math.min(columns, panels.length) }, (_, c) =>
    highestOf(panels.filter((_, i) => i % columns === c).map(({ width }) => width)),
  );
  let [svg, top] = ['', 0];
  for (let start = 0; start < panels.length; start += columns) {
    const row = panels.slice(start, start + columns);
    let left = 0;
    for (const [c, panel] of row.entries()) {
      svg += placed(panel, left, top);
      left += itemAt(widths, c) + gap;
    }
    top += highestOf(row.map(({ height }) => height)) + gap;
  }
  const width = widths.reduce((sum, n) => sum + n + gap, 0) - gap;
  return { svg: `<svg width="${width}" height="${top - gap}">${svg}</svg>`, width, height: top - gap };
}

/** The whole picture, written to a file where one is given. @internal */
export async function figure(
  who: string,
  panels: readonly Panel[],
  { title, path, dpi = DPI }: FigureOptions,
  { columns = Math.min(panels.length, 3), legend, gap = 8 }: FigureLayout = {},
): Promise<string> {
  const rows = inRows(panels, columns, gap);
  const words = (title?.split(/\s+/) ?? []).map((word) => textWidth(word, TITLE.size * TITLE.bold));
  const width = highestOf([rows.width, legend === undefined ? 0 : legendWidth(legend), ...words]);
  const lines = title === undefined ? [] : wrapped(title, width, TITLE.size * TITLE.bold);
  const titleHeight = lines.length === 0 ? 0 : lines.length * TITLE.line + TITLE.margin;
  const top = titleHeight + (legend === undefined ? 0 : LEGEND_HEIGHT);
  const parts = [
    '<rect width="100%" height="100%" fill="white"/>',
    ...lines.map((line, n) =>
      text(line, width / 2, (n + 1) * TITLE.line - 1, TITLE.size, 'text-anchor="middle" font-weight="bold"'),
    ),
    legend === undefined ? '' : legendRow(legend, titleHeight + 5),
    placed(rows, (width - rows.width) / 2, top),
  ];
  const height = rows.height + top;
  const svg =
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" ` +
    `color="black" font-family="${FONT}">${parts.join('')}</svg>`;
  if (path !== undefined) await writePicture(who, path, svg, dpi);
  return svg;
}
