// Draws the messages that move over the stage, on a canvas that the page has handed over: so that moving them costs
// the page's own thread next to nothing. What a message looks like is sent once; each frame is three numbers for each
// message: which look, and where its middle is.
let canvas;
let context;
let ratio = 1;
const looks = new Map();

addEventListener('message', ({ data }) => {
  if (data instanceof Float32Array) draw(data);
  else if (data.look) looks.set(data.look[0], data.look[1].map(brush));
  else if (data.size) [canvas.width, canvas.height, ratio] = data.size;
  else if (data.forget) looks.clear();
  else if (data.canvas) {
    canvas = data.canvas;
    context = canvas.getContext('2d');
    postMessage('ready');
  }
});

function draw(frame) {
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, canvas.width, canvas.height);
  for (let place = 0; place < frame.length; place += 3) {
    context.setTransform(ratio, 0, 0, ratio, ratio * frame[place + 1], ratio * frame[place + 2]);
    for (const paint of looks.get(frame[place])) paint();
  }
}

/** What paints a part of a message around its own origin. */
function brush([kind, what, [fill, stroke, width, lineCap, lineJoin, opacity, weight, family]]) {
  if (kind === 'text') {
    const [words, size] = what;
    const font = `${weight} ${size}px ${family}`;
    return () => {
      set(opacity, fill);
      context.font = font;
      context.textAlign = 'center';
      context.fillText(words, 0, 0.36 * size);
    };
  }
  const path = new Path2D(kind === 'path' ? what : undefined);
  if (kind === 'rect') path.roundRect(...what);
  const lineWidth = parseFloat(width);
  return () => {
    set(opacity, fill);
    if (fill !== 'none') context.fill(path);
    if (stroke === 'none') return;
    context.strokeStyle = stroke;
    Object.assign(context, { lineWidth, lineCap, lineJoin });
    context.stroke(path);
  };
}

function set(opacity, fill) {
  context.globalAlpha = Number(opacity);
  if (fill !== 'none') context.fillStyle = fill;
}
