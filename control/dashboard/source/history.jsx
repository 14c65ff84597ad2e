// The audit trail of a zone: who did what, when, and why; a page at a time.
import { useEffect, useState } from 'preact/hooks';

import { get, zonePath } from './api.js';
import { ago, time } from './format.js';
import { Fault } from './parts.jsx';

export function History({ name, turn }) {
  const [rows, setRows] = useState([]);
  const [next, setNext] = useState(null);
  const [fault, setFault] = useState(null);
  const load = async (cursor) => {
    try {
      const page = await get(zonePath(name, `/history?limit=15${cursor ? `&cursor=${cursor}` : ''}`));
      setRows((before) => (cursor ? [...before, ...page.history] : page.history));
      setNext(page.next_cursor);
      setFault(null);
    } catch (problem) {
      setFault(problem);
    }
  };
  useEffect(() => { load(null); }, [name, turn]);
  return (
    <section class="card" aria-labelledby="history-title">
      <h3 id="history-title">History</h3>
      <Fault fault={fault} />
      <table>
        <thead><tr><th>When</th><th>What</th><th>Who</th><th class="wide">Why</th></tr></thead>
        <tbody>{rows.map((row, number) => (
          <tr key={number}><td><span title={time(row.at)}>{ago(row.at)}</span></td><td>{row.what}</td><td>{row.who}</td><td class="wide note">{row.detail}</td></tr>))}
        </tbody>
      </table>
      {next && <button type="button" onClick={() => load(next)}>Earlier</button>}
    </section>
  );
}
