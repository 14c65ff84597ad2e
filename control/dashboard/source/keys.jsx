// The keys of a zone on a line of time: when each was made, and what it does now.
import { ago, time } from './format.js';
import { Rollovers } from './rollovers.jsx';

const MINUTE = 60000;
const DAY = 1440 * MINUTE;
const ROLE = { ksk: 'key-signing', zsk: 'zone-signing' };

// Dates for the axis: about five, on whole hours or days.
function ticksOf(from, to) {
  const steps = [2 * MINUTE, 15 * MINUTE, 60 * MINUTE, 360 * MINUTE, DAY, 7 * DAY, 30 * DAY, 91 * DAY, 365 * DAY];
  const step = steps.find((size) => (to - from) / size <= 6) || steps[steps.length - 1];
  const ticks = [];
  for (let at = Math.ceil(from / step) * step; at < to; at += step) ticks.push(at);
  return { ticks, hours: step < DAY };
}

// What a rollover is waiting for, on the row of the key that comes: a dashed bar to the earliest time of its next step.
function Ahead({ roll, now, x }) {
  const next = +new Date(roll.not_before);
  return (
    <>
      <rect class="ahead" x={x(now)} y="5" rx="4" height="16" width={Math.max(2, x(next) - x(now))} />
      <path class="next-step" d={`M${x(next)} 4 l9 9 -9 9 -9 -9 z`}><title>{`The next step of the rollover, not before ${time(roll.not_before)}: ${roll.reason}`}</title></path>
    </>
  );
}

export function Keys({ keys, events, rollovers }) {
  if (!keys.length) return null;
  const now = Date.now();
  const first = Math.min(...keys.map((key) => +new Date(key.created)));
  const from = Math.min(first, now - 10 * MINUTE);
  const planned = rollovers.filter((roll) => roll.not_before && +new Date(roll.not_before) > now);
  const to = Math.max(now + (now - from) * 0.08, ...planned.map((roll) => +new Date(roll.not_before) + (now - from) * 0.05));
  const x = (at) => 150 + ((at - from) / (to - from)) * 640;
  const { ticks, hours } = ticksOf(from, to);
  const height = keys.length * 34 + 34;
  const marks = events.filter((event) => +new Date(event.at) > from);
  return (
    <section class="card" aria-labelledby="keys-title">
      <h3 id="keys-title">Keys and rollovers</h3>
      <div class="scroll" tabIndex={0} role="group" aria-label="Timeline of the keys">
        <svg class="timeline" viewBox={`0 0 800 ${height}`} role="img" aria-label="Timeline of the keys; the table below says the same">
          {ticks.map((tick) => (
            <g key={tick} class="tick"><line x1={x(tick)} x2={x(tick)} y1="4" y2={height - 22} />
              <text x={x(tick)} y={height - 6}>{new Date(tick).toLocaleString('en', hours ? { hour: '2-digit', minute: '2-digit', hour12: false } : { month: 'short', day: 'numeric' })}</text></g>
          ))}
          {keys.map((key, row) => (
            <g key={key.key_tag} transform={`translate(0 ${row * 34 + 6})`}>
              <text class="name" x="0" y="17">{key.role.toUpperCase()} {key.key_tag}</text>
              <rect class={key.signing ? 'bar signing' : key.published ? 'bar published' : 'bar retired'} x={x(+new Date(key.created))} y="3" rx="4" height="20"
                width={Math.max(4, x(now) - x(+new Date(key.created)))} />
              {planned.filter((roll) => roll.new_key_tag === key.key_tag).map((roll) => <Ahead key={roll.role} roll={roll} now={now} x={x} />)}
            </g>
          ))}
          {marks.map((event) => <circle key={event.at + event.what} class="mark" cx={x(+new Date(event.at))} cy={height - 24} r="3"><title>{`${event.what}, ${time(event.at)}`}</title></circle>)}
          <line class="now" x1={x(now)} x2={x(now)} y1="0" y2={height - 20} />
        </svg>
      </div>
      <Rollovers rollovers={rollovers} />
      <table>
        <thead><tr><th>Key</th><th>Role</th><th>Does</th><th class="wide">Kept</th><th>Made</th></tr></thead>
        <tbody>{keys.map((key) => (
          <tr key={key.key_tag}><td>{key.key_tag}</td><td>{ROLE[key.role]}</td>
            <td>{key.signing ? 'signs' : key.published ? 'published, does not sign' : 'retired'}</td>
            <td class="wide">{key.home === 'hsm' ? 'in the HSM' : 'sealed to the HSM'}</td>
            <td><span title={time(key.created)}>{ago(key.created)}</span></td></tr>))}
        </tbody>
      </table>
    </section>
  );
}
