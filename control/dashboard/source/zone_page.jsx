// One zone: its toggle and what belongs to it.
import { useEffect, useState } from 'preact/hooks';

import { call, get, zonePath } from './api.js';
import { Audience } from './audience.jsx';
import { ChainOfTrust } from './chain_of_trust.jsx';
import { DsRecord } from './ds_record.jsx';
import { ago, backendText, time } from './format.js';
import { History } from './history.jsx';
import { Keys } from './keys.jsx';
import { Fault, Status, useLoad } from './parts.jsx';
import { Stepper, Toggle } from './toggle.jsx';

const EVERY = 3000;

function Parent({ parent }) {
  const words = { published: 'has our DS record', partial: 'has our DS record on some servers', missing: 'has no DS record of this zone', mismatch: 'has a DS record of another key', unreachable: 'could not be asked', unknown: 'was not asked yet' };
  return (
    <p class="note">The parent {words[parent.state] || parent.state}{parent.servers ? `: ${parent.with_ds} of ${parent.servers} servers` : ''}; last asked {ago(parent.checked_at)}.
      {parent.detail && parent.state !== 'unreachable' && ` ${parent.detail}`}</p>
  );
}

export function ZonePage({ name, news }) {
  const [changes, setChanges] = useState(0);
  const mine = news.zone === name ? news.turn : 0;
  const [zone, zoneFault] = useLoad((signal) => get(zonePath(name), signal), [name, mine, changes]);
  const [dnssec, fault] = useLoad((signal) => call('GET', zonePath(name, '/dnssec'), { signal }), [name, mine, changes], EVERY);
  const [keys] = useLoad((signal) => get(zonePath(name, '/keys'), signal), [name, mine, changes]);
  const [history] = useLoad((signal) => get(zonePath(name, '/history?limit=200'), signal), [name, mine, changes]);
  // A step that was taken is worth a new look at keys and history.
  const status = dnssec && dnssec.value.status;
  const steps = dnssec && dnssec.value.rollovers.map((roll) => `${roll.new_key_tag} ${roll.step} ${roll.cancelled}`).join();
  useEffect(() => setChanges((number) => number + 1), [status, steps]);
  if (!dnssec || !zone) return <><p><a href="#/zones">All zones</a></p><Fault fault={fault || zoneFault} /></>;
  const state = dnssec.value;
  const turnedOn = state.enabled && status !== 'error';
  return (
    <>
      <p class="back"><a href="#/zones">All zones</a></p>
      <div class="title"><h2>{name}</h2><Status status={status} /></div>
      <p class="note">{backendText(zone.backend)} · policy {zone.policy} · since {time(state.since || zone.created)}</p>
      <Fault fault={fault} />
      {zone.problem && <p class="fault" role="alert">{zone.problem}</p>}
      <section class="card" aria-labelledby="toggle-title">
        <h3 id="toggle-title" class="hidden">The toggle</h3>
        <Toggle name={name} state={state} etag={dnssec.etag} onChange={() => setChanges((number) => number + 1)} />
        {turnedOn && <Stepper state={state} />}
        <div aria-live="polite">
          <p class="next"><b>{state.next_step.code === 'none' ? 'Nothing to do' : 'Next'}</b> {state.next_step.code !== 'none' || status === 'disabled' ? state.next_step.text : ''}
            {state.next_step.not_before && <> Not before <b>{time(state.next_step.not_before)}</b>.</>}</p>
          {status !== 'disabled' && status !== 'deploying' && <Parent parent={state.parent} />}
        </div>
      </section>
      {state.ds.length > 0 && <DsRecord name={name} state={state} />}
      <ChainOfTrust name={name} state={state} />
      <Audience name={name} />
      {keys && <Keys keys={keys.keys} events={history ? history.history : []} rollovers={state.rollovers} />}
      <History name={name} turn={`${mine} ${changes}`} />
    </>
  );
}
