// Moves the messages over the stage, on a canvas that the page has handed over: so that moving them costs the page's own
// thread next to nothing. What a message looks like is told once. At each turn the page tells how all of them go on from
// there; until the next they go on by themselves.
let canvas;
let context;
let ratio = 1;
/** When it is which moment, how fast time runs, and where it stops. */
let clock;
let chips = [];
let asked;
/** Whether anything is. */
let shown = false;
/** What was told of the style sheets, and what messages look like; each by number. */
let styles = [];
let looks = [];

addEventListener('message', ({ data }) => {
  if (Array.isArray(data)) plan(...data);
  else if (data.size) [canvas.width, canvas.height, ratio] = data.size;
  else if ('keep' in data) [styles, looks] = [styles.slice(0, data.keep), []];
  else if (data.canvas) {
    canvas = data.canvas;
    context = canvas.getContext('2d');
    // Where workers have no frames the page goes on without this one.
    if (typeof requestAnimationFrame === 'function') postMessage('ready');
  }
});

/**
 * What is new of styles and looks, as JSON, if anything is; and four numbers for the clock, and for each message its look,
 * its curve, and when it is where on it; or nothing at all.
 */
function plan(news, [since_ms, from_us, us_per_ms, stop_us, ...numbers]) {
  if (news) learn(JSON.parse(news));
  clock = { since_ms, from_us, us_per_ms, stop_us };
  chips = [];
  for (let place = 0; place < numbers.length; place += 13) {
    const [look, ...way] = numbers.slice(place, place + 13);
    chips.push({ paints: looks[look], way });
  }
  asked ??= requestAnimationFrame(draw);
}

function draw(frame_ms) {
  const passed_ms = Math.max(0, performance.timeOrigin + frame_ms - clock.since_ms);
  const now_us = Math.min(clock.from_us + passed_ms * clock.us_per_ms, clock.stop_us);
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, canvas.width, canvas.height);
  for (const { paints, way } of chips) {
    const place = placeAt(now_us, way);
    if (!place) continue;
    context.setTransform(ratio, 0, 0, ratio, ratio * place[0], ratio * place[1]);
    for (const paint of paints) paint();
  }
  // The page waits for it, and then draws no longer itself.
  const is_shown = clock.since_ms !== undefined;
  if (is_shown && !shown) postMessage('drawn');
  shown = is_shown;
  const goes = chips.length > 0 && clock.us_per_ms > 0 && now_us < clock.stop_us;
  asked = goes ? requestAnimationFrame(draw) : undefined;
}

/** Where a message is on its curve; nowhere before it is sent, nor once it is received. */
function placeAt(now_us, [x0, y0, x1, y1, x2, y2, share, from_us, until_us, flight_us, sent_us, over_us]) {
  if (now_us < sent_us || now_us >= over_us) return undefined;
  const gone_us = Math.min(Math.max(now_us, from_us), until_us) - from_us;
  const t = Math.min(share + gone_us / flight_us, 1);
  const [a, b, c] = [(1 - t) ** 2, 2 * (1 - t) * t, t ** 2];
  return [a * x0 + b * x1 + c * x2, a * y0 + b * y1 + c * y2];
}

function learn(news) {
  styles.push(...news.styles);
  for (const [style, parts] of news.looks) looks.push(parts.map((part, place) => brush(part, styles[style][place])));
}

/** What paints a part of a message around its own origin. */
function brush([kind, what], [fill, stroke, width, lineCap, lineJoin, opacity, weight, family]) {
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
