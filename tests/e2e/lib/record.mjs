// A stranger's recomputation of what `scripts/demo --json` wrote, with nothing of ours running: checkpoint and proofs, the entry of
// each answer, who asked for what, signatures, and the account's policy folded from its entries.
import { createPublicKey, verify } from 'node:crypto';
import { SiweMessage } from 'siwe';
import { recoverMessageAddress } from 'viem';
import { b64u, hex, sha256, unb64u, unhex } from './bytes.mjs';
import { callNames, callOf } from './client.mjs';
import { checkChain, checkNote, consistent, inclusionRoot, leafHash, readEntry } from './ledger.mjs';
import { changes, meaning } from './meaning.mjs';

const must = (good, what) => { if (!good) throw new Error(what); };
const jwsPart = (text) => JSON.parse(unb64u(text).toString());

// The calls of the contract as patterns of method and path.
const patterns = callNames.map((name) => {
  const { method, path } = callOf(name);
  const pattern = path.replace('{signer}', '/(?:tee|dev)').replace(/\{(\w+)\}/g, '(?<$1>[^/]+)');
  return { name, method, pattern: new RegExp(`^${pattern}$`) };
}).sort((a, b) => a.pattern.source.length - b.pattern.source.length);

export function whichCall({ method, path, request }) {
  const url = new URL(path, 'http://worker');
  for (const one of patterns) {
    const found = one.method === method && one.pattern.exec(decodeURIComponent(url.pathname));
    if (found) return { name: one.name, values: { ...request, ...Object.fromEntries(url.searchParams), ...found.groups } };
  }
  throw new Error(`${method} ${path} is no call of the contract`);
}

function readLedger(record) {
  const [header, ...lines] = record.ledger;
  const at = checkNote(record.checkpoint, record.ledger_key);
  must(header.checkpoint === record.checkpoint && header.ledger_key === record.ledger_key, 'the export is of another checkpoint');
  must(lines.pop()?.end === true, 'the export is cut');
  const entries = lines.map((line) => {
    const bytes = unhex(line.entry);
    const leaf = leafHash(bytes);
    must(inclusionRoot(leaf, line.index, at.size, line.proof.map(unhex)).equals(at.root), `entry ${line.index} is not in the log`);
    return { index: line.index, leaf, ...readEntry(bytes) };
  });
  must(entries.every((one) => one.anchor === header.anchor), 'an entry of another account');
  checkChain(entries);
  return { at, entries };
}

// The account's name is its first identity's (keys.md): it is in no call and no entry in clear.
function checkName(record, entries) {
  const at = record.identity.indexOf(':');
  const [type, value] = [record.identity.slice(0, at), record.identity.slice(at + 1)];
  const omni = sha256('agentkeys', type, value);
  const opened = entries.find((one) => one.type === 'AccountOpened');
  must(hex(omni) === record.ledger[0].anchor && omni.equals(opened.map.get(16)) && opened.map.get(30) === type, 'the account is of another identity');
}

// A checkpoint that was shown on the way is a beginning of the last one.
function checkConsistency(record, at) {
  let count = 0;
  const shown = record.calls.map((one) => one.answer?.checkpoint).filter(Boolean).map((note) => checkNote(note, record.ledger_key));
  for (const { path, answer, status } of record.calls) {
    if (status !== 200 || !path.includes('/proof/consistency')) continue;
    const from = shown.find((one) => one.size === answer.from);
    const to = [at, ...shown].find((one) => one.size === answer.to);
    must(from && to && consistent(from.size, to.size, from.root, to.root, answer.proof.map(unhex)), `checkpoint of size ${answer.from}`);
    count++;
  }
  return count;
}

// A change was asked for by the device that the entry names, and in these words (policy.md, ak_bh).
function checkProof(call, { name, values }, entry) {
  const [head, body, signature] = call.proof.split('.');
  const { jwk, typ } = jwsPart(head);
  const claims = jwsPart(body);
  const key = createPublicKey({ key: jwk, format: 'jwk' });
  must(typ === 'dpop+jwt' && verify('sha256', Buffer.from(`${head}.${body}`), { key, dsaEncoding: 'ieee-p1363' }, unb64u(signature)), 'the proof does not verify');
  const jkt = sha256(JSON.stringify({ crv: jwk.crv, kty: jwk.kty, x: jwk.x, y: jwk.y }));
  must(jkt.equals(entry.map.get(4)), `entry ${entry.index} names another device`);
  must(claims.htm === call.method && new URL(claims.htu).pathname === new URL(call.path, claims.htu).pathname, 'the proof is of another call');
  if (!changes.includes(name) || JSON.stringify(values).includes('<redacted>')) return 0;
  must(claims.ak_bh === meaning(name, values), `${name} of entry ${entry.index} is not what was signed`);
  return 1;
}

