// The page: token, navigation by the part of the address after #, and the view it names.
import { render } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';

import { call, hasToken, listen, useToken, whenRefused } from './api.js';
import { NodePage } from './node_page.jsx';
import { Fault } from './parts.jsx';
import { ZoneList } from './zone_list.jsx';
import { ZonePage } from './zone_page.jsx';

function Login({ onOpen }) {
  const [fault, setFault] = useState(null);
  const open = async (event) => {
    event.preventDefault();
    useToken(new FormData(event.target).get('token').trim());
    try {
      await call('GET', '/v1/nodes');
      onOpen();
    } catch (problem) {
      setFault(problem);
    }
  };
  return (
    <form class="login card" onSubmit={open}>
      <h2>Open the dashboard</h2>
      <label for="token">Access token</label>
      <input id="token" name="token" type="password" autocomplete="off" required autofocus />
      <p class="note">It is in the file that <code>control.token_file</code> of the configuration names.</p>
      <Fault fault={fault} />
      <button class="main">Open</button>
    </form>
  );
}

const placeOf = () => {
  const [view, ...rest] = location.hash.replace(/^#\/?/, '').split('/');
  return { view: view || 'zones', name: rest.length ? decodeURIComponent(rest.join('/')) : null };
};

function App() {
  const [open, setOpen] = useState(hasToken());
  const [place, setPlace] = useState(placeOf);
  const [news, setNews] = useState({ turn: 0, zone: null });
  const main = useRef();
  useEffect(() => {
    whenRefused(() => setOpen(false));
    const move = () => {
      setPlace(placeOf());
      main.current.focus();
      scrollTo(0, 0);
    };
    addEventListener('hashchange', move);
    return () => removeEventListener('hashchange', move);
  }, []);
  useEffect(() => {
    if (!open) return undefined;
    const control = new AbortController();
    listen((event) => setNews((before) => ({ turn: before.turn + 1, zone: event.zone })), control.signal);
    return () => control.abort();
  }, [open]);

  const zone = place.view === 'zones' ? place.name : null;
  document.title = zone ? `${zone} – Sealwire` : place.view === 'node' ? 'Nodes – Sealwire' : 'Zones – Sealwire';
  const link = (view, text) => (
    <a href={`#/${view}`} aria-current={place.view === view ? 'page' : undefined}>{text}</a>
  );
  return (
    <>
      <a class="skip" href="#main" onClick={(event) => { event.preventDefault(); main.current.focus(); }}>Skip to the content</a>
      <header>
        <h1><a href="#/zones">Sealwire</a></h1>
        {open && <nav aria-label="Views">{link('zones', 'Zones')}{link('node', 'Nodes')}</nav>}
        {open && <button class="quiet" onClick={() => { useToken(null); setOpen(false); }}>Close</button>}
      </header>
      <main id="main" ref={main} tabIndex={-1}>
        {!open ? <Login onOpen={() => setOpen(true)} />
          : place.view === 'node' ? <NodePage />
          : zone ? <ZonePage key={zone} name={zone} news={news} /> : <ZoneList news={news} />}
      </main>
    </>
  );
}

render(<App />, document.getElementById('app'));
