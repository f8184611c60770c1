// Colours of classes, values and experts.

const hex = (text) => [1, 3, 5].map((i) => parseInt(text.slice(i, i + 2), 16));

// Anchors of matplotlib's viridis (S. van der Walt, N. Smith; CC0) and cividis (Nuñez, Anderton, Renslow; CC0), evenly spaced.
const anchors = {
  viridis: ["#440154", "#482878", "#3e4989", "#31688e", "#26828e", "#1f9e89", "#35b779", "#6ece58", "#b5de2b", "#fde725"].map(hex),
  cividis: ["#00224e", "#123570", "#3b496c", "#575d6d", "#707173", "#8a8678", "#a59c74", "#c3b369", "#e1cc55", "#fee838"].map(hex),
  grey: ["#000000", "#ffffff"].map(hex),
};

// Paul Tol's "muted" colours, which people with any colour vision tell apart, and more of other lightness for larger sets.
const safe = ["#cc6677", "#332288", "#ddcc77", "#117733", "#88ccee", "#882255", "#44aa99", "#999933", "#aa4499", "#dddddd",
  "#1b1f24", "#ee8866", "#6699cc", "#eecc66", "#997700", "#004488"].map(hex);

export const nonFinite = [255, 0, 255];

// 256 colours of a scale, [r, g, b] each.
export function scale(name) {
  const points = anchors[name];
  return Array.from({length: 256}, (_, i) => {
    const at = (i / 255) * (points.length - 1);
    const left = Math.min(Math.floor(at), points.length - 2);
    return points[left].map((value, c) => Math.round(value + (points[left + 1][c] - value) * (at - left)));
  });
}

export const safeColor = (index) => safe[index % safe.length];

// Experts: hues a golden angle apart in two lightnesses. Their numbers stand beside the colours wherever they are shown.
export function expertColor(index) {
  const hue = (index * 137.508) % 360, light = index % 2 ? 0.42 : 0.64, chroma = (1 - Math.abs(2 * light - 1)) * 0.62;
  const x = chroma * (1 - Math.abs(((hue / 60) % 2) - 1)), base = light - chroma / 2;
  const [r, g, b] = [[chroma, x, 0], [x, chroma, 0], [0, chroma, x], [0, x, chroma], [x, 0, chroma], [chroma, 0, x]][Math.floor(hue / 60) % 6];
  return [r, g, b].map((value) => Math.round(255 * (value + base)));
}

export const css = ([r, g, b]) => `rgb(${r} ${g} ${b})`;
// Black or white, whichever reads better on the colour.
export const inkOn = ([r, g, b]) => (0.299 * r + 0.587 * g + 0.114 * b > 140 ? "#000" : "#fff");
