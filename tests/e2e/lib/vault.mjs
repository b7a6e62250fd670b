// Credentials from a client's side: sealed to the worker's delivery key, opened with a key that the connection's proof named.
import fs from 'node:fs';
import path from 'node:path';
import { assert, until } from './check.mjs';
import { b64u, hex, sha256, unb64u, unhex } from './bytes.mjs';
import { encode } from './cbor.mjs';
import { newKey, open, pskOf, rawPublic, seal } from './hpke.mjs';

// What a value is bound to. docs/formats/vault.md, Delivery
export const infoOf = (call, account, service, place = '') => encode(['agentkeys-hpke-v1', call, unhex(account), service, place]);

const delivery = new WeakMap();
export async function deliveryKey(client) {
  if (!delivery.has(client)) delivery.set(client, unb64u((await client.must('delivery-key')).public_key));
  return delivery.get(client);
}

// The fields of a put, sealed.
// A recovery code as a device sends it: for the keeper, and for this device's calls alone.
export function sealCode(delivery, jkt, code) {
  const box = seal(delivery, Buffer.concat([Buffer.from('agentkeys-recovery-code-v1'), unb64u(jkt)]), code);
  return Buffer.concat([box.enc, box.sealed]).toString('hex');
}
export const sealedCode = async (client, code) => sealCode(await deliveryKey(client), client.device.jkt, code);

export async function sealed(client, service, value, place = '') {
  const box = seal(await deliveryKey(client), infoOf('credential-put', client.account, service, place), Buffer.from(value));
  return { service, ...(place ? { path: place } : {}), enc: b64u(box.enc), sealed: b64u(box.sealed) };
}

export async function put(client, service, value, place = '') {
  return client.call('credential-put', await sealed(client, service, value, place));
}

// The key to which credentials are sealed for this client: its proofs name it, the next one on.
const readers = new WeakMap();
export function readerOf(client) {
  if (!readers.has(client)) {
    readers.set(client, newKey());
    client.readerKey = b64u(rawPublic(readers.get(client)));
    client.proved = false;
  }
  return readers.get(client);
}

// The answer, with `value` where it is a good one.
export async function read(client, service, { path: place, version } = {}) {
  const key = readerOf(client);
  const asked = { service, key: client.readerKey, ...(place ? { path: place } : {}), ...(version ? { version } : {}) };
  const answer = await client.call('credential-read', asked);
  if (answer.status === 200) {
    const { enc, sealed: bytes, path: at } = answer.body;
    const psk = pskOf(key, await deliveryKey(client));
    answer.value = open(key, unb64u(enc), infoOf('credential-read', client.account, service, at ?? ''), unb64u(bytes), { psk });
  }
  return answer;
}

// After a crash every bucket is empty, and a keeper that starts again does not answer: waits for the value.
export async function readLater(client, service, more = {}, timeoutMs = 15000) {
  return until(`the value of ${service}`, async () => {
    const answer = await read(client, service, more).catch(() => undefined);
    return answer && ![429, 503].includes(answer.status) && answer;
  }, timeoutMs, 20);
}

export const epochs = async (client) => (await client.must('epoch-list')).epochs;
export const rotate = (client) => client.call('epoch-rotate');
export const destroy = (client, epoch) => client.call('epoch-destroy', { epoch });

// All stored blobs: {file, service, epoch, id, hash}.
export function blobFiles(dir) {
  if (!fs.existsSync(dir)) return [];
  return fs.readdirSync(dir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => {
    const file = path.join(entry.parentPath ?? entry.path, entry.name);
    const [wallet, service, epoch, name] = file.split(path.sep).slice(-4);
    return { file, wallet, service, epoch: Number(epoch), name, ours: /^[0-9a-f]{32}\.enc$/.test(name), hash: hex(sha256(fs.readFileSync(file))) };
  });
}

export function assertValue(answer, want) {
  assert.equal(answer.status, 200, answer.text);
  assert.ok(answer.value.equals(Buffer.from(want)), `the value is not the one that was stored (${answer.value.length} bytes)`);
}
