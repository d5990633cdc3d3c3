// Starts the page: loads the script and the WebAssembly that Trunk built, and says plainly when it can't.
//
// A file of its own because the page's policy forbids inline scripts, and a classic script because a module would
// not even be loaded where the page is opened from disk, which is when a plain message is needed most.
// `Trunk.toml` writes the tag that loads this file, and names the two others on it.
(() => {
  const { js, wasm } = document.currentScript.dataset;
  const hasWebAssembly = typeof WebAssembly === 'object';

  start().catch((error) => {
    console.error(error);
    say(...explain(error));
  });

  async function start() {
    if (!hasWebAssembly) throw new Error('WebAssembly is not available');
    const page = await import(new URL(js, document.baseURI));
    await page.default({ module_or_path: new URL(wasm, document.baseURI) });
  }

  // What happened, and what to do about it.
  function explain(error) {
    if (!hasWebAssembly) {
      return [
        'Replicascope needs WebAssembly, and this browser does not offer it.',
        'Some browsers switch it off in their strictest security mode: allow it for this page and reload, or open the page in a current Firefox, Chrome, Edge or Safari.',
      ];
    }
    if (location.protocol === 'file:') {
      return [
        'Replicascope can’t start from a file: browsers load its code only from a web server.',
        'Any static server will do. In the folder of this page run “python3 -m http.server 8080”, then open http://127.0.0.1:8080/.',
      ];
    }
    return [
      'Replicascope could not start: its code did not load.',
      `Reload the page. If that does not help, check your connection, or whether an extension blocks this page. The browser says: ${error}`,
    ];
  }

  // Puts the message where the page would have been, above the still picture.
  function say(what, remedy) {
    const notice = document.createElement('div');
    notice.className = 'notice';
    notice.setAttribute('role', 'alert');
    for (const text of [what, remedy]) {
      const paragraph = document.createElement('p');
      paragraph.textContent = text;
      notice.append(paragraph);
    }
    const app = document.getElementById('app');
    (app.querySelector('main') ?? app).prepend(notice);
  }
})();
