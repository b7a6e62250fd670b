// What a device signs as ak_bh: SHA-256 of ["agentkeys-call-v1", call, {field number: value}] in deterministic CBOR.
import { b64u, sha256, unb64u, unhex } from './bytes.mjs';
import { encode } from './cbor.mjs';

const text = (value) => value;
const number = (value) => value;
const texts = (value) => value;
const bool = (value) => value;
const bytes = (value) => unhex(value);
const print = (value) => unb64u(value);
const base64 = print;

// Fields of each call that changes policy, in the order of the contract.
const change = [['label', text], ['generation', number]];
const credential = [['service', text], ['path', text]];
const grant = [['scope', texts], ['rate', number], ['valid_until_at', number]];
const fields = {
  'account-suspend': [['recovery_code', bytes], ['recovery_hash', bytes]],
  'account-resume': [['recovery_code', bytes], ['recovery_hash', bytes]],
  'recovery-cancel': [['what', text], ['device', print]],
  'device-remove': [['id', print], ['recovery_code', bytes], ['recovery_hash', bytes]],
  'pair-approve': [['request_id', bytes], ['kind', text], ['label', text], ['device', print], ...grant],
  'pair-refuse': [['request_id', bytes]],
  'pair-invite': [['label', text], ...grant],
  'agent-suspend': change,
  'agent-resume': change,
  'agent-rotate': change,
  'agent-decommission': change,
  'agent-policy': [['label', text], ...grant],
  'credential-put': [...credential, ['enc', print], ['sealed', base64]],
  'credential-delete': credential,
  'credential-rollback': [...credential, ['version', number]],
  'service-define': [['service', text], ['hosts', texts], ['methods', texts], ['path_prefixes', texts], ['inject', text], ['template', text]],
  'epoch-rotate': [],
  link: [['identity_type', text], ['identity_value', text]],
  unlink: [['omni_account', bytes], ['recovery_code', bytes], ['recovery_hash', bytes]],
  'sign-in': [['device_name', text], ['recovery_hash', bytes], ['recovery_code', bytes], ['recover', bool]],
  'epoch-destroy': [['epoch', number]],
  'trust-change': [['from', bytes], ['to', bytes], ['trust', base64]],
  'recovery-code': [['recovery_hash', bytes], ['recovery_code', bytes]],
};

// What a device says of itself to the broker is signed, but is no call of the worker's.
export const changes = Object.keys(fields).filter((name) => !['sign-in', 'link', 'unlink'].includes(name));

export function meaning(call, values) {
  const map = new Map();
  fields[call].forEach(([name, value], at) => {
    if (values[name] !== undefined) map.set(at, value(values[name]));
  });
  return b64u(sha256(encode(['agentkeys-call-v1', call, map])));
}