async function checkSignature({ request, answer }, entry, addressOf) {
  const message = unhex(request.message_hex);
  must(entry.type === 'MessageSigned' && entry.map.get(20).equals(sha256(message)), `entry ${entry.index} is of another message`);
  const address = await recoverMessageAddress({ message: { raw: message }, signature: answer.signature });
  must(address.toLowerCase() === answer.address, `entry ${entry.index}: signed by another key`);
  must(address.toLowerCase() === addressOf.get(entry.index), `entry ${entry.index}: not the key of this generation`);
  if (entry.map.get(19) !== 'sign-siwe') return;
  const siwe = new SiweMessage(message.toString());
  must(siwe.domain === entry.map.get(21) && siwe.nonce === entry.map.get(22), `entry ${entry.index}: another sign-in`);
}

// Policy, folded: who may sign when, with which key, how often. Gives the address of each signature.
function fold(entries) {
  const paths = new Map();
  const addressOf = new Map();
  let wallet;
  for (const { map, type, index } of entries) {
    const one = paths.get(map.get(17));
    if (type === 'AccountOpened') wallet = `0x${hex(map.get(31))}`;
    if (type === 'PathActivated') paths.set(map.get(17), { generation: map.get(18), address: map.get(41), rate: map.get(38), active: true, tat: 0 });
    if (type === 'PolicyChanged') one.rate = map.get(38);
    if (type === 'PathSuspended') one.active = false;
    if (type === 'PathResumed') one.active = true;
    if (type === 'PathRotated') {
      must(map.get(42) === one.generation && map.get(43) === one.generation + 1, `entry ${index}: a generation went back`);
      Object.assign(one, { generation: map.get(43), address: map.get(41) });
    }
    if (type === 'MessageSigned') addressOf.set(index, one ? `0x${hex(one.address)}` : wallet);
    if (!one || !map.has(23) || map.get(19) === 'lineage') continue; // asked for by a person, from that person's uses
    must(one.active && map.get(18) === one.generation, `entry ${index}: a use that was not allowed`);
    must(map.get(23) >= one.tat + 60e6 / one.rate, `entry ${index}: faster than its rate`);
    one.tat = map.get(23);
  }
  return addressOf;
}

// The first refusal of a rule, path and minute is an entry with its request's id; further ones are counted. Strangers write none:
// a device that asks for a token of a path that nobody approved is one.
function checkRefusals(calls, entries) {
  const refused = calls.filter((one) => one.answer?.denial && [403, 429].includes(one.status)
    && !(one.path === '/v1/token' && one.answer.denial.rule === 'path_unknown'));
  const denied = entries.filter((one) => one.type === 'Denied');
  for (const { answer } of refused) must(denied.some((one) => one.map.get(49) === answer.denial.rule), `no entry of rule ${answer.denial.rule}`);
  for (const one of denied.filter((entry) => entry.requestId)) {
    const call = calls.find((it) => it.request_id === one.requestId);
    must(!call || call.answer.denial.rule === one.map.get(49), `entry ${one.index}: another rule than was said`);
  }
  return refused.length;
}

// What gives something out but names no entry in its answer has one all the same, by its request's id.
const releases = { 'local-session': 'SessionIssued', token: 'AgentTokenIssued', 'credential-read': 'CredsRead' };

function checkReleases(calls, entries) {
  const found = (call, type) => entries.some((one) => one.requestId === call.request_id && one.type === type);
  const given = calls.filter((one) => one.status === 200 && releases[whichCall(one).name]);
  for (const call of given) must(found(call, releases[whichCall(call).name]), `no entry of request ${call.request_id}`);
  return given.length;
}

// Throws where anything does not fit; counts of what was recomputed.
export async function checkRecord(record) {
  must(record.format === 'agentkeys-demo/1', 'another format');
  const { at, entries } = readLedger(record);
  checkName(record, entries);
  const byIndex = new Map(entries.map((one) => [one.index, one]));
  const addressOf = fold(entries);
  const counts = { entries: entries.length, size: at.size, answers: 0, signatures: 0, approvals: 0 };
  for (const call of record.calls) {
    const which = whichCall(call);
    if (call.status >= 300 || !call.answer?.entry) continue;
    const { index, leaf_hash } = call.answer.entry;
    const entry = byIndex.get(index);
    must(entry && hex(entry.leaf) === leaf_hash && entry.requestId === call.request_id, `the answer of entry ${index} is not in the ledger`);
    if (call.proof) counts.approvals += checkProof(call, which, entry);
    if (which.name === 'sign-message') {
      await checkSignature(call, entry, addressOf);
      counts.signatures++;
    }
    counts.answers++;
  }
  counts.releases = checkReleases(record.calls, entries);
  counts.refusals = checkRefusals(record.calls, entries);
  counts.checkpoints = checkConsistency(record, at);
  return counts;
}

// The record as one document; traces are files of AGENTKEYS_TRACE.
export function makeRecord(traces, exported, identity) {
  const lines = (text) => text.trim().split('\n').filter(Boolean).map((line) => JSON.parse(line));
  const calls = traces.flatMap(lines).sort((a, b) => a.time_ms - b.time_ms);
  const ledger = lines(exported);
  return { format: 'agentkeys-demo/1', identity, calls, checkpoint: ledger[0].checkpoint, ledger_key: ledger[0].ledger_key, ledger };
}
