// The nodes: what they are, the last hour in charts, and the backends.
import { useRef, useState } from 'preact/hooks';

import { get } from './api.js';
import { Chart } from './chart.jsx';
import { STATUS, ago, count, percent, seconds } from './format.js';
import { Fault, useLoad } from './parts.jsx';

const SAMPLES = 720;

// The last hour, and then what is new.
function useSeries() {
  const [hour, setHour] = useState(null);
  const known = useRef(null);
  const [, fault] = useLoad(async (signal) => {
    const before = known.current;
    const since = before && before.at.length ? before.at[before.at.length - 1] : 0;
    const fresh = await get(`/v1/series?since=${since}`, signal);
    const series = {};
    for (const [name, values] of Object.entries(fresh.series)) series[name] = [...(before ? before.series[name] || [] : []), ...values].slice(-SAMPLES);
    known.current = { at: [...(before ? before.at : []), ...fresh.at].slice(-SAMPLES), series };
    setHour(known.current);
  }, [], 5000);
  return [hour, fault];
}

const CHARTS = [
  ['Queries per second', count, [['queries_udp', 'UDP'], ['queries_tcp', 'TCP'], ['queries_dnssec_ok', 'with DO']]],
  ['Answers per second by RCODE', count, [['rcode_noerror', 'NOERROR'], ['rcode_nxdomain', 'NXDOMAIN'], ['rcode_servfail', 'SERVFAIL'], ['rcode_refused', 'REFUSED']]],
  ['Time to an answer', seconds, [['latency_p50', 'median'], ['latency_p99', '99th percentile']]],
  ['Signatures per second', count, [['signatures', 'signatures'], ['answers_signed', 'signed answers']]],
  ['Ready pairs in store', count, [['ready_pairs', 'pairs']]],
  ['Backends: questions per second', count, [['backend_questions', 'questions'], ['backend_failures', 'failures'], ['queries_waiting', 'waiting now']]],
  ['Backends: round trip', seconds, [['backend_latency_p50', 'median'], ['backend_latency_p99', '99th percentile']]],
];

function Charts({ hour }) {
  const hits = hour.series.cache_hits.map((hit, number) => {
    const all = hit + hour.series.cache_misses[number];
    return all > 0 ? hit / all : null;
  });
  return (
    <div class="charts">
      {CHARTS.map(([title, format, lines]) => (
        <Chart key={title} title={title} at={hour.at} format={format} lines={lines.map(([name, label]) => ({ label, values: hour.series[name] }))} />))}
      <Chart title="Answers from the cache" at={hour.at} format={percent} max={1} lines={[{ label: 'hits', values: hits }]} />
    </div>
  );
}

function Node({ node }) {
  return (
    <section class="card" aria-label={`Node ${node.name}`}>
      <div class="title"><h3>{node.name}</h3><span class={`badge ${node.ready ? 'good' : 'bad'}`}>{node.ready ? 'Answers' : 'Does not answer'}</span>
        {node.hsm && <span class={`badge ${node.hsm.state === 'up' ? 'good' : 'bad'}`}>HSM {node.hsm.state}</span>}</div>
      <dl class="facts">
        <div><dt>Version</dt><dd>{node.version}</dd></div>
        <div><dt>Started</dt><dd>{ago(node.started)}</dd></div>
        <div><dt>Workers</dt><dd>{node.workers}</dd></div>
        <div><dt>Revision</dt><dd>{node.revision}</dd></div>
        <div><dt>Listens at</dt><dd>{node.listening.join(', ')}</dd></div>
        <div><dt>Zones</dt><dd>{count(node.zones)}{Object.entries(node.zones_by_status).filter(([, number]) => number).map(([status, number]) => ` · ${count(number)} ${STATUS[status] ? STATUS[status].text.toLowerCase() : status}`).join('')}</dd></div>
        {node.hsm && node.hsm.last_error && <div><dt>Last fault of the HSM</dt><dd>{node.hsm.last_error}, {ago(node.hsm.last_error_at)}</dd></div>}
      </dl>
    </section>
  );
}

export function NodePage() {
  const [nodes, fault] = useLoad((signal) => get('/v1/nodes', signal), [], 5000);
  const [backends] = useLoad((signal) => get('/v1/backends?limit=1000', signal), [], 5000);
  const [hour, hourFault] = useSeries();
  return (
    <>
      <h2>Nodes</h2>
      <Fault fault={fault || hourFault} />
      {nodes && nodes.nodes.map((node) => <Node key={node.name} node={node} />)}
      <h2>The last hour</h2>
      {hour && hour.at.length > 1 ? <Charts hour={hour} /> : <p class="note">The first figures come within ten seconds.</p>}
      <h2>Backends</h2>
      {backends && (backends.backends.length ? (
        <div class="scroll" tabIndex={0} role="group" aria-label="Backends">
          <table>
            <thead><tr><th>Backend</th><th>State</th><th>Round trip</th><th>Questions</th><th>Timeouts</th><th>Failures</th></tr></thead>
            <tbody>{backends.backends.map((backend) => (
              <tr key={backend.endpoint}><td>{backend.endpoint}</td><td><span class={`badge ${backend.up ? 'good' : 'bad'}`}>{backend.up ? 'Up' : 'Down'}</span></td>
                <td>{seconds(backend.round_trip_seconds)}</td><td>{count(backend.questions)}</td><td>{count(backend.timeouts)}</td><td>{count(backend.failures)}</td></tr>))}
            </tbody>
          </table>
        </div>
      ) : <p class="note">No backend was asked yet.</p>)}
    </>
  );
}
