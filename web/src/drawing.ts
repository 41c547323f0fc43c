// A drawing as the bytes of a small image, as the digits of MNIST were made: fitted into a box, and its centre of mass in the middle.
const BOX = 20 / 28;

/** The ink of a canvas, white on black, as [height, width] bytes in base64; undefined where there is none. */
export function bytesOf(canvas: HTMLCanvasElement, height: number, width: number): string | undefined {
  const box = boxOf(canvas);
  if (!box) return undefined;
  const scale = (Math.min(height, width) * BOX) / Math.max(box.width, box.height);
  const small = document.createElement('canvas');
  [small.width, small.height] = [width, height];
  const context = small.getContext('2d', { willReadFrequently: true })!;
  context.imageSmoothingQuality = 'high';
  const [w, h] = [box.width * scale, box.height * scale];
  const draw = (x: number, y: number) => {
    context.fillStyle = 'black';
    context.fillRect(0, 0, width, height);
    context.drawImage(canvas, box.x, box.y, box.width, box.height, x, y, w, h);
    return context.getImageData(0, 0, width, height).data.filter((_, i) => i % 4 === 0);
  };
  const [x, y] = [(width - w) / 2, (height - h) / 2];
  const mass = massOf(draw(x, y), width);
  const bytes = draw(x + (width - 1) / 2 - mass.x, y + (height - 1) / 2 - mass.y);
  return btoa(String.fromCharCode(...bytes));
}

function boxOf(canvas: HTMLCanvasElement) {
  const { width, height } = canvas;
  const { data } = canvas.getContext('2d', { willReadFrequently: true })!.getImageData(0, 0, width, height);
  let [left, right, top, bottom] = [width, -1, height, -1];
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      if ((data[4 * (y * width + x)] ?? 0) > 0) {
        [left, right] = [Math.min(left, x), Math.max(right, x)];
        [top, bottom] = [Math.min(top, y), Math.max(bottom, y)];
      }
  return right < 0 ? undefined : { x: left, y: top, width: right - left + 1, height: bottom - top + 1 };
}

function massOf(bytes: Uint8ClampedArray, width: number): { x: number; y: number } {
  let [sum, x, y] = [0, 0, 0];
  bytes.forEach((ink, i) => {
    sum += ink;
    x += ink * (i % width);
    y += ink * Math.floor(i / width);
  });
  return { x: x / sum, y: y / sum };
}
