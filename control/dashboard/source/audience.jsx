// Who asks a zone: the share of askers that validate, and of queries, while the page is open and since the daemon started.
import { useEffect, useState } from 'preact/hooks';

import { get, zonePath } from './api.js';
import { Chart } from './chart.jsx';
import { ago, count, percent } from './format.js';

const EVERY = 5000;

function Bar({ label, share, text }) {
  return (
    <div class="share"><span>{label}</span>
      <meter min="0" max="1" value={share || 0} aria-label={label}>{percent(share)}</meter><b>{text}</b></div>
  );
}

export function Audience({ name }) {
  const [seen, setSeen] = useState([]);
  useEffect(() => {
    const control = new AbortController();
    const look = async () => {
      try {
        const stats = await get(zonePath(name, '/stats'), control.signal);
        setSeen((before) => [...before.slice(-719), { at: Math.round(Date.now() / 1000), stats }]);
      } catch { /* the rest of the page says what is wrong */ }
    };
    look();
    const timer = setInterval(look, EVERY);
    return () => {
      control.abort();
      clearInterval(timer);
    };
  }, [name]);
  if (!seen.length) return null;
  const { stats } = seen[seen.length - 1];
  const share = (part) => (stats.queries ? part / stats.queries : null);
  const { askers } = stats;
  return (
    <section class="card" aria-labelledby="audience-title">
      <h3 id="audience-title">Who asks</h3>
      {!stats.counted ? <p>This node counts askers for a million zones; this one is beyond.</p> : (
        <>
          <div class="big"><b>{percent(askers.validating_share)}</b> of about {count(askers.estimate)} askers validate
            <span class="note"> since {ago(stats.since)}, ± {percent(askers.standard_error)}</span></div>
          <Bar label="Askers that validate" share={askers.validating_share} text={`${count(askers.validating)} of ${count(askers.estimate)}`} />
          <Bar label="Queries that want signatures (DO)" share={share(stats.dnssec_ok)} text={percent(share(stats.dnssec_ok))} />
          <Chart title="Share over the time this page is open" at={seen.map((look) => look.at)} max={1} format={percent} lines={[
            { label: 'validating askers', values: seen.map((look) => look.stats.askers.validating_share) },
            { label: 'queries with DO', values: seen.map(({ stats: then }, number) => {
              const before = number ? seen[number - 1].stats : { queries: 0, dnssec_ok: 0 };
              return then.queries > before.queries ? (then.dnssec_ok - before.dnssec_ok) / (then.queries - before.queries) : null;
            }) },
          ]} />
          <dl class="facts">
            <div><dt>Queries</dt><dd>{count(stats.queries)}</dd></div>
            <div><dt>for DNSKEY</dt><dd>{count(stats.dnskey_queries)}</dd></div>
            <div><dt>with CD</dt><dd>{count(stats.checking_disabled)}</dd></div>
            <div><dt>key tags (RFC 8145)</dt><dd>{count(stats.key_tag_signals)}</dd></div>
            <div><dt>algorithms named (RFC 6975)</dt><dd>{count(stats.algorithm_signals)}</dd></div>
            <div><dt>of these with P-256</dt><dd>{count(stats.algorithm_13_signals)}</dd></div>
          </dl>
          <p class="note">An asker validates if it asked for DNSKEY or named keys or algorithms. DO alone proves nothing. Before the DS is published hardly
            anybody asks for DNSKEY.</p>
        </>
      )}
    </section>
  );
}
