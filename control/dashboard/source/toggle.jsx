// The toggle of a zone: the switch, how far it has come, and the dialog that turns it off.
import { useState } from 'preact/hooks';

import { call, zonePath } from './api.js';
import { ago, time } from './format.js';
import { Dialog, Fault } from './parts.jsx';

// The steps of turning on, and which is under way. `deployment` is told while keys are brought to the nodes.
function stepsOf(state) {
  const { status, parent, deployment } = state;
  const at = status === 'deploying' || status === 'error' ? 0 : status === 'active' ? 4 : parent.state === 'partial' ? 2 : 1;
  const serving = deployment ? ` (${deployment.nodes} of ${deployment.of} nodes serve them)` : '';
  return {
    at,
    steps: [
      { name: 'Deploy', text: `Keys are made and brought to every node${serving}.` },
      { name: 'Publish DS', text: 'Give the DS record below to the parent.' },
      { name: 'Partial', text: parent.servers ? `${parent.with_ds} of ${parent.servers} servers of the parent have it.` : 'Every server of the parent gets it.' },
      { name: 'Active', text: 'Resolvers validate the zone.' },
    ],
  };
}

export function Stepper({ state }) {
  const { at, steps } = stepsOf(state);
  return (
    <ol class="stepper" aria-label="From on to active">
      {steps.map(({ name, text }, number) => (
        <li key={name} class={number < at ? 'done' : number === at ? 'now' : ''} aria-current={number === at ? 'step' : undefined}>
          <b>{name}</b><span>{number < at ? <span class="hidden">done: </span> : null}{text}</span>
        </li>
      ))}
    </ol>
  );
}

function OffDialog({ name, state, onClose, onOff }) {
  const [typed, setTyped] = useState('');
  const right = typed.trim().toLowerCase().replace(/\.$/, '') === name;
  const { parent } = state;
  return (
    <Dialog title={`Turn DNSSEC off for ${name}`} onClose={onClose}>
      <h3>Still at the parent</h3>
      {parent.with_ds > 0 ? (
        <p>{parent.with_ds} of {parent.servers} servers of the parent have the DS record, for up to {parent.ds_ttl || '?'} seconds in caches
          (seen {ago(parent.checked_at)}).</p>
      ) : <p>{parent.state === 'unreachable' ? `Nobody could say whether the DS record is there: ${parent.detail}.` : 'No server of the parent had the DS record when last asked.'}</p>}
      {state.ds.map((ds) => <p key={ds.digest}><code class="block">{`${name}. IN DS ${ds.rdata}`}</code></p>)}
      <h3>Earliest safe time</h3>
      <p>{parent.with_ds > 0
        ? <>The zone stays signed until the DS is gone from every server and {parent.ds_ttl || 86400} seconds have passed: not before <b>{time(Date.now() + (parent.ds_ttl || 86400) * 1000)}</b>, even
          if it is removed now.</>
        : <>The zone stays signed until every server of the parent says that it has no DS, and resolvers have forgotten it. Then signing stops by itself.</>}</p>
      <form method="dialog" onSubmit={(event) => { event.preventDefault(); if (right) onOff(); }}>
        <label>Type <b>{name}</b> to turn DNSSEC off
          <input value={typed} onInput={(event) => setTyped(event.target.value)} autocomplete="off" autocapitalize="off" spellcheck={false} autofocus /></label>
        <p class="buttons"><button class="danger" disabled={!right}>Turn off</button>
          <button type="button" onClick={onClose}>Keep on</button></p>
      </form>
    </Dialog>
  );
}

// While a call is under way the buttons stay enabled for the browser, or they would lose the focus.
export function Toggle({ name, state, etag, onChange }) {
  const [asks, setAsks] = useState(false);
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState(null);
  const act = async (work) => {
    setBusy(true);
    try {
      await work();
      setFault(null);
    } catch (problem) {
      setFault(problem.status === 412 ? new Error('The zone changed meanwhile. Look again, then decide.') : problem);
    }
    setBusy(false);
    onChange();
  };
  const set = (enabled) => {
    setAsks(false);
    act(() => call('PATCH', zonePath(name, '/dnssec'), { body: { enabled }, etag }));
  };
  const check = () => act(() => call('POST', zonePath(name, '/dnssec/check')));
  const watched = ['pending', 'active', 'pending-disabled'].includes(state.status);
  return (
    <div class="toggle">
      <button type="button" role="switch" aria-checked={state.enabled} class="switch" aria-disabled={busy}
        onClick={() => !busy && (state.enabled ? setAsks(true) : set(true))}>
        <span class="knob" aria-hidden="true" /><span>DNSSEC is {state.enabled ? 'on' : 'off'}</span>
      </button>
      {watched && <button type="button" aria-disabled={busy} onClick={() => busy || check()}>Ask the parent now</button>}
      <Fault fault={fault} />
      {asks && <OffDialog name={name} state={state} onClose={() => setAsks(false)} onOff={() => set(false)} />}
    </div>
  );
}
