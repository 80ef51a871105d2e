/** A drawing of each product: strokes on a 64 x 64 sheet. */
const STROKES = {
  lamp: [
    'M22 54h22',
    'M33 54V34L20 22',
    'M20 22l10-10',
    'M24 8l14 14-9 3-8-8z',
    'M40 24l6 4M42 18l7 1M37 29l3 6',
  ],
  mug: [
    'M16 22h26v24a6 6 0 0 1-6 6H22a6 6 0 0 1-6-6z',
    'M42 28h6a6 6 0 0 1 0 14h-6',
    'M24 8q-4 4 0 8M34 8q-4 4 0 8',
  ],
  chair: ['M20 8v48', 'M20 34h24v22', 'M20 14h4q6 0 6 6v14', 'M20 46h24'],
  plant: [
    'M22 42h20l-3 14H25z',
    'M32 42V18',
    'M32 30q-14 0-14-14 14 0 14 14',
    'M32 24q12 0 14-14-14 0-14 14',
  ],
  radio: [
    'M10 24h44v28H10z',
    'M18 24L42 10',
    'M24 38m-8 0a8 8 0 1 0 16 0a8 8 0 1 0-16 0',
    'M40 32h8M40 38h8',
    'M42 46h.1M48 46h.1',
  ],
  clock: [
    'M32 32m-22 0a22 22 0 1 0 44 0a22 22 0 1 0-44 0',
    'M32 18v14l9 6',
    'M32 12v2M52 32h-2M32 52v-2M12 32h2',
  ],
};

const SVG = 'http://www.w3.org/2000/svg';

export function picture(sku) {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 64 64');
  svg.setAttribute('aria-hidden', 'true');
  for (const stroke of STROKES[sku] ?? []) {
    const path = document.createElementNS(SVG, 'path');
    path.setAttribute('d', stroke);
    svg.append(path);
  }
  return svg;
}
