// Calls to /v1, and the stream of events. Everything that the page shows and does goes through here.

const KEY = 'sealwire-token';
let token = sessionStorage.getItem(KEY);
let onRefused = () => {};

export class Fault extends Error {
  constructor(status, problem) {
    super(problem.detail || problem.title || `the server answered ${status}`);
    this.status = status;
  }
}

export const hasToken = () => token !== null;
export function useToken(text) {
  token = text;
  if (text === null) sessionStorage.removeItem(KEY);
  else sessionStorage.setItem(KEY, text);
}
// `listener` is told when the token is refused.
export function whenRefused(listener) {
  onRefused = listener;
}

const headersOf = (more) => ({ Authorization: `Bearer ${token}`, ...more });

// The body of the answer, and its ETag. Throws a Fault.
export async function call(method, path, { body, etag, signal } = {}) {
  const headers = headersOf({
    ...(body !== undefined && { 'Content-Type': 'application/json' }),
    ...(etag && { 'If-Match': etag }),
  });
  const answer = await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body), signal });
  if (answer.ok) return { value: answer.status === 204 ? null : await answer.json(), etag: answer.headers.get('ETag') };
  const problem = await answer.json().catch(() => ({}));
  if (answer.status === 401) {
    useToken(null);
    onRefused();
  }
  throw new Fault(answer.status, problem);
}

export const get = async (path, signal) => (await call('GET', path, { signal })).value;
export const zonePath = (name, rest = '') => `/v1/zones/${encodeURIComponent(name)}${rest}`;

// Tells `listener` of every change of a zone until `signal` aborts. An EventSource cannot send the token, so the stream is
// read by hand; a stream that ends is opened again.
export async function listen(listener, signal) {
  for (let wait = 1000; !signal.aborted; wait = Math.min(wait * 2, 30000)) {
    try {
      const answer = await fetch('/v1/events', { headers: headersOf(), signal });
      if (!answer.ok) throw new Fault(answer.status, {});
      wait = 1000;
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      let rest = '';
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        const events = (rest + value).split('\n\n');
        rest = events.pop();
        for (const event of events) {
          const data = event.split('\n').find((line) => line.startsWith('data: '));
          if (data) listener(JSON.parse(data.slice(6)));
        }
      }
    } catch (fault) {
      if (signal.aborted || fault.status === 401) return;
    }
    await new Promise((resolve) => setTimeout(resolve, wait));
  }
}
