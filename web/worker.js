// Makes runs away from the page, on the page's own code: the script that Trunk built, and its WebAssembly as the
// page has compiled it. Each message asks for one run to its end, and is answered by what that gave, in the same
// order; by `null` where something went wrong.
let core;

addEventListener('message', async ({ data: { js, module, document, seed } }) => {
  core ??= load(js, module);
  try {
    postMessage((await core).trial(document, seed));
  } catch (error) {
    console.warn(error);
    postMessage(null);
  }
});

async function load(js, module) {
  const page = await import(new URL(js, location.href));
  page.initSync({ module });
  return page;
}
