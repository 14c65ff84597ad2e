// The dashboard: everything it shows and does goes through /v1.
'use strict';
const $ = (id) => document.getElementById(id);
const make = (tag, properties = {}, ...children) => {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
};
let token = sessionStorage.getItem('sealwire-token');
let shown = null;
let next = null;
let lists = 0;
let drawn = '';

async function call(method, path, body) {
  const answer = await fetch(path, {
    method,
    headers: { Authorization: `Bearer ${token}`, ...(body ? { 'Content-Type': 'application/json' } : {}) },
    body: body ? JSON.stringify(body) : undefined,
  });
  const value = answer.status === 204 ? null : await answer.json();
  if (answer.ok) return value;
  if (answer.status === 401) askForToken();
  throw new Error(value.detail || value.title);
}

function tell(fault) {
  $('fault').textContent = fault ? fault.message : '';
  $('fault').hidden = !fault;
}

function askForToken() {
  token = null;
  sessionStorage.removeItem('sealwire-token');
  $('login').hidden = false;
  $('zones').hidden = $('detail').hidden = true;
  drawn = '';
}

const backendOf = (backend) => backend.file || backend.forward.join(', ');
const statusOf = (status) => make('span', { className: status }, status);

function row(zone) {
  const open = make('button', { type: 'button', ariaLabel: `Show ${zone.name}` }, 'Show');
  open.onclick = () => show(zone.name).catch(tell);
  return make('tr', {}, make('td', {}, zone.name), make('td', {}, backendOf(zone.backend)),
    make('td', {}, zone.dnssec.enabled ? 'on' : 'off'), make('td', {}, statusOf(zone.dnssec.status)), make('td', {}, open));
}

async function list(cursor) {
  const query = new URLSearchParams({ limit: '50' });
  if ($('search').value) query.set('q', $('search').value);
  if (cursor) query.set('cursor', cursor);
  // A slow answer to an earlier search must not replace a later one.
  const mine = ++lists;
  const page = await call('GET', `/v1/zones?${query}`);
  if (mine !== lists) return;
  if (!cursor) $('rows').replaceChildren();
  $('rows').append(...page.zones.map(row));
  next = page.next_cursor;
  $('more').hidden = !next;
}

function copyable(label, text) {
  const copy = make('button', { type: 'button', ariaLabel: `Copy ${label}` }, 'Copy');
  const shownText = make('code', {}, text);
  // Browsers give the clipboard to HTTPS and loopback only; elsewhere the text is marked, to be copied by hand.
  const mark = () => { getSelection().selectAllChildren(shownText); copy.textContent = 'Marked'; };
  copy.onclick = () => {
    if (!navigator.clipboard) return mark();
    return navigator.clipboard.writeText(text).then(() => { copy.textContent = 'Copied'; }, mark);
  };
  return make('tr', {}, make('th', { scope: 'row' }, label), make('td', {}, shownText), make('td', {}, copy));
}

const STEPS = [['deploying', 'Bring the keys to every worker'], ['pending', 'Publish the DS record at the parent'], ['active', 'Validated']];

function toggle(name, state) {
  const on = state.enabled;
  const button = make('button', { type: 'submit' }, on ? 'Turn DNSSEC off' : state.status === 'pending-disabled' ? 'Keep DNSSEC on' : 'Turn DNSSEC on');
  const confirm = make('input', { ariaLabel: `Type ${name} to turn DNSSEC off`, placeholder: name, required: on, hidden: !on });
  const form = make('form', {}, ...(on ? [make('p', {}, 'Off goes on signing until the parent has lost the DS record. Type the name of the zone to turn it off.')] : []),
    confirm, ' ', button);
  form.onsubmit = (event) => {
    event.preventDefault();
    if (on && confirm.value.replace(/\.$/, '') !== name) return tell(new Error(`type ${name} to turn DNSSEC off`));
    call('PATCH', `/v1/zones/${encodeURIComponent(name)}/dnssec`, { enabled: !on })
      .then(() => Promise.all([show(name), list()])).then(() => tell(null)).catch(tell);
  };
  return form;
}

// What is being typed and what has the focus survive new content.
function redraw(parts) {
  const labelOf = (element) => element.ariaLabel || element.textContent;
  const before = $('detail').contains(document.activeElement) ? labelOf(document.activeElement) : null;
  const typed = new Map([...$('detail').querySelectorAll('input')].map((input) => [input.ariaLabel, input.value]));
  $('detail').replaceChildren(...parts);
  for (const element of $('detail').querySelectorAll('input, button')) {
    if (typed.has(element.ariaLabel)) element.value = typed.get(element.ariaLabel);
    if (before && labelOf(element) === before) element.focus();
  }
}

async function show(name) {
  const state = await call('GET', `/v1/zones/${encodeURIComponent(name)}/dnssec`);
  shown = name;
  // Nothing new: the page stays as it is.
  const seen = JSON.stringify([name, state]);
  if (seen === drawn) return;
  drawn = seen;
  const parts = [make('h2', {}, name), make('p', {}, `Wanted ${state.enabled ? 'on' : 'off'}, observed `, statusOf(state.status))];
  if (state.enabled) {
    parts.push(make('ol', {}, ...STEPS.map(([status, text]) => {
      const item = make('li', {}, text);
      if (status === state.status) item.setAttribute('aria-current', 'step');
      return item;
    })));
  }
  if (state.next_step) parts.push(make('p', {}, state.next_step.text));
  for (const ds of state.ds) {
    const fields = [['DS record', `${name}. IN DS ${ds.rdata}`], ['Key tag', String(ds.key_tag)], ['Algorithm', String(ds.algorithm)],
      ['Digest type', String(ds.digest_type)], ['Digest', ds.digest]];
    parts.push(make('table', {}, make('tbody', {}, ...fields.map(([label, text]) => copyable(label, text)))));
  }
  parts.push(toggle(name, state));
  redraw(parts);
  $('detail').hidden = false;
}

async function refresh() {
  const { nodes } = await call('GET', '/v1/nodes');
  $('node').textContent = nodes.map((node) => `${node.name}, version ${node.version}`).join('; ');
  await list();
  if (shown) await show(shown);
  $('login').hidden = true;
  $('zones').hidden = false;
}

$('login').onsubmit = (event) => {
  event.preventDefault();
  token = $('token').value.trim();
  refresh().then(() => { sessionStorage.setItem('sealwire-token', token); tell(null); }).catch(tell);
};
$('search').oninput = () => list().catch(tell);
$('more').onclick = () => list(next).catch(tell);
setInterval(() => { if (token && shown) show(shown).catch(tell); }, 3000);
if (token) refresh().catch(tell); else askForToken();
