// From the root to the zone: who vouches for whom, as a picture with a text for those who do not see it.
import { useNarrow } from './parts.jsx';

const WIDTH = 172;
const HEIGHT = 58;
const GAP = 56;

function linksOf(name, state) {
  const parts = name.split('.');
  const parent = parts.slice(1).join('.') || '.';
  const top = parts[parts.length - 1];
  const names = ['. (root)'];
  if (parent !== '.') names.push(top);
  if (parent !== '.' && parent !== top) names.push(parent);
  const { status, parent: seen } = state;
  const signed = !['disabled', 'deploying', 'error'].includes(status);
  const ds = { published: 'good', partial: 'wait', mismatch: 'bad' }[seen.state] || 'off';
  return { names, signed, ds };
}

const DS_TEXT = {
  good: 'vouches for the zone by its DS record',
  wait: 'has the DS record on some of its servers',
  bad: 'has a DS record of another key: validators refuse the zone',
  off: 'has no DS record of the zone',
};

const short = (text) => (text.length > 22 ? `${text.slice(0, 21)}…` : text);

function Box({ name, role, tone }) {
  return (
    <>
      <rect class={`box ${tone}`} x="1" y="1" width={WIDTH - 2} height={HEIGHT - 2} rx="8" />
      <text class="name" x={WIDTH / 2} y="25">{short(name)}</text>
      <text class="role" x={WIDTH / 2} y="45">{role}</text>
    </>
  );
}

// An arrow that leaves a box to the right, or downwards.
function Link({ tone, text, down }) {
  const place = down ? `translate(${WIDTH / 2} ${HEIGHT}) rotate(90)` : `translate(${WIDTH} ${HEIGHT / 2})`;
  return (
    <g class={`link ${tone}`}>
      <g transform={place}><line x1="0" x2={GAP - 7} /><path d={`M${GAP - 9} -6 l8 6 -8 6 z`} /></g>
      <text x={down ? WIDTH / 2 + 24 : WIDTH + GAP / 2 - 3} y={down ? HEIGHT + GAP / 2 + 4 : HEIGHT / 2 - 9}>{text}</text>
    </g>
  );
}

export function ChainOfTrust({ name, state }) {
  const down = useNarrow();
  const { names, signed, ds } = linksOf(name, state);
  const boxes = [...names, name];
  const last = boxes.length - 1;
  const length = (size) => boxes.length * size + last * GAP;
  const [width, height] = down ? [WIDTH + 40, length(HEIGHT)] : [length(WIDTH), HEIGHT];
  const told = `${names[last - 1]} ${DS_TEXT[ds]}; ${name} ${signed ? 'is signed' : 'is not signed'}.`;
  return (
    <section class="card" aria-labelledby="chain-title">
      <h3 id="chain-title">Chain of trust</h3>
      <svg class="chain" viewBox={`0 0 ${width} ${height}`} style={{ maxWidth: `${width}px` }} role="img" aria-label={told}>
        {boxes.map((box, number) => (
          <g key={number} transform={`translate(${down ? 20 : number * (WIDTH + GAP)} ${down ? number * (HEIGHT + GAP) : 0})`}>
            {number < last
              ? <Box name={box} role={number ? 'parent' : 'trust anchor'} tone="given" />
              : <Box name={box} role={signed ? 'signed here' : 'not signed'} tone={signed ? 'good' : 'off'} />}
            {number < last && (number === last - 1 ? <Link tone={ds} text={ds === 'off' ? 'no DS' : 'DS'} down={down} /> : <Link tone="given" text="DS" down={down} />)}
          </g>
        ))}
      </svg>
      <p class="note">{told} {names.length > 1 && 'Whether those above are signed is for their owners; a validator checks each link.'}</p>
    </section>
  );
}
