// Small parts that every view uses.
import { useEffect, useRef, useState } from 'preact/hooks';

import { STATUS } from './format.js';

export function Status({ status }) {
  const { text, tone } = STATUS[status] || { text: status, tone: 'off' };
  return <span class={`badge ${tone}`}>{text}</span>;
}

export function Fault({ fault }) {
  return fault ? <p class="fault" role="alert">{fault.message}</p> : null;
}

// Text with a button that copies it. Browsers give the clipboard to HTTPS and loopback only; elsewhere the text is marked, to
// be copied by hand.
export function Copy({ label, text }) {
  const [done, setDone] = useState('');
  const code = useRef();
  useEffect(() => {
    if (!done) return undefined;
    const timer = setTimeout(() => setDone(''), 2500);
    return () => clearTimeout(timer);
  }, [done]);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setDone('Copied');
    } catch {
      getSelection().selectAllChildren(code.current);
      setDone('Marked');
    }
  };
  return (
    <div class="copy">
      <code ref={code} tabIndex={0} role="group" aria-label={label}>{text}</code>
      <button type="button" aria-label={`Copy ${label}`} onClick={copy}>{done || 'Copy'}</button>
      <span class="hidden" role="status">{done && `${label}: ${done.toLowerCase()}`}</span>
    </div>
  );
}

// A dialog of the browser's own: it keeps the focus and closes with Escape.
export function Dialog({ title, onClose, children }) {
  const box = useRef();
  useEffect(() => {
    box.current.showModal();
  }, []);
  return (
    <dialog ref={box} aria-labelledby="dialog-title" onClose={onClose}>
      <h2 id="dialog-title">{title}</h2>
      {children}
    </dialog>
  );
}

// Calls `load(signal)` now, whenever `keys` change, and every `every` milliseconds; gives [value, fault, again].
export function useLoad(load, keys, every = 0) {
  const [state, setState] = useState({ value: null, fault: null });
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    const control = new AbortController();
    let timer = 0;
    const run = async () => {
      try {
        const value = await load(control.signal);
        if (!control.signal.aborted) setState({ value, fault: null });
      } catch (fault) {
        if (!control.signal.aborted) setState((before) => ({ value: before.value, fault }));
      }
      if (every && !control.signal.aborted) timer = setTimeout(run, every);
    };
    run();
    return () => {
      control.abort();
      clearTimeout(timer);
    };
  }, [...keys, turn]);
  return [state.value, state.fault, () => setTurn((number) => number + 1)];
}

function useMedia(query) {
  const [matches, setMatches] = useState(() => matchMedia(query).matches);
  useEffect(() => {
    const list = matchMedia(query);
    const change = () => setMatches(list.matches);
    list.addEventListener('change', change);
    return () => list.removeEventListener('change', change);
  }, [query]);
  return matches;
}
export const useDark = () => useMedia('(prefers-color-scheme: dark)');
export const useNarrow = () => useMedia('(max-width: 40rem)');
