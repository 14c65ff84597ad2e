// Numbers, times and words as people read them.

export function count(number) {
  if (number === null || number === undefined) return '–';
  if (number < 10000) return number.toLocaleString('en');
  return Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 }).format(number);
}

export const percent = (share) => (share === null ? '–' : `${(share * 100).toFixed(share < 0.1 ? 1 : 0)} %`);

export function seconds(value) {
  if (value === null || value === undefined) return '–';
  if (value < 1e-6) return `${(value * 1e9).toFixed(0)} ns`;
  if (value < 1e-3) return `${(value * 1e6).toFixed(value < 1e-5 ? 1 : 0)} µs`;
  return value < 1 ? `${(value * 1e3).toFixed(value < 1e-2 ? 1 : 0)} ms` : `${value.toFixed(1)} s`;
}

export const time = (text) => (text ? new Date(text).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' }) : '–');

export function ago(text) {
  if (!text) return 'never';
  const passed = Math.round((Date.now() - new Date(text)) / 1000);
  for (const [unit, size] of [['day', 86400], ['hour', 3600], ['minute', 60]]) {
    if (Math.abs(passed) >= size) return new Intl.RelativeTimeFormat('en', { numeric: 'always' }).format(-Math.round(passed / size), unit);
  }
  return passed < 0 ? 'in a moment' : 'just now';
}

export const STATUS = {
  disabled: { text: 'Off', tone: 'off' },
  deploying: { text: 'Deploying', tone: 'wait' },
  pending: { text: 'Waiting for the parent', tone: 'wait' },
  active: { text: 'Active', tone: 'good' },
  'pending-disabled': { text: 'Turning off', tone: 'wait' },
  error: { text: 'Error', tone: 'bad' },
};

export function backendText(backend) {
  if (backend.file) return backend.file;
  if (backend.transfer) return `transfer from ${[].concat(backend.transfer).join(', ')}`;
  return (backend.forward || []).join(', ');
}
