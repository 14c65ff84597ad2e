// A chart of series over time, drawn by uPlot in the colours of the page, with its last values as text.
import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';

import { useDark } from './parts.jsx';

const SHORTEST = 60; // seconds that a chart spans at least

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function clock(plot, ticks) {
  const { min, max } = plot.scales.x;
  const parts = { hour: '2-digit', minute: '2-digit', hour12: false, ...(max - min < 600 && { second: '2-digit' }) };
  return ticks.map((tick) => new Date(tick * 1000).toLocaleTimeString('en', parts));
}

// `lines`: [{label, values}], each as long as `at`; `format` writes a value.
export function Chart({ title, at, lines, format, max }) {
  const place = useRef();
  const plot = useRef();
  const dark = useDark();
  // One point alone has no width on an axis of time.
  const alone = at.length === 1;
  const data = [alone ? [at[0] - SHORTEST, at[0]] : at, ...lines.map(({ values }) => (alone ? [null, values[0]] : values))];
  useEffect(() => {
    const box = place.current;
    const ink = colour('--text-2');
    const axis = { stroke: ink, font: '11px system-ui', grid: { stroke: colour('--line'), width: 1 }, ticks: { show: false } };
    plot.current = new uPlot({
      width: box.clientWidth, height: 170,
      cursor: { y: false, points: { size: 5 } },
      legend: { show: false },
      scales: { x: { range: (_, low, high) => [Math.min(low, high - SHORTEST), high] }, y: { range: (_, low, high) => [0, max || (high > 0 ? high * 1.1 : 1)] } },
      axes: [{ ...axis, size: 26, space: 75, values: clock }, { ...axis, size: 58, values: (_, ticks) => ticks.map(format) }],
      series: [{}, ...lines.map((line, number) => ({ label: line.label, stroke: colour(`--line-${number + 1}`), width: 1.5, points: { show: false }, spanGaps: true }))],
    }, data, box);
    const observer = new ResizeObserver(() => plot.current.setSize({ width: box.clientWidth, height: 170 }));
    observer.observe(box);
    return () => {
      observer.disconnect();
      plot.current.destroy();
    };
  }, [dark, lines.length]);
  useEffect(() => plot.current.setData(data));
  const last = (values) => values.findLast((value) => value !== null);
  return (
    <figure class="chart">
      <figcaption>{title}</figcaption>
      <div ref={place} aria-hidden="true" />
      <ul class="legend">{lines.map((line, number) => (
        <li key={line.label}><span class={`swatch line-${number + 1}`} aria-hidden="true" />{line.label} <b>{format(last(line.values) ?? null)}</b></li>))}
      </ul>
    </figure>
  );
}
