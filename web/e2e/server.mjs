// A static server for the built site, as strict as a host may be: under a folder, with the page's policy.
//
// `node server.mjs [FOLDER OF FILES]` serves until it is stopped.
import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The strictest policy under which the site promises to work. */
export const POLICY = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'";

/** The folder of the built site: what SITE says, else the project's own. */
export const SITE = process.env.SITE ?? fileURLToPath(new URL('../../dist', import.meta.url));

const TYPES = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.mjs': 'text/javascript; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.wasm': 'application/wasm',
  '.woff2': 'font/woff2',
};

/**
 * Serves `folder` on a free port of this machine, under `base`, with `headers`.
 * Answers with the folder, the site's address and a function that stops it.
 */
export async function serve({ folder = SITE, base = '/some/folder/', headers = { 'content-security-policy': POLICY }, port = 0 } = {}) {
  const server = createServer(async (request, response) => {
    const file = fileFor(folder, base, request.url);
    try {
      const body = file && (await readFile(file));
      if (!body) return refuse(response);
      response.writeHead(200, {
        ...headers,
        'content-type': TYPES[extname(file)] ?? 'application/octet-stream',
        'x-content-type-options': 'nosniff',
        'cache-control': 'no-store',
      });
      response.end(body);
    } catch {
      refuse(response);
    }
  });
  await new Promise((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve));
  return {
    folder,
    url: `http://127.0.0.1:${server.address().port}${base}`,
    close: () => new Promise((resolve) => { server.close(resolve); server.closeAllConnections(); }),
  };
}

// The file that an address names, or nothing where it names none below the folder.
function fileFor(folder, base, url) {
  const path = decodeURIComponent(new URL(url, 'http://localhost').pathname);
  if (!path.startsWith(base)) return undefined;
  const inside = normalize(path.slice(base.length) || 'index.html');
  if (inside.startsWith('..')) return undefined;
  return join(folder, inside.endsWith('/') ? join(inside, 'index.html') : inside);
}

function refuse(response) {
  response.writeHead(404, { 'content-type': 'text/plain; charset=utf-8' });
  response.end('not found\n');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { url } = await serve({ folder: process.argv[2] ?? SITE, port: Number(process.env.PORT ?? 0) });
  console.log(url);
}
