// All zones, a page of the server's at a time: search, status, and one toggle for many.
import { useEffect, useRef, useState } from 'preact/hooks';

import { call, get } from './api.js';
import { STATUS, backendText, count } from './format.js';
import { Dialog, Fault, Status } from './parts.jsx';

const PAGE = 50;

function Bulk({ names, onDone }) {
  const [wish, setWish] = useState(null);
  const [operation, setOperation] = useState(null);
  const [fault, setFault] = useState(null);
  const start = async (enabled) => {
    setWish(null);
    setFault(null);
    try {
      let { value } = await call('POST', '/v1/batch', { body: { names, enabled } });
      setOperation(value);
      for (let turn = 0; value.status === 'running' && turn < 100; ++turn) {
        await new Promise((resolve) => setTimeout(resolve, 600));
        value = await get(`/v1/operations/${value.id}`);
        setOperation(value);
        // Turning off waits for every parent: that is for the list to show, not for this line.
        if (!enabled && turn > 2) break;
      }
      onDone();
    } catch (problem) {
      setFault(problem);
    }
  };
  return (
    <div class="bulk" role="group" aria-label="What to do with the chosen zones">
      <span>{names.length} chosen</span>
      <button type="button" disabled={!names.length} onClick={() => start(true)}>Turn DNSSEC on</button>
      <button type="button" disabled={!names.length} onClick={() => setWish(false)}>Turn DNSSEC off…</button>
      <span role="status">
        {operation && `${count(operation.done)} of ${count(operation.total)} done${operation.waiting ? `, ${count(operation.waiting)} under way` : ''}${operation.failed ? `, ${count(operation.failed)} failed` : ''}`}
      </span>
      <Fault fault={fault} />
      {wish === false && (
        <Dialog title={`Turn DNSSEC off for ${names.length} ${names.length === 1 ? 'zone' : 'zones'}`} onClose={() => setWish(null)}>
          <form method="dialog" onSubmit={(event) => { event.preventDefault(); start(false); }}>
            <p>Each stays signed until its parent has lost the DS record and resolvers have forgotten it.</p>
            <label>Type the number of zones
              <input required pattern={String(names.length)} inputMode="numeric" autocomplete="off" autofocus /></label>
            <p class="buttons"><button class="danger">Turn off</button>
              <button type="button" onClick={() => setWish(null)}>Keep on</button></p>
          </form>
        </Dialog>
      )}
    </div>
  );
}

export function ZoneList({ news }) {
  const [search, setSearch] = useState('');
  const [status, setStatus] = useState('');
  const [cursors, setCursors] = useState([null]); // of the pages seen; the last is shown
  const [page, setPage] = useState(null);
  const [fault, setFault] = useState(null);
  const [chosen, setChosen] = useState(new Set());
  const [turn, setTurn] = useState(0);
  const all = useRef();

  const cursor = cursors[cursors.length - 1];
  useEffect(() => {
    const control = new AbortController();
    const timer = setTimeout(async () => {
      const query = new URLSearchParams({ limit: PAGE });
      if (search.trim()) query.set('q', search.trim().replace(/\.$/, ''));
      if (status) query.set('status', status);
      if (cursor) query.set('cursor', cursor);
      try {
        setPage(await get(`/v1/zones?${query}`, control.signal));
        setFault(null);
      } catch (problem) {
        if (!control.signal.aborted) setFault(problem);
      }
    }, page ? 150 : 0);
    return () => {
      clearTimeout(timer);
      control.abort();
    };
  }, [search, status, cursor, news.turn, turn]);

  const zones = page ? page.zones : [];
  const onPage = zones.filter((zone) => chosen.has(zone.name)).length;
  useEffect(() => {
    if (all.current) all.current.indeterminate = onPage > 0 && onPage < zones.length;
  });
  const choose = (names, on) => setChosen((before) => {
    const after = new Set(before);
    for (const name of names) on ? after.add(name) : after.delete(name);
    return after;
  });
  const filter = (set) => (event) => {
    set(event.target.value);
    setCursors([null]);
  };

  return (
    <>
      <div class="title"><h2>Zones</h2>{page && <span class="note">{count(page.total)} on this node</span>}</div>
      <form class="filters" role="search" onSubmit={(event) => event.preventDefault()}>
        <label>Find a zone<input id="search" type="search" placeholder="example.com" value={search} onInput={filter(setSearch)} /></label>
        <label>Status<select value={status} onChange={filter(setStatus)}>
          <option value="">All</option>
          {Object.entries(STATUS).map(([code, { text }]) => <option key={code} value={code}>{text}</option>)}
        </select></label>
      </form>
      <Fault fault={fault} />
      {page && !zones.length && (
        <div class="card empty">{search || status ? 'No zone is like that.'
          : <>There is no zone yet. <code>sealctl zone add example.com --forward 192.0.2.1:53</code> makes one.</>}</div>
      )}
      {zones.length > 0 && (
        <>
          <Bulk names={[...chosen]} onDone={() => setTurn((number) => number + 1)} />
          <table class="zones">
            <thead><tr>
              <th class="pick"><input ref={all} type="checkbox" aria-label="Choose all zones of this page" checked={onPage === zones.length}
                onChange={(event) => choose(zones.map((zone) => zone.name), event.target.checked)} /></th>
              <th>Zone</th><th>DNSSEC</th><th class="wide">Backend</th>
            </tr></thead>
            <tbody>{zones.map((zone) => (
              <tr key={zone.name}>
                <td class="pick"><input type="checkbox" aria-label={`Choose ${zone.name}`} checked={chosen.has(zone.name)}
                  onChange={(event) => choose([zone.name], event.target.checked)} /></td>
                <td><a href={`#/zones/${encodeURIComponent(zone.name)}`}>{zone.name}</a>
                  {zone.problem && <span class="problem">{zone.problem}</span>}</td>
                <td><Status status={zone.dnssec.status} /></td>
                <td class="wide note">{backendText(zone.backend)}</td>
              </tr>))}
            </tbody>
          </table>
        </>
      )}
      <nav class="pages" aria-label="Pages">
        {cursors.length > 1 && <button type="button" onClick={() => setCursors(cursors.slice(0, -1))}>Back</button>}
        {page && page.next_cursor && <button type="button" onClick={() => setCursors([...cursors, page.next_cursor])}>More zones</button>}
      </nav>
    </>
  );
}
