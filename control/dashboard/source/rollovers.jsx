// The rollovers of a zone: the steps of each, where it stands, why, and when the next may come.
import { ago, time } from './format.js';

// The steps in their order, by method (control/rollover.h).
const STEPS = {
  'pre-publish': [['introduced', 'New key published'], ['switched', 'New key signs'], ['withdrawn', 'Old key withdrawn']],
  'double-ksk': [['introduced', 'New key published'], ['submitted', 'Parent asked for the new DS'], ['withdrawn', 'Old key withdrawn']],
  'double-ds': [['submitted', 'Parent asked for the new DS'], ['switched', 'New key takes over'], ['replaced', 'Parent asked to drop the old DS'], ['withdrawn', 'Old key withdrawn']],
};
const ROLE = { ksk: 'key-signing key', zsk: 'zone-signing key', all: 'all keys' };
const CAUSE = { asked: 'asked for', emergency: 'an emergency', scheduled: 'its time has come' };

function Rollover({ roll }) {
  const steps = STEPS[roll.method] || [[roll.step, roll.step]];
  const here = steps.findIndex(([step]) => step === roll.step);
  return (
    <li class="rollover">
      <p><b>{ROLE[roll.role]} {roll.old_key_tag} → {roll.new_key_tag}</b>{roll.cancelled && ', taken back'}
        <span class="note"> {roll.method}, {CAUSE[roll.cause] || roll.cause}, begun {ago(roll.started)}</span></p>
      <ol class="stepper">
        {steps.map(([step, text], number) => (
          <li key={step} class={number < here ? 'done' : number === here ? 'now' : ''} aria-current={number === here ? 'step' : undefined}>
            <b>{text}</b>{number === here && <>since {time(roll.step_at)}</>}
            {number === here + 1 && roll.not_before && <>not before {time(roll.not_before)}</>}
          </li>
        ))}
      </ol>
      <p class="note">{roll.reason}</p>
    </li>
  );
}

export function Rollovers({ rollovers }) {
  if (!rollovers.length) return null;
  return <ul class="rollovers" aria-label="Rollovers">{rollovers.map((roll) => <Rollover key={roll.role} roll={roll} />)}</ul>;
}
