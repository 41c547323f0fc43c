import { useEffect, useRef } from 'preact/hooks';
import type { GrayImages } from './api.js';

const bytesIn = (text: string): Uint8Array => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

/** Bytes in base64 [height, width, channels] as a picture; one channel is gray. Without a label it says nothing that the text next to it does not. */
export function Picture(props: {
  bytes: string;
  height: number;
  width: number;
  channels: number;
  label: string;
  class?: string;
}) {
  const { bytes, height, width, channels, label } = props;
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const pixels = bytesIn(bytes);
    const image = new ImageData(width, height);
    for (let i = 0; i < width * height; i++) {
      for (let c = 0; c < 3; c++)
        image.data[4 * i + c] = pixels[i * channels + (channels === 3 ? c : 0)] ?? 0;
      image.data[4 * i + 3] = 255;
    }
    canvas.current!.getContext('2d')!.putImageData(image, 0, 0);
  }, [bytes, height, width, channels]);
  return (
    <canvas
      ref={canvas}
      width={width}
      height={height}
      class={props.class}
      {...(label === '' ? { 'aria-hidden': true } : { role: 'img', 'aria-label': label })}
    />
  );
}

/** Gray images of one layer next to each other, in one canvas. */
export function Maps({ images, label }: { images: GrayImages; label: string }) {
  const { count, height, width, bytes } = images;
  const columns = height === 1 ? 1 : Math.min(count, 8);
  const gap = height === 1 ? 0 : 1;
  const rows = Math.ceil(count / columns);
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const pixels = bytesIn(bytes);
    const context = canvas.current!.getContext('2d')!;
    context.clearRect(0, 0, canvas.current!.width, canvas.current!.height);
    for (let n = 0; n < count; n++) {
      const image = new ImageData(width, height);
      for (let i = 0; i < width * height; i++) {
        image.data.fill(pixels[n * width * height + i] ?? 0, 4 * i, 4 * i + 3);
        image.data[4 * i + 3] = 255;
      }
      context.putImageData(image, (n % columns) * (width + gap), Math.floor(n / columns) * (height + gap));
    }
  }, [bytes, count, height, width]);
  return (
    <canvas
      ref={canvas}
      width={columns * (width + gap) - gap}
      height={rows * (height + gap) - gap}
      class={height === 1 ? 'maps row' : count === 1 ? 'maps single' : 'maps'}
      role="img"
      aria-label={label}
    />
  );
}
