// What to give to the parent: the DS record, whole and field by field, and what happens by itself.
import { Copy } from './parts.jsx';

const ALGORITHMS = { 13: 'ECDSA P-256 with SHA-256' };
const DIGESTS = { 2: 'SHA-256', 4: 'SHA-384' };

function Field({ label, text, note, whole }) {
  return <div class={whole ? 'field whole' : 'field'}><dt>{label}{note && <span class="note"> {note}</span>}</dt><dd><Copy label={label} text={text} /></dd></div>;
}

export function DsRecord({ name, state }) {
  return (
    <section class="card" aria-labelledby="ds-title">
      <h3 id="ds-title">DS record for the parent</h3>
      {state.ds.map((ds) => (
        <dl class="ds" key={ds.digest}>
          <Field whole label="DS record" text={`${name}. IN DS ${ds.rdata}`} />
          <Field label="Key tag" text={String(ds.key_tag)} />
          <Field label="Algorithm" text={String(ds.algorithm)} note={ALGORITHMS[ds.algorithm]} />
          <Field label="Digest type" text={String(ds.digest_type)} note={DIGESTS[ds.digest_type]} />
          <Field whole label="Digest" text={ds.digest} />
        </dl>
      ))}
      {state.dnskey.filter((key) => key.startsWith('257 ')).map((key) => (
        <details key={key}><summary>Some registrars ask for the DNSKEY instead</summary>
          <Copy label="DNSKEY record" text={`${name}. IN DNSKEY ${key}`} /></details>
      ))}
      <details>
        <summary>What the registry may do by itself</summary>
        <p>The zone publishes CDS and CDNSKEY records with this key (RFC 7344). A registry that looks for them takes up later changes of the key
          without you; with a DS there already, it needs no first step.</p>
        <p>For the first DS some registries take CDS records that are also signed below the names of the zone's name servers (RFC 9615). Others
          take them after seeing them unchanged for some days (RFC 8078). If yours does neither, copy the record above into its form.</p>
      </details>
    </section>
  );
}
